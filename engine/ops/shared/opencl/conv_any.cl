// Convolutions and transposed convolutions (TRANSPOSED) in any layout, an item an output element. Where a problem has
// no bias or residual, x stands in its place and is not read. All tensors are of type T.
//   in:     depth, height, width, channels of a group, their number in the output, -, -, -
//   out:    depth, height, width, channels, batch, residual channels, -, -
//   window: kernel (3), stride (3), -, -       place: padding before (3), dilation (3), -, -
//   xs, ys, rs: strides of batch, channel, depth, height, width       ws: of output, input channel, kernel (3)
//   flags:  1 bias, 2 residual before the activation, 4 after it, 8 channels are neighbours

inline int conv_at(int out, int k, int stride, int pad, int dilation, int extent) {
#ifdef TRANSPOSED
  const int reach = out + pad - k * dilation;
  return reach >= 0 && reach % stride == 0 && reach / stride < extent ? reach / stride : -1;
#else
  const int at = out * stride - pad + k * dilation;
  return at >= 0 && at < extent ? at : -1;
#endif
}

kernel void conv_any(VIREO_TENSOR(x), VIREO_TENSOR(w), VIREO_TENSOR(bias), VIREO_TENSOR(residual), VIREO_TENSOR(y),
                     const int8 in, const int8 out, const int8 window, const int8 place, const int8 xs, const int8 ys,
                     const int8 rs, const int8 ws, const int flags) {
  VIREO_AT(T, x);
  VIREO_AT(T, w);
  VIREO_AT(T, bias);
  VIREO_AT(T, residual);
  VIREO_AT(T, y);
  const int item = get_global_id(0), pixels = out.s4 * out.s0 * out.s1 * out.s2;
  const int channel = flags & 8 ? item % out.s3 : item / pixels, pixel = flags & 8 ? item / out.s3 : item % pixels;
  if (channel >= out.s3 || pixel >= pixels) return;
  const int width = pixel % out.s2, height = pixel / out.s2 % out.s1, depth = pixel / (out.s2 * out.s1) % out.s0;
  const int n = pixel / (out.s2 * out.s1 * out.s0);
  const int group = channel / in.s4;
  const int first = n * xs.s0 + group * in.s3 * xs.s1;
#ifdef TRANSPOSED
  const int weights = group * in.s3 * ws.s1 + channel % in.s4 * ws.s0;
#else
  const int weights = channel * ws.s0;
#endif
  float sum = flags & 1 ? GET(T, bias, channel) : 0.0f;
  for (int kd = 0; kd < window.s0; ++kd) {
    const int d = conv_at(depth, kd, window.s3, place.s0, place.s3, in.s0);
    if (d < 0) continue;
    for (int kh = 0; kh < window.s1; ++kh) {
      const int h = conv_at(height, kh, window.s4, place.s1, place.s4, in.s1);
      if (h < 0) continue;
      for (int kw = 0; kw < window.s2; ++kw) {
        const int v = conv_at(width, kw, window.s5, place.s2, place.s5, in.s2);
        if (v < 0) continue;
        const int from = first + d * xs.s2 + h * xs.s3 + v * xs.s4;
        const int tap = weights + kd * ws.s2 + kh * ws.s3 + kw * ws.s4;
        for (int i = 0; i < in.s3; ++i) sum += GET(T, x, from + i * xs.s1) * GET(T, w, tap + i * ws.s1);
      }
    }
  }
  float more = 0.0f;
  if (flags & 6 && channel < out.s5)
    more = GET(T, residual, n * rs.s0 + channel * rs.s1 + depth * rs.s2 + height * rs.s3 + width * rs.s4);
  sum = flags & 2 ? ACTIVATE(sum + more) : ACTIVATE(sum) + more;
  PUT(T, y, n * ys.s0 + channel * ys.s1 + depth * ys.s2 + height * ys.s3 + width * ys.s4, sum);
}
