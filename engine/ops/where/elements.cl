// condition ? x : y. T: an unsigned integer of the size of the values; four neighbours an item.
kernel void where_elements(VIREO_TENSOR(c), VIREO_TENSOR(x), VIREO_TENSOR(y), VIREO_TENSOR(z), const int items,
                           const int blocks, const int length, const int4 steps, const int8 dims,
                           const int8 c_strides, const int8 x_strides, const int8 y_strides, const int8 z_strides) {
  VIREO_AT(uchar, c);
  VIREO_AT(T, x);
  VIREO_AT(T, y);
  VIREO_AT(T, z);
  const int item = get_global_id(0);
  if (item >= items) return;
  int row = 0, column = item;
  if (item >= blocks) {
    row = item / blocks;
    column -= row * blocks;
  }
  column *= 4;
  const int8 index = vireo_index(row, dims);
  c += column * steps.s0 + vireo_dot(index, c_strides);
  x += column * steps.s1 + vireo_dot(index, x_strides);
  y += column * steps.s2 + vireo_dot(index, y_strides);
  z += column * steps.s3 + vireo_dot(index, z_strides);
  if (column + 4 <= length) {
    const uchar4 test = steps.s0 ? vload4(0, c) : (uchar4)(c[0]);
    const VIREO_PASTE(T, 4) a = steps.s1 ? vload4(0, x) : (VIREO_PASTE(T, 4))(x[0]);
    const VIREO_PASTE(T, 4) b = steps.s2 ? vload4(0, y) : (VIREO_PASTE(T, 4))(y[0]);
    vstore4((VIREO_PASTE(T, 4))(test.s0 ? a.s0 : b.s0, test.s1 ? a.s1 : b.s1, test.s2 ? a.s2 : b.s2,
                                test.s3 ? a.s3 : b.s3),
            0, z);
    return;
  }
  for (int i = 0; column + i < length; ++i) z[i] = c[i * steps.s0] ? x[i * steps.s1] : y[i * steps.s2];
}
