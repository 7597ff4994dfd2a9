// Depthwise convolution, channels-last, one output for each channel: an item makes ROWS x PIXELS neighbours of a map for
// VECTOR channels, so that each input value is read once for all taps that it takes part in. Weights are
// [tap][channel], padded to whole vectors, and so is bias, in float. With KERNEL_H and KERNEL_W (and STRIDE_H, STRIDE_W,
// dilation 1) the compiler knows the window; else ROWS is 1. ALIGNED: vectors lie at multiples of their size. Arguments
// as in shared/opencl/conv_any.cl, and those of maps.cl. Bound by memory.
#ifdef KERNEL_W
#define SPAN ((PIXELS - 1) * STRIDE_W + KERNEL_W)
#define HEIGHT ((ROWS - 1) * STRIDE_H + KERNEL_H)
#endif
#if ROWS > 1
#define EACH_LINE _Pragma("unroll") for (int j = 0; j < HEIGHT; ++j)
#else
#define EACH_LINE for (int j = 0; j < HEIGHT; ++j)
#endif

#if VECTOR == 1
#define ACTIVATE_ALL(v) ACTIVATE(v)
#elif VECTOR == 16  // on processors: left to their compiler
inline float16 activate_all(const float16 v) {
  float values[16];
  vstore16(v, 0, values);
  for (int c = 0; c < 16; ++c) values[c] = ACTIVATE(values[c]);
  return vload16(0, values);
}
#define ACTIVATE_ALL(v) activate_all(v)
#else
inline float4 activate4(const float4 v) {
  return (float4)(ACTIVATE(v.s0), ACTIVATE(v.s1), ACTIVATE(v.s2), ACTIVATE(v.s3));
}
inline float8 activate8(const float8 v) { return (float8)(activate4(v.lo), activate4(v.hi)); }
#define ACTIVATE_ALL(v) VIREO_PASTE(activate, VECTOR)(v)
#endif

kernel void conv_depthwise(VIREO_TENSOR(x), VIREO_TENSOR(w), VIREO_TENSOR(bias), VIREO_TENSOR(residual),
                           VIREO_TENSOR(y), const int8 in, const int8 out, const int8 window, const int8 place,
                           const int8 xs, const int8 ys, const int8 rs, VIREO_MAP,
                           const int flags) {
  VIREO_AT(T, x);
  VIREO_AT(T, w);
  VIREO_AT(float, bias);
  VIREO_AT(T, residual);
  VIREO_AT(T, y);
  VIREO_MAP_ITEM;
  const int channel = block * VECTOR, padded = items.s0 * VECTOR, first = set * PIXELS, top = strip * ROWS;
  const global T *plane = x + image * xs.s0 + channel;
  w += channel;
  REALS(VECTOR) sum[ROWS][PIXELS];
#pragma unroll
  for (int r = 0; r < ROWS; ++r)
#pragma unroll
    for (int p = 0; p < PIXELS; ++p) sum[r][p] = GETN(VECTOR, float, bias, channel);
  const int left = first * window.s5 - place.s2, above = top * window.s4 - place.s1;
#ifdef KERNEL_W
  EACH_LINE {
    const int h = above + j;
    const bool inside = h >= 0 && h < in.s1;
    const global T *line = plane + h * xs.s3 + left * xs.s4;
    REALS(VECTOR) values[SPAN];
#pragma unroll
    for (int i = 0; i < SPAN; ++i) {
      values[i] = 0.0f;
      if (inside && left + i >= 0 && left + i < in.s2) values[i] = LOADN(VECTOR, T, line, i * xs.s4);
    }
#pragma unroll
    for (int r = 0; r < ROWS; ++r) {
      const int kh = j - r * STRIDE_H;
      if (kh < 0 || kh >= KERNEL_H) continue;
#pragma unroll
      for (int k = 0; k < KERNEL_W; ++k) {
        const REALS(VECTOR) weights = LOADN(VECTOR, T, w, (kh * KERNEL_W + k) * padded);
#pragma unroll
        for (int p = 0; p < PIXELS; ++p) sum[r][p] += values[p * STRIDE_W + k] * weights;
      }
    }
  }
#else
  for (int kh = 0; kh < window.s1; ++kh) {
    const int h = above + kh * place.s4;
    if (h < 0 || h >= in.s1) continue;
    for (int k = 0; k < window.s2; ++k) {
      const REALS(VECTOR) weights = LOADN(VECTOR, T, w, (kh * window.s2 + k) * padded);
#pragma unroll
      for (int p = 0; p < PIXELS; ++p) {
        const int v = left + p * window.s5 + k * place.s5;
        if (v >= 0 && v < in.s2) sum[0][p] += LOADN(VECTOR, T, plane, h * xs.s3 + v * xs.s4) * weights;
      }
    }
  }
#endif
#pragma unroll
  for (int r = 0; r < ROWS; ++r)
#pragma unroll
    for (int p = 0; p < PIXELS; ++p) {
      if (first + p >= out.s2 || top + r >= out.s1) continue;
      const int pixel = (image * out.s1 + top + r) * out.s2 + first + p;
      REALS(VECTOR) value = sum[r][p];
      if (flags & 6) {
        const REALS(VECTOR) residue = LOADN(VECTOR, T, residual, pixel * rs.s4 + channel);
        if (flags & 2) value += residue;
        value = ACTIVATE_ALL(value);
        if (flags & 4) value += residue;
      } else {
        value = ACTIVATE_ALL(value);
      }
      STOREN(VECTOR, T, y, pixel * ys.s4 + channel, value);
    }
}
