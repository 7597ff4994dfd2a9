// Pooling of maps with channels last: an item makes ROWS x PIXELS neighbours of a map for VECTOR channels, so that each
// value is read once for all windows that it is in. T: element type; MODE: 0 max, 1 average; KERNEL_H, KERNEL_W,
// STRIDE_H, STRIDE_W: the window, undilated; ALIGNED: vectors lie at multiples of their size. Bound by memory.
//   in, out: height, width    pads: above, left, below, right    xs, ys: strides of image, row, pixel, -
#define SPAN ((PIXELS - 1) * STRIDE_W + KERNEL_W)
#define HEIGHT ((ROWS - 1) * STRIDE_H + KERNEL_H)
#if MODE == 0
#define NOTHING -INFINITY
#define JOIN(a, b) select(a, b, b > a || b != b)
#else
#define NOTHING 0.0f
#define JOIN(a, b) ((a) + (b))
#endif

/// How many of `taps` from `begin` on are before `end` and not before `start`.
inline int taps_inside(int begin, int taps, int start, int end) {
  return max(min(begin + taps, end) - max(begin, start), 0);
}

kernel void pool_strips(VIREO_TENSOR(x), VIREO_TENSOR(y), const int2 in, const int2 out, VIREO_MAP, const int4 pads,
                        const int padding_counts, const int4 xs, const int4 ys) {
  VIREO_AT(T, x);
  VIREO_AT(T, y);
  VIREO_MAP_ITEM;
  const int channel = block * VECTOR, first = set * PIXELS, top = strip * ROWS;
  const int left = first * STRIDE_W - pads.s1, above = top * STRIDE_H - pads.s0;
  x += image * xs.s0 + channel;
  y += image * ys.s0 + channel;
  REALS(VECTOR) made[ROWS][PIXELS];
#pragma unroll
  for (int r = 0; r < ROWS; ++r)
#pragma unroll
    for (int p = 0; p < PIXELS; ++p) made[r][p] = NOTHING;
#pragma unroll
  for (int j = 0; j < HEIGHT; ++j) {
    const int h = above + j;
    const bool inside = h >= 0 && h < in.s0;
    REALS(VECTOR) values[SPAN];
#pragma unroll
    for (int i = 0; i < SPAN; ++i) {
      values[i] = NOTHING;
      if (inside && left + i >= 0 && left + i < in.s1) values[i] = LOADN(VECTOR, T, x, h * xs.s1 + (left + i) * xs.s2);
    }
#pragma unroll
    for (int p = 0; p < PIXELS; ++p) {
      REALS(VECTOR) line = values[p * STRIDE_W];
#pragma unroll
      for (int k = 1; k < KERNEL_W; ++k) line = JOIN(line, values[p * STRIDE_W + k]);
#pragma unroll
      for (int r = 0; r < ROWS; ++r)
        if (j >= r * STRIDE_H && j < r * STRIDE_H + KERNEL_H) made[r][p] = JOIN(made[r][p], line);
    }
  }
#pragma unroll
  for (int r = 0; r < ROWS; ++r)
#pragma unroll
    for (int p = 0; p < PIXELS; ++p) {
      if (first + p >= out.s1 || top + r >= out.s0) continue;
      const int h = above + r * STRIDE_H, v = left + p * STRIDE_W;
      int counted = taps_inside(h, KERNEL_H, 0, in.s0) * taps_inside(v, KERNEL_W, 0, in.s1);
      REALS(VECTOR) value = made[r][p];
#if MODE == 0
      if (counted == 0) value = 0.0f;
#else
      if (padding_counts)
        counted = taps_inside(h, KERNEL_H, -pads.s0, in.s0 + pads.s2) *
                  taps_inside(v, KERNEL_W, -pads.s1, in.s1 + pads.s3);
      value /= (float)max(counted, 1);
#endif
      STOREN(VECTOR, T, y, (top + r) * ys.s1 + (first + p) * ys.s2, value);
    }
}
