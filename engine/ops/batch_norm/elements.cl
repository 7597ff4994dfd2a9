// (x - mean) / sqrt(variance + epsilon) * scale + bias of each channel; an item an element. T: element type, S: that of
// the channels' values.
kernel void batch_norm_elements(VIREO_TENSOR(x), VIREO_TENSOR(scale), VIREO_TENSOR(bias), VIREO_TENSOR(mean),
                                VIREO_TENSOR(variance), VIREO_TENSOR(y), const float epsilon, const int count,
                                const int8 dims, const int8 from, const int8 channel, const int8 to) {
  VIREO_AT(T, x);
  VIREO_AT(S, scale);
  VIREO_AT(S, bias);
  VIREO_AT(S, mean);
  VIREO_AT(S, variance);
  VIREO_AT(T, y);
  const int item = get_global_id(0);
  if (item >= count) return;
  const int c = vireo_place(item, dims, channel);
  const float factor = GET(S, scale, c) / sqrt(GET(S, variance, c) + epsilon);
  const float v = (GET(T, x, vireo_place(item, dims, from)) - GET(S, mean, c)) * factor + GET(S, bias, c);
  PUT(T, y, vireo_place(item, dims, to), v);
}
