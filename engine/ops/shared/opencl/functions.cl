// The functions of the unary operator and of fused activations: f(x, alpha, beta). The specification is unary/ref.cpp.
#ifndef ALPHA
#define ALPHA 0.0f
#endif
#ifndef BETA
#define BETA 0.0f
#endif
#ifdef ACTIVATION
#define ACTIVATE(x) ACTIVATION(x, ALPHA, BETA)
#endif

// Where results are kept as float16 anyway, what the hardware has is exact enough.
#ifdef FAST_FUNCTIONS
#define EXP native_exp
#define DIVIDE native_divide
#else
#define EXP exp
#define DIVIDE(x, y) ((x) / (y))
#endif
inline float f_sigmoid(float x, float a, float b) { return DIVIDE(1.0f, 1.0f + EXP(-x)); }
inline float f_softplus(float x, float a, float b) { return fmax(x, 0.0f) + log1p(exp(-fabs(x))); }
// fmax and fmin drop NaN, which relu and clip must let through.
inline float f_relu(float x, float a, float b) { return x < 0.0f ? 0.0f : x; }
inline float f_clip(float x, float a, float b) { return x < a ? a : x > b ? b : x; }
inline float f_identity(float x, float a, float b) { return x; }
inline float f_leaky_relu(float x, float a, float b) { return x < 0.0f ? a * x : x; }
inline float f_hard_sigmoid(float x, float a, float b) { return f_clip(a * x + b, 0.0f, 1.0f); }
inline float f_hard_swish(float x, float a, float b) { return x * f_clip(x / 6.0f + 0.5f, 0.0f, 1.0f); }
inline float f_silu(float x, float a, float b) { return DIVIDE(x, 1.0f + EXP(-x)); }
inline float f_swish(float x, float a, float b) { return DIVIDE(x, 1.0f + EXP(-a * x)); }
inline float f_mish(float x, float a, float b) { return x * tanh(f_softplus(x, a, b)); }
inline float f_tanh(float x, float a, float b) { return tanh(x); }
inline float f_erf(float x, float a, float b) { return erf(x); }
inline float f_gelu(float x, float a, float b) { return 0.5f * x * (1.0f + erf(x * 0.70710678f)); }
inline float f_gelu_tanh(float x, float a, float b) {
  return 0.5f * x * (1.0f + tanh(0.79788456f * (x + 0.044715f * x * x * x)));
}
inline float f_elu(float x, float a, float b) { return x < 0.0f ? a * expm1(x) : x; }
inline float f_celu(float x, float a, float b) { return x < 0.0f ? a * expm1(x / a) : x; }
inline float f_selu(float x, float a, float b) { return b * (x < 0.0f ? a * expm1(x) : x); }
inline float f_softsign(float x, float a, float b) { return x / (1.0f + fabs(x)); }
inline float f_thresholded_relu(float x, float a, float b) { return x > a ? x : 0.0f; }
inline float f_shrink(float x, float a, float b) { return x < -a ? x + b : x > a ? x - b : 0.0f; }
inline float f_exp(float x, float a, float b) { return exp(x); }
inline float f_log(float x, float a, float b) { return log(x); }
inline float f_sqrt(float x, float a, float b) { return sqrt(x); }
inline float f_rsqrt(float x, float a, float b) { return 1.0f / sqrt(x); }
inline float f_reciprocal(float x, float a, float b) { return 1.0f / x; }
inline float f_abs(float x, float a, float b) { return fabs(x); }
inline float f_neg(float x, float a, float b) { return -x; }
inline float f_sign(float x, float a, float b) { return x > 0.0f ? 1.0f : x < 0.0f ? -1.0f : x; }
inline float f_floor(float x, float a, float b) { return floor(x); }
inline float f_ceil(float x, float a, float b) { return ceil(x); }
inline float f_round(float x, float a, float b) { return rint(x); }
inline float f_sin(float x, float a, float b) { return sin(x); }
inline float f_cos(float x, float a, float b) { return cos(x); }
inline float f_tan(float x, float a, float b) { return tan(x); }
inline float f_asin(float x, float a, float b) { return asin(x); }
inline float f_acos(float x, float a, float b) { return acos(x); }
inline float f_atan(float x, float a, float b) { return atan(x); }
inline float f_sinh(float x, float a, float b) { return sinh(x); }
inline float f_cosh(float x, float a, float b) { return cosh(x); }
inline float f_asinh(float x, float a, float b) { return asinh(x); }
inline float f_acosh(float x, float a, float b) { return acosh(x); }
inline float f_atanh(float x, float a, float b) { return atanh(x); }
