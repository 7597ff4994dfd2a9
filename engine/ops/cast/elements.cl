// Conversions. TX, TY: types of x and y; FUNCTION: one of those below; WIDTH: neighbours an item.
#define c_plain(v) (v)
#define c_test(v) ((v) != 0)
// Integers keep the low bits, as TY's conversion does; reals are cut off to 64 bits first (beyond them the nearest number
// that 64 bits hold, NaN as zero).
#define c_wrap(v) ((TY)(v))
#ifdef CUTS
inline TY c_cut(float v) {
  if (isnan(v)) return (TY)0;
#ifdef WIDE_UNSIGNED
  if (v >= 0x1p63f) return v >= 0x1p64f ? (TY)ULONG_MAX : (TY)(ulong)v;
#endif
  if (v >= 0x1p63f) return (TY)LONG_MAX;
  if (v < -0x1p63f) return (TY)LONG_MIN;
  return (TY)(long)v;
}
#endif
#define c_real(v) ((float)(v))

kernel void cast_elements(VIREO_TENSOR(x), VIREO_TENSOR(y), const int items, const int blocks, const int length,
                          const int4 steps, const int8 dims, const int8 x_strides, const int8 y_strides) {
  VIREO_AT(TX, x);
  VIREO_AT(TY, y);
  const int item = get_global_id(0);
  if (item >= items) return;
  int row = 0, column = item;
  if (item >= blocks) {
    row = item / blocks;
    column -= row * blocks;
  }
  column *= WIDTH;
  const int8 index = vireo_index(row, dims);
  const int from = column * steps.s0 + vireo_dot(index, x_strides);
  const int to = column * steps.s1 + vireo_dot(index, y_strides);
#if WIDTH == 8
  if (column + 8 <= length) {
    STORE8(TY, y, to, LOAD8(TX, x, from));
    return;
  }
#elif WIDTH == 4
  if (column + 4 <= length) {
    STORE4(TY, y, to, LOAD4(TX, x, from));
    return;
  }
#endif
  for (int i = 0; i < WIDTH && column + i < length; ++i) PUT(TY, y, to + i, FUNCTION(GET(TX, x, from + i)));
}
