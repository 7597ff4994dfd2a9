// Depthwise convolution, channels-last, one output for each channel: an item makes PIXELS neighbours of a row for
// VECTOR channels, so that each input value is read once for all taps of a row that it takes part in. Weights are
// [tap][channel], padded to whole vectors, and so is bias, in float. With KERNEL (and STRIDE, dilation 1) the row of a
// kernel is known to the compiler. Arguments as in shared/opencl/conv_any.cl; items: vectors, sets of pixels of a row.
#ifdef KERNEL
#define SPAN ((PIXELS - 1) * STRIDE + KERNEL)
#endif

kernel void conv_depthwise(VIREO_TENSOR(x), VIREO_TENSOR(w), VIREO_TENSOR(bias), VIREO_TENSOR(residual),
                           VIREO_TENSOR(y), const int8 in, const int8 out, const int8 window, const int8 place,
                           const int8 xs, const int8 ys, const int8 rs, const int2 items, const int flags) {
  VIREO_AT(T, x);
  VIREO_AT(T, w);
  VIREO_AT(float, bias);
  VIREO_AT(T, residual);
  VIREO_AT(T, y);
  const int item = get_global_id(0), block = item % items.s0, set = item / items.s0 % items.s1;
  const int line = item / (items.s0 * items.s1), height = line % out.s1, image = line / out.s1;
  if (image >= out.s4) return;
  const int channel = block * VECTOR, padded = items.s0 * VECTOR, first = set * PIXELS;
  const global T *plane = x + image * xs.s0 + channel;
  REALS(VECTOR) sum[PIXELS];
#pragma unroll
  for (int p = 0; p < PIXELS; ++p) sum[p] = GETN(VECTOR, float, bias, channel);
  const int left = first * window.s5 - place.s2;
  for (int kh = 0; kh < window.s1; ++kh) {
    const int h = height * window.s4 - place.s1 + kh * place.s4;
    if (h < 0 || h >= in.s1) continue;
    const global T *line_of = plane + h * xs.s3;
    const int taps = kh * window.s2 * padded + channel;
#ifdef KERNEL
    REALS(VECTOR) weights[KERNEL];
#pragma unroll
    for (int k = 0; k < KERNEL; ++k) weights[k] = GETN(VECTOR, T, w, taps + k * padded);
#pragma unroll
    for (int i = 0; i < SPAN; ++i) {
      if (left + i < 0 || left + i >= in.s2) continue;
      const REALS(VECTOR) value = GETN(VECTOR, T, line_of, (left + i) * xs.s4);
#pragma unroll
      for (int p = 0; p < PIXELS; ++p)
        if (i - p * STRIDE >= 0 && i - p * STRIDE < KERNEL) sum[p] += value * weights[i - p * STRIDE];
    }
#else
    for (int k = 0; k < window.s2; ++k) {
      const REALS(VECTOR) weights = GETN(VECTOR, T, w, taps + k * padded);
#pragma unroll
      for (int p = 0; p < PIXELS; ++p) {
        const int v = left + p * window.s5 + k * place.s5;
        if (v >= 0 && v < in.s2) sum[p] += GETN(VECTOR, T, line_of, v * xs.s4) * weights;
      }
    }
#endif
  }
#pragma unroll
  for (int p = 0; p < PIXELS; ++p) {
    const int width = first + p;
    if (width >= out.s2) continue;
    const int pixel = line * out.s2 + width;
    REALS(VECTOR) residue = 0.0f;
    if (flags & 6) residue = GETN(VECTOR, T, residual, pixel * rs.s4 + channel);
    if (flags & 2) sum[p] += residue;
#if VECTOR == 1
    sum[p] = ACTIVATE(sum[p]);
#else
    float values[VECTOR];
    VIREO_PASTE(vstore, VECTOR)(sum[p], 0, values);
    for (int c = 0; c < VECTOR; ++c) values[c] = ACTIVATE(values[c]);
    sum[p] = VIREO_PASTE(vload, VECTOR)(0, values);
#endif
    if (flags & 4) sum[p] += residue;
    PUTN(VECTOR, T, y, pixel * ys.s4 + channel, sum[p]);
  }
}
