// Local response normalisation, an item an element. T: element type.
//   shape: elements, elements of a channel, channels, size        step: from channel to channel in x
kernel void lrn_elements(VIREO_TENSOR(x), VIREO_TENSOR(y), const int4 shape, const int8 dims, const int8 from,
                         const int8 to, const int step, const float alpha, const float beta, const float bias) {
  VIREO_AT(T, x);
  VIREO_AT(T, y);
  const int item = get_global_id(0);
  if (item >= shape.s0) return;
  const int channel = item / shape.s1 % shape.s2, at = vireo_place(item, dims, from);
  const int first = max(0, channel - (shape.s3 - 1) / 2), last = min(shape.s2 - 1, channel + shape.s3 / 2);
  float sum = 0.0f;
  for (int k = first; k <= last; ++k) {
    const float v = GET(T, x, at + (k - channel) * step);
    sum += v * v;
  }
  PUT(T, y, vireo_place(item, dims, to), GET(T, x, at) / pow(bias + alpha * sum, beta));
}
