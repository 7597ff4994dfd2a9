// Depthwise convolution as a part of a plan kernel (device/opencl/plan_kernel.h), float16, channels-last: an item makes
// 8 channels of a pixel. All words that a row of taps needs are asked for before one is looked at; with marks (run->polls)
// those that aren't there yet are asked for again. Weights are [tap][channel], bias is in float; both are loaded while the
// input is awaited.
// Defines: CHANNELS, WIDTH, HEIGHT, X_PITCH, OUT_W, OUT_H, Y_PITCH, IMAGES; KERNEL_H, KERNEL_W, STRIDE_H, STRIDE_W,
// DILATION_H, DILATION_W, PAD_H, PAD_W; LINES of taps that are loaded at a time; ITEMS that work; RESIDUAL (0 none, 1
// before, 2 after the activation), R_PITCH, ACTIVATION.
#define BLOCKS (CHANNELS / 8)
#define WORDS (IMAGES * OUT_H * OUT_W * BLOCKS)

INLINE void add_products(float *sums, uint4 x, uint4 w) {
  sums[0] += low_of(x.x) * low_of(w.x);
  sums[1] += high_of(x.x) * high_of(w.x);
  sums[2] += low_of(x.y) * low_of(w.y);
  sums[3] += high_of(x.y) * high_of(w.y);
  sums[4] += low_of(x.z) * low_of(w.z);
  sums[5] += high_of(x.z) * high_of(w.z);
  sums[6] += low_of(x.w) * low_of(w.w);
  sums[7] += high_of(x.w) * high_of(w.w);
}

kernel void depthwise_part(VIREO_RUN, VIREO_TENSOR(x), VIREO_TENSOR(y), VIREO_TENSOR(w), VIREO_TENSOR(bias),
                           VIREO_TENSOR(residual)) {
  global const uint4 *xs = (global const uint4 *)(x_block + x_offset);
  global uint4 *ys = (global uint4 *)(y_block + y_offset);
  global const uint4 *ws = (global const uint4 *)(w_block + w_offset);
  global const float4 *shift = (global const float4 *)(bias_block + bias_offset);
  global const uint4 *rs = (global const uint4 *)(residual_block + residual_offset);
  // Few pixels are spread over all groups.
  for (int word = run->group * ITEMS + run->me; run->me < ITEMS && word < WORDS; word += run->groups * ITEMS) {
    const int block = word % BLOCKS, pixel = word / BLOCKS, column = pixel % OUT_W, row = pixel / OUT_W % OUT_H;
    const int image = pixel / (OUT_W * OUT_H);
    const float4 low = shift[block * 2], high = shift[block * 2 + 1];
    float sums[8] = {low.x, low.y, low.z, low.w, high.x, high.y, high.z, high.w};
    uint4 other = (uint4)(0);
#if RESIDUAL
    other = vireo_load(rs + pixel * (R_PITCH / 8) + block);
#endif
    const int left = column * STRIDE_W - PAD_W, above = row * STRIDE_H - PAD_H;
#pragma unroll
    for (int line = 0; line < KERNEL_H; line += LINES) {
      uint4 words[LINES * KERNEL_W];
      int from[LINES * KERNEL_W];
#pragma unroll
      for (int t = 0; t < LINES * KERNEL_W; ++t) {
        const int v = above + (line + t / KERNEL_W) * DILATION_H, h = left + t % KERNEL_W * DILATION_W;
        const bool in = line + t / KERNEL_W < KERNEL_H && (uint)v < HEIGHT && (uint)h < WIDTH;
        from[t] = in ? ((image * HEIGHT + v) * WIDTH + h) * (X_PITCH / 8) + block : -1;
        words[t] = (uint4)(0);
        if (in) words[t] = vireo_load(xs + from[t]);
      }
      uint4 weights[LINES * KERNEL_W];
#pragma unroll
      for (int t = 0; t < LINES * KERNEL_W; ++t)
        if (line + t / KERNEL_W < KERNEL_H) weights[t] = ws[(line * KERNEL_W + t) * BLOCKS + block];
      await_words(run, 1, LINES * KERNEL_W, xs, from, words);
#pragma unroll
      for (int t = 0; t < LINES * KERNEL_W; ++t)
        if (line + t / KERNEL_W < KERNEL_H) add_products(sums, words[t], weights[t]);
    }
#if RESIDUAL
    if (run->polls & 2) vireo_poll(run, rs + pixel * (R_PITCH / 8) + block, &other, run->second_mark);
#endif
    finish_word(run, sums, other, ys + pixel * (Y_PITCH / 8) + block);
  }
}
