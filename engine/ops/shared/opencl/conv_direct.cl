// Convolutions and transposed convolutions (TRANSPOSED) with packed weights, in any layout: an item makes PIXELS pixels
// of VECTOR channels, without local memory. Arguments as in conv_any.cl, but w is packed: output channels
// padded to whole vectors, a vector's terms (tap, input channel) weights.s1 apart, the vectors weights.s0. Bias (float,
// padded alike) is always there.
//   items: vectors of a group, pixel blocks, columns of a row, the step between the pixels of an item
// Pixels of a row are taken `step` apart, so that with a transposed convolution's stride an item's taps are the same.
// With QUAD channels are neighbours in x, and a multiple of four.
//   flags: 16: the pixels run fastest over the items, not the channels
#if VECTOR > 4
#define EACH_CHANNEL for (int c = 0; c < VECTOR; ++c)  // on processors: left to their compiler
#else
#define EACH_CHANNEL _Pragma("unroll") for (int c = 0; c < VECTOR; ++c)
#endif

inline int conv_at(int out, int k, int stride, int pad, int dilation, int extent) {
#ifdef TRANSPOSED
  const int reach = out + pad - k * dilation;
  return reach >= 0 && reach % stride == 0 && reach / stride < extent ? reach / stride : -1;
#else
  const int at = out * stride - pad + k * dilation;
  return at >= 0 && at < extent ? at : -1;
#endif
}

kernel void conv_direct(VIREO_TENSOR(x), VIREO_TENSOR(w), VIREO_TENSOR(bias), VIREO_TENSOR(residual), VIREO_TENSOR(y),
                        const int8 in, const int8 out, const int8 window, const int8 place, const int8 xs,
                        const int8 ys, const int8 rs, const int2 weights, const int4 items, const int flags) {
  VIREO_AT(T, x);
  VIREO_AT(T, w);
  VIREO_AT(float, bias);
  VIREO_AT(T, residual);
  VIREO_AT(T, y);
  const int item = get_global_id(0), group = get_global_id(1);
  const int block = flags & 16 ? item / items.s1 : item % items.s0;
  const int set = flags & 16 ? item % items.s1 : item / items.s0;
  if (block >= items.s0 || set >= items.s1) return;
  const int padded = items.s0 * VECTOR, row = items.s2 * items.s3;
  int width[PIXELS], height[PIXELS], depth[PIXELS], image[PIXELS];
  REALS(VECTOR) sum[PIXELS];
#pragma unroll
  for (int p = 0; p < PIXELS; ++p) {
    const int q = set * PIXELS + p, j = q % row, line = q / row;
    width[p] = j % items.s2 * items.s3 + j / items.s2;
    height[p] = line % out.s1;
    depth[p] = line / out.s1 % out.s0;
    image[p] = line / (out.s1 * out.s0);
    if (width[p] >= out.s2 || image[p] >= out.s4) image[p] = -1;
    sum[p] = GETN(VECTOR, float, bias, group * padded + block * VECTOR);
  }
  const global T *from = w + group * window.s0 * window.s1 * window.s2 * in.s3 * padded + block * weights.s0;
  const int step = weights.s1;
  const int first = group * in.s3 * xs.s1;
  for (int kd = 0; kd < window.s0; ++kd)
    for (int kh = 0; kh < window.s1; ++kh)
      for (int kw = 0; kw < window.s2; ++kw, from += in.s3 * step) {
        int at[PIXELS];
        bool all = true, any = false;
#pragma unroll
        for (int p = 0; p < PIXELS; ++p) {
          const int d = conv_at(depth[p], kd, window.s3, place.s0, place.s3, in.s0);
          const int h = conv_at(height[p], kh, window.s4, place.s1, place.s4, in.s1);
          const int v = conv_at(width[p], kw, window.s5, place.s2, place.s5, in.s2);
          const bool inside = image[p] >= 0 && d >= 0 && h >= 0 && v >= 0;
          at[p] = inside ? first + image[p] * xs.s0 + d * xs.s2 + h * xs.s3 + v * xs.s4 : -1;
          all = all && inside;
          any = any || inside;
        }
        if (!any) continue;
#ifdef QUAD
        for (int i = 0; i < in.s3; i += 4) {
          float4 values[PIXELS];
#pragma unroll
          for (int p = 0; p < PIXELS; ++p) {
            values[p] = (float4)(0.0f);
            if (all || at[p] >= 0) values[p] = GET4(T, x, at[p] + i);
          }
#define CHANNEL(c)                                                            \
  {                                                                           \
    const REALS(VECTOR) factors = GETN(VECTOR, T, from, (i + c) * step);            \
    _Pragma("unroll") for (int p = 0; p < PIXELS; ++p) sum[p] += values[p].s##c * factors; \
  }
          CHANNEL(0) CHANNEL(1) CHANNEL(2) CHANNEL(3)
        }
#else
        if (all)
          for (int i = 0; i < in.s3; ++i) {
            const REALS(VECTOR) factors = GETN(VECTOR, T, from, i * step);
#pragma unroll
            for (int p = 0; p < PIXELS; ++p) sum[p] += GET(T, x, at[p] + i * xs.s1) * factors;
          }
        else
          for (int i = 0; i < in.s3; ++i) {
            const REALS(VECTOR) factors = GETN(VECTOR, T, from, i * step);
#pragma unroll
            for (int p = 0; p < PIXELS; ++p)
              if (at[p] >= 0) sum[p] += GET(T, x, at[p] + i * xs.s1) * factors;
          }
#endif
      }
  const int channel = group * in.s4 + block * VECTOR, count = min(in.s4 - block * VECTOR, VECTOR);
#pragma unroll
  for (int p = 0; p < PIXELS; ++p) {
    if (image[p] < 0) continue;
    float values[VECTOR];
    VIREO_PASTE(vstore, VECTOR)(sum[p], 0, values);
    const int to = image[p] * ys.s0 + channel * ys.s1 + depth[p] * ys.s2 + height[p] * ys.s3 + width[p] * ys.s4;
    const int more = image[p] * rs.s0 + channel * rs.s1 + depth[p] * rs.s2 + height[p] * rs.s3 + width[p] * rs.s4;
    const int kept = min(count, out.s5 - channel);  // channels that the residual has, where there is one
    EACH_CHANNEL {
      float r = 0.0f;
      if (flags & 6 && c < kept) r = GET(T, residual, more + c * rs.s1);
      if (flags & 2) values[c] += r;
      values[c] = ACTIVATE(values[c]);
      if (flags & 4) values[c] += r;
    }
    if (count == VECTOR && ys.s1 == 1) {
      PUTN(VECTOR, T, y, to, VIREO_PASTE(vload, VECTOR)(0, values));
    } else {
      EACH_CHANNEL {
        if (c < count) PUT(T, y, to + c * ys.s1, values[c]);
      }
    }
  }
}
