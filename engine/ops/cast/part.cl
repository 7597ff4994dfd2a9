// float16 to float32 as a part of plan kernels (device/opencl/plan_kernel.h), dense tensors: an item takes 8 numbers.
// Defines: WORDS, ITEMS that work.
kernel void cast_part(VIREO_RUN, VIREO_TENSOR(x), VIREO_TENSOR(y)) {
  global const uint4 *xs = (global const uint4 *)(x_block + x_offset);
  global float4 *ys = (global float4 *)(y_block + y_offset);
  for (int word = run->group * ITEMS + run->me; run->me < ITEMS && word < WORDS; word += run->groups * ITEMS) {
    uint4 v = vireo_load(xs + word);
    if (run->polls & 1) vireo_poll(run, xs + word, &v, run->first_mark);
    ys[word * 2] = (float4)(low_of(v.x), high_of(v.x), low_of(v.y), high_of(v.y));
    ys[word * 2 + 1] = (float4)(low_of(v.z), high_of(v.z), low_of(v.w), high_of(v.w));
  }
}
