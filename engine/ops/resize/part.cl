// Nearest neighbours as a part of plan kernels (device/opencl/plan_kernel.h), float16, channels-last pictures: an item
// reads 8 channels of a pixel and writes them SCALE_H x SCALE_W times.
// Defines: BLOCKS of 8 channels, WIDTH, HEIGHT, X_PITCH, Y_PITCH, IMAGES; SCALE_H, SCALE_W; ITEMS that work.
#define WORDS (IMAGES * HEIGHT * WIDTH * BLOCKS)

kernel void resize_part(VIREO_RUN, VIREO_TENSOR(x), VIREO_TENSOR(y)) {
  global const uint4 *xs = (global const uint4 *)(x_block + x_offset);
  global uint4 *ys = (global uint4 *)(y_block + y_offset);
  for (int word = run->group * ITEMS + run->me; run->me < ITEMS && word < WORDS; word += run->groups * ITEMS) {
    const int block = word % BLOCKS, pixel = word / BLOCKS, column = pixel % WIDTH, row = pixel / WIDTH;
    global const uint4 *from = xs + pixel * (X_PITCH / 8) + block;
    uint4 v = vireo_load(from);
    if (run->polls & 1) vireo_poll(run, from, &v, run->first_mark);
    if (run->marks) v.x = (v.x & ~VIREO_MARK) | run->own_mark;
#pragma unroll
    for (int i = 0; i < SCALE_H; ++i)
#pragma unroll
      for (int j = 0; j < SCALE_W; ++j)
        vireo_store(ys + ((row * SCALE_H + i) * (WIDTH * SCALE_W) + column * SCALE_W + j) * (Y_PITCH / 8) + block, v);
  }
}
