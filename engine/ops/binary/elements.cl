// A function of pairs of elements. TX, TY, TZ: types of the operands and the result; FUNCTION: a name of those below,
// r_… of reals, i_… of integers (exact; all of type TX, U being that without its sign), t_… comparisons and logic; WIDTH:
// neighbours an item. Bound by memory.
inline float r_add(float a, float b) { return a + b; }
inline float r_sub(float a, float b) { return a - b; }
inline float r_mul(float a, float b) { return a * b; }
inline float r_div(float a, float b) { return a / b; }
inline float r_pow(float a, float b) { return pow(a, b); }
inline float r_square(float a, float b) { return a * a; }
inline float r_cube(float a, float b) { return a * a * a; }
inline float r_root(float a, float b) { return a == -INFINITY ? INFINITY : sqrt(a + 0.0f); }
inline float r_inverse(float a, float b) { return 1.0f / a; }
inline float r_same(float a, float b) { return a; }
inline float r_fmod(float a, float b) { return fmod(a, b); }
inline float r_mod(float a, float b) {
  const float r = fmod(a, b);
  return r != 0.0f && (r < 0.0f) != (b < 0.0f) ? r + b : r;
}
inline float r_min(float a, float b) { return isnan(a) || a < b ? a : b; }
inline float r_max(float a, float b) { return isnan(a) || a > b ? a : b; }
inline float r_prelu(float a, float b) { return a < 0.0f ? a * b : a; }

#define t_equal(a, b) ((a) == (b))
#define t_less(a, b) ((a) < (b))
#define t_less_equal(a, b) ((a) <= (b))
#define t_greater(a, b) ((a) > (b))
#define t_greater_equal(a, b) ((a) >= (b))
#define t_and(a, b) ((a) && (b))
#define t_or(a, b) ((a) || (b))
#define t_xor(a, b) (!(a) != !(b))

#ifdef U
#define BITS (8 * sizeof(TX))
// Wrap around; a quotient by zero is zero.
inline TX i_add(TX a, TX b) { return (TX)((U)a + (U)b); }
inline TX i_sub(TX a, TX b) { return (TX)((U)a - (U)b); }
inline TX i_mul(TX a, TX b) { return (TX)((ulong)(U)a * (U)b); }
inline int is_minus_one(TX b) { return (b == (TX)-1) & ((TX)-1 < (TX)1); }
inline TX i_div(TX a, TX b) {
  if (b == (TX)0) return (TX)0;
  return is_minus_one(b) ? (TX)((U)0 - (U)a) : (TX)(a / b);
}
inline TX i_fmod(TX a, TX b) { return b == (TX)0 || is_minus_one(b) ? (TX)0 : (TX)(a % b); }
inline TX i_mod(TX a, TX b) {
  const TX r = i_fmod(a, b);
  return r != (TX)0 && (r < (TX)0) != (b < (TX)0) ? (TX)(r + b) : r;
}
inline TX i_min(TX a, TX b) { return a < b ? a : b; }
inline TX i_max(TX a, TX b) { return a > b ? a : b; }
inline TX i_prelu(TX a, TX b) { return a < (TX)0 ? i_mul(a, b) : a; }
inline TX i_bitshift_left(TX a, TX b) { return (U)b >= BITS ? (TX)0 : (TX)((U)a << (U)b); }
inline TX i_bitshift_right(TX a, TX b) { return (U)b >= BITS ? (TX)0 : (TX)((U)a >> (U)b); }
inline TX i_bitwise_and(TX a, TX b) { return (TX)(a & b); }
inline TX i_bitwise_or(TX a, TX b) { return (TX)(a | b); }
inline TX i_bitwise_xor(TX a, TX b) { return (TX)(a ^ b); }
#endif

#if WIDTH > 1
inline float4 of_four(const float4 a, const float4 b) {
  return (float4)(FUNCTION(a.s0, b.s0), FUNCTION(a.s1, b.s1), FUNCTION(a.s2, b.s2), FUNCTION(a.s3, b.s3));
}
#endif

kernel void binary_elements(VIREO_TENSOR(x), VIREO_TENSOR(y), VIREO_TENSOR(z), const int items, const int blocks,
                            const int length, const int4 steps, const int8 dims, const int8 x_strides,
                            const int8 y_strides, const int8 z_strides) {
  VIREO_AT(TX, x);
  VIREO_AT(TY, y);
  VIREO_AT(TZ, z);
  const int item = get_global_id(0);
  if (item >= items) return;
  int row = 0, column = item;
  if (item >= blocks) {
    row = item / blocks;
    column -= row * blocks;
  }
  column *= WIDTH;
  const int8 index = vireo_index(row, dims);
  const int at_x = column * steps.s0 + vireo_dot(index, x_strides);
  const int at_y = column * steps.s1 + vireo_dot(index, y_strides);
  const int at_z = column * steps.s2 + vireo_dot(index, z_strides);
#if WIDTH == 8
  if (column + 8 <= length) {
    const float8 a = steps.s0 ? LOAD8(TX, x, at_x) : (float8)(GET(TX, x, at_x));
    const float8 b = steps.s1 ? LOAD8(TY, y, at_y) : (float8)(GET(TY, y, at_y));
    STORE8(TZ, z, at_z, (float8)(of_four(a.lo, b.lo), of_four(a.hi, b.hi)));
    return;
  }
#elif WIDTH == 4
  if (column + 4 <= length) {
    const float4 a = steps.s0 ? LOAD4(TX, x, at_x) : (float4)(GET(TX, x, at_x));
    const float4 b = steps.s1 ? LOAD4(TY, y, at_y) : (float4)(GET(TY, y, at_y));
    STORE4(TZ, z, at_z, of_four(a, b));
    return;
  }
#endif
  for (int i = 0; i < WIDTH && column + i < length; ++i)
    PUT(TZ, z, at_z + i, FUNCTION(GET(TX, x, at_x + i * steps.s0), GET(TY, y, at_y + i * steps.s1)));
}
