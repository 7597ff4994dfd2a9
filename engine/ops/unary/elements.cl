// A function of each element. TX and TY: types of x and y; FUNCTION: a name in functions.cl ("f_relu") or below; WIDTH:
// neighbours an item. Functions of integers take TX, and are exact; U is TX without its sign.
inline int t_isnan(float x, float a, float b) { return isnan(x); }
inline int t_isinf(float x, float a, float b) { return isinf(x) && (x < 0.0f ? a : b) != 0.0f; }
inline int t_not(int x, float a, float b) { return !x; }
#ifdef U
inline TX i_identity(TX x, float a, float b) { return x; }
inline TX i_relu(TX x, float a, float b) { return x > (TX)0 ? x : (TX)0; }
inline TX i_neg(TX x, float a, float b) { return (TX)((U)0 - (U)x); }
inline TX i_abs(TX x, float a, float b) { return (TX)abs(x); }
inline TX i_sign(TX x, float a, float b) { return (TX)((x > (TX)0) - (x < (TX)0)); }
inline TX i_bitwise_not(TX x, float a, float b) { return (TX)~x; }
inline TX i_clip(TX x, float a, float b) {
#ifdef LOW
  x = x < LOW ? (TX)LOW : x;
#endif
#ifdef HIGH
  x = x > HIGH ? (TX)HIGH : x;
#endif
  return x;
}
#endif

#if WIDTH > 1
inline float4 of_four(const float4 v) {
  return (float4)(FUNCTION(v.s0, ALPHA, BETA), FUNCTION(v.s1, ALPHA, BETA), FUNCTION(v.s2, ALPHA, BETA),
                  FUNCTION(v.s3, ALPHA, BETA));
}
#endif

kernel void unary_elements(VIREO_TENSOR(x), VIREO_TENSOR(y), const int items, const int blocks, const int length,
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
    const float8 v = LOAD8(TX, x, from);
    STORE8(TY, y, to, (float8)(of_four(v.lo), of_four(v.hi)));
    return;
  }
#elif WIDTH == 4
  if (column + 4 <= length) {
    STORE4(TY, y, to, of_four(LOAD4(TX, x, from)));
    return;
  }
#endif
  for (int i = 0; i < WIDTH && column + i < length; ++i)
    PUT(TY, y, to + i, FUNCTION(GET(TX, x, from + i), ALPHA, BETA));
}
