// Pooling in any layout: an item makes VECTOR channels of an output pixel (1, where channels are no neighbours).
// T: element type; SUM: what it computes in; MODE: 0 max, 1 average, 2 lp of power POWER; INDICES: positions too.
//   in, out: depth, height, width, channels, batch    window: kernel (3), stride (3)   place: padding (3), dilation (3)
//   ends: padding after (3), whether averages count padding     xs, ys: strides of batch, channel, axes (3)
//   is: strides of the indices        steps: of positions in the volume, by axis; whether channels run fastest
#define VALUES(n) VIREO_PASTE(VALUES_, n)
#define VALUES_1 SUM
#define VALUES_4 float4
#define VALUES_16 float16

inline int window_before(int end, int begin, int dilation, int taps) {
  return clamp((end - begin + dilation - 1) / dilation, 0, taps);
}

kernel void pool_window(VIREO_TENSOR(x), VIREO_TENSOR(y),
#ifdef INDICES
                        VIREO_TENSOR(indices),
#endif
                        const int8 in, const int8 out, const int8 window, const int8 place, const int4 ends,
                        const int8 xs, const int8 ys, const int8 is, const int4 steps) {
  VIREO_AT(T, x);
  VIREO_AT(T, y);
  const int item = get_global_id(0), blocks = out.s3 / VECTOR, pixels = out.s4 * out.s0 * out.s1 * out.s2;
  const int channel = (steps.s3 ? item % blocks : item / pixels) * VECTOR;
  const int pixel = steps.s3 ? item / blocks : item % pixels;
  if (channel >= out.s3 || pixel >= pixels) return;
  const int ow = pixel % out.s2, oh = pixel / out.s2 % out.s1, od = pixel / (out.s2 * out.s1) % out.s0;
  const int n = pixel / (out.s2 * out.s1 * out.s0);
  const int d0 = od * window.s3 - place.s0, h0 = oh * window.s4 - place.s1, w0 = ow * window.s5 - place.s2;
  const int fd = window_before(0, d0, place.s3, window.s0), ed = window_before(in.s0, d0, place.s3, window.s0);
  const int fh = window_before(0, h0, place.s4, window.s1), eh = window_before(in.s1, h0, place.s4, window.s1);
  const int fw = window_before(0, w0, place.s5, window.s2), ew = window_before(in.s2, w0, place.s5, window.s2);
  const int base = n * xs.s0 + channel * xs.s1;
#if MODE == 0 && VECTOR == 1
  VALUES(VECTOR) best = 0;
  bool any = false;
  int position = 0;
#elif MODE == 0
  VALUES(VECTOR) best = -INFINITY;
#else
  VALUES(VECTOR) sum = 0.0f;
#endif
  for (int kd = fd; kd < ed; ++kd)
    for (int kh = fh; kh < eh; ++kh)
      for (int kw = fw; kw < ew; ++kw) {
        const int d = d0 + kd * place.s3, h = h0 + kh * place.s4, v = w0 + kw * place.s5;
        const int at = base + d * xs.s2 + h * xs.s3 + v * xs.s4;
#if VECTOR == 1
        const SUM value = GET(T, x, at);
#else
        const VALUES(VECTOR) value = GETN(VECTOR, T, x, at);
#endif
#if MODE == 0 && VECTOR == 1
        if (!any || value > best || (value != value && best == best)) {
          best = value;
          position = d * steps.s0 + h * steps.s1 + v * steps.s2;
        }
        any = true;
#elif MODE == 0
        best = select(best, value, value > best || value != value);
#elif MODE == 1
        sum += value;
#else
        sum += pow(fabs(value), (VALUES(VECTOR))(POWER));
#endif
      }
#if MODE == 1
  int counted = max(ed - fd, 0) * max(eh - fh, 0) * max(ew - fw, 0);
  if (ends.s3)
    counted = window_before(in.s0 + ends.s0, d0, place.s3, window.s0) *
              window_before(in.s1 + ends.s1, h0, place.s4, window.s1) *
              window_before(in.s2 + ends.s2, w0, place.s5, window.s2);
  const VALUES(VECTOR) best = sum / (float)max(counted, 1);
#elif MODE == 2
  const VALUES(VECTOR) best = pow(sum, (VALUES(VECTOR))(1.0f / POWER));
#elif VECTOR != 1
  if (fd >= ed || fh >= eh || fw >= ew) best = 0.0f;
#endif
  const int to = n * ys.s0 + channel * ys.s1 + od * ys.s2 + oh * ys.s3 + ow * ys.s4;
#if VECTOR == 1
  PUT(T, y, to, best);
#else
  PUTN(VECTOR, T, y, to, best);
#endif
#ifdef INDICES
  VIREO_AT(long, indices);
  indices[n * is.s0 + channel * is.s1 + od * is.s2 + oh * is.s3 + ow * is.s4] =
      (long)(n * out.s3 + channel) * (in.s0 * in.s1 * in.s2) + position;
#endif
}
