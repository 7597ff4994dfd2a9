// (x - zero point) · scale, four neighbours an item. FROM, SCALE, ZERO, TO: types of the four tensors; no ZERO: none.
kernel void dequantize_linear_elements(VIREO_TENSOR(x), VIREO_TENSOR(scale), VIREO_TENSOR(zero), VIREO_TENSOR(y), const int items,
                              const int blocks, const int length, const int4 steps, const int8 dims,
                              const int8 x_strides, const int8 scale_strides, const int8 y_strides) {
  VIREO_AT(FROM, x);
  VIREO_AT(SCALE, scale);
#ifdef ZERO
  VIREO_AT(ZERO, zero);
#endif
  VIREO_AT(TO, y);
  const int item = get_global_id(0);
  if (item >= items) return;
  int row = 0, column = item;
  if (item >= blocks) {
    row = item / blocks;
    column -= row * blocks;
  }
  column *= 4;
  const int8 index = vireo_index(row, dims);
  const int from = column * steps.s0 + vireo_dot(index, x_strides);
  const int group = column * steps.s1 + vireo_dot(index, scale_strides);
  const int to = column * steps.s2 + vireo_dot(index, y_strides);
  for (int i = 0; i < 4 && column + i < length; ++i) {
    const int g = group + i * steps.s1;
#ifdef ZERO
    const long shift = zero[g];
#else
    const long shift = 0;
#endif
    PUT(TO, y, to + i, (float)((long)x[from + i] - shift) * GET(SCALE, scale, g));
  }
}
