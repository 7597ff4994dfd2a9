// Pooling as a part of plan kernels (device/opencl/plan_kernel.h), float16, channels-last: an item makes 8 channels of a
// pixel. All words that LINES rows of the window need are asked for before one is looked at.
// Defines: CHANNELS, WIDTH, HEIGHT, X_PITCH, OUT_W, OUT_H, Y_PITCH, IMAGES; KERNEL_H, KERNEL_W, STRIDE_H, STRIDE_W,
// DILATION_H, DILATION_W, PAD_H, PAD_W; MODE (0 max, 1 average); COUNT_W, COUNT_H: extents with the padding that averages
// count, which begins at -COUNT_LEFT, -COUNT_ABOVE; LINES; ITEMS that work; RESIDUAL 0, ACTIVATION f_identity.
#define BLOCKS (CHANNELS / 8)
#define WORDS (IMAGES * OUT_H * OUT_W * BLOCKS)

#if MODE == 0
// The larger of each pair, and what is no number where one isn't.
#ifdef VIREO_NVIDIA
INLINE uint larger(uint a, uint b) {
  uint v;
  asm("max.NaN.f16x2 %0,%1,%2;" : "=r"(v) : "r"(a), "r"(b));
  return v;
}
#else
INLINE float larger_of(float a, float b) { return b > a || b != b ? b : a; }
INLINE uint larger(uint a, uint b) {
  return pack(larger_of(low_of(a), low_of(b)), larger_of(high_of(a), high_of(b)));
}
#endif
#endif

// How many of `taps` places, `step` apart from `begin` on, are before `end` and not before `start`.
INLINE int taps_inside(int begin, int taps, int step, int start, int end) {
  int inside = 0;
  for (int t = 0; t < taps; ++t) inside += begin + t * step >= start && begin + t * step < end;
  return inside;
}

kernel void pool_part(VIREO_RUN, VIREO_TENSOR(x), VIREO_TENSOR(y)) {
  global const uint4 *xs = (global const uint4 *)(x_block + x_offset);
  global uint4 *ys = (global uint4 *)(y_block + y_offset);
  for (int word = run->group * ITEMS + run->me; run->me < ITEMS && word < WORDS; word += run->groups * ITEMS) {
    const int block = word % BLOCKS, pixel = word / BLOCKS, column = pixel % OUT_W, row = pixel / OUT_W % OUT_H;
    const int image = pixel / (OUT_W * OUT_H), left = column * STRIDE_W - PAD_W, above = row * STRIDE_H - PAD_H;
#if MODE == 0
    uint4 best = (uint4)(0xFC00FC00u);  // less than all
    int any = 0;
#else
    float sums[8] = {0, 0, 0, 0, 0, 0, 0, 0};
#endif
#pragma unroll
    for (int line = 0; line < KERNEL_H; line += LINES) {
      uint4 words[LINES * KERNEL_W];
      int from[LINES * KERNEL_W];
#pragma unroll
      for (int t = 0; t < LINES * KERNEL_W; ++t) {
        const int v = above + (line + t / KERNEL_W) * DILATION_H, h = left + t % KERNEL_W * DILATION_W;
        const bool in = line + t / KERNEL_W < KERNEL_H && (uint)v < HEIGHT && (uint)h < WIDTH;
        from[t] = in ? ((image * HEIGHT + v) * WIDTH + h) * (X_PITCH / 8) + block : -1;
#if MODE == 0
        words[t] = (uint4)(0xFC00FC00u);
#else
        words[t] = (uint4)(0);
#endif
        if (in) words[t] = vireo_load(xs + from[t]);
      }
      await_words(run, 1, LINES * KERNEL_W, xs, from, words);
#pragma unroll
      for (int t = 0; t < LINES * KERNEL_W; ++t) {
#if MODE == 0
        best.x = larger(best.x, words[t].x);
        best.y = larger(best.y, words[t].y);
        best.z = larger(best.z, words[t].z);
        best.w = larger(best.w, words[t].w);
        any |= from[t] >= 0;
#else
        float v[8];
        numbers_of(words[t], v);
        for (int i = 0; i < 8; ++i) sums[i] += v[i];
#endif
      }
    }
    global uint4 *to = ys + pixel * (Y_PITCH / 8) + block;
#if MODE == 0
    if (!any) best = (uint4)(0);
    if (run->marks) best.x = (best.x & ~VIREO_MARK) | run->own_mark;
    vireo_store(to, best);
#else
    const int counted = taps_inside(above, KERNEL_H, DILATION_H, -COUNT_ABOVE, COUNT_H) *
                        taps_inside(left, KERNEL_W, DILATION_W, -COUNT_LEFT, COUNT_W);
    const float share = 1.0f / (float)max(counted, 1);
    for (int i = 0; i < 8; ++i) sums[i] *= share;
    finish_word(run, sums, (uint4)(0), to);
#endif
  }
}
