// Normalisations along lines: statistics of a line, then each of its elements by them. T: element type, S: that of
// scale and bias, MODE: see below; y may be x. SCALED 0: neither scale nor bias, 1: a scale, 2: both.
#define MEAN_VARIANCE 0
#define ROOT_MEAN_SQUARE 1
#define DEVIATION 2
#define L1_NORM 3
#define L2_NORM 4
#define SOFTMAX 5
#define LOG_SOFTMAX 6
#define HARDMAX 7

// With HELD, a lane keeps its elements: so many vectors of WIDTH neighbours, which lie at multiples of sixteen bytes unless
// WIDTH is 1; lines are dense. Else lanes read them anew each time, one by one.
#ifndef HELD
#define WIDTH 1
#endif

inline float larger(float a, float b) { return b > a ? b : a; }
#if WIDTH == 8
inline float total(const float8 v) {
  const float4 sums = v.lo + v.hi;
  return sums.s0 + sums.s1 + (sums.s2 + sums.s3);
}
inline float largest(const float8 v) {
  return larger(larger(larger(v.s0, v.s1), larger(v.s2, v.s3)), larger(larger(v.s4, v.s5), larger(v.s6, v.s7)));
}
#else
#define total(v) (v)
#define largest(v) (v)
#endif

kernel void normalize_lines(VIREO_TENSOR(x), VIREO_TENSOR(y),
#if SCALED > 0
                      VIREO_TENSOR(scale),
#endif
#if SCALED > 1
                      VIREO_TENSOR(bias),
#endif
#if STATISTICS
                      VIREO_TENSOR(means), VIREO_TENSOR(factors),
#endif
                      const float epsilon, VIREO_LINES, const int8 x_across, const int8 x_along, const int8 y_across,
                      const int8 y_along
#if SCALED > 0
                      ,
                      const int8 scale_across, const int8 scale_along, const int8 bias_across, const int8 bias_along
#endif
) {
  VIREO_AT(T, x);
  VIREO_AT(T, y);
#if SCALED > 0
  VIREO_AT(S, scale);
#endif
#if SCALED > 1
  VIREO_AT(S, bias);
#endif
  SHARED(float, shared);
  VIREO_LINE;
  x += ACROSS(x_across);
  y += ACROSS(y_across);
#if SCALED > 0
  scale += ACROSS(scale_across);
#endif
#if SCALED > 1
  bias += ACROSS(bias_across);
#endif
#ifdef HELD
#define EACH _Pragma("unroll") for (int k = 0, i = lane * WIDTH; k < HELD; ++k, i += lanes * WIDTH) if (i < end)
#define X held[k]
  REALS(WIDTH) held[HELD];
#if WIDTH == 8
  EACH X = LOADN(8, T, x, i);
#else
  EACH X = GET(T, x, i);
#endif
#else
#define EACH for (int i = lane; i < end; i += steps)
#define X GET(T, x, ALONG(i, x_along))
#endif
  float minus = 0.0f, factor = 1.0f, sum = 0.0f;
#if MODE == MEAN_VARIANCE || MODE == DEVIATION
  EACH minus += total(X);
  ALL_LANES(shared, minus, VIREO_PLUS);
  minus /= length;
  EACH {
    const REALS(WIDTH) v = X - minus;
    sum += total(v * v);
  }
  ALL_LANES(shared, sum, VIREO_PLUS);
  factor = MODE == DEVIATION ? 1.0f / (sqrt(sum / length) + epsilon) : 1.0f / sqrt(sum / length + epsilon);
#elif MODE == ROOT_MEAN_SQUARE || MODE == L2_NORM || MODE == L1_NORM
  EACH {
    const REALS(WIDTH) v = X;
    sum += total(MODE == L1_NORM ? fabs(v) : v * v);
  }
  ALL_LANES(shared, sum, VIREO_PLUS);
  if (MODE == ROOT_MEAN_SQUARE) factor = 1.0f / sqrt(sum / length + epsilon);
  else factor = sum == 0.0f ? 0.0f : 1.0f / (MODE == L1_NORM ? sum : sqrt(sum));
#else
  minus = -INFINITY;
  EACH minus = larger(minus, largest(X));
  ALL_LANES(shared, minus, larger);
#if MODE == HARDMAX
  float first = length;
  EACH if (X == minus) first = fmin(first, (float)i);
  ALL_LANES(shared, first, fmin);
#else
  EACH {
    const REALS(WIDTH) power = exp(X - minus);
    sum += total(power);
#if defined(HELD) && MODE == SOFTMAX
    X = power;
#endif
  }
  ALL_LANES(shared, sum, VIREO_PLUS);
  factor = MODE == SOFTMAX ? 1.0f / sum : log(sum);
#endif
#endif
  EACH {
#if MODE == SOFTMAX && defined(HELD)
    REALS(WIDTH) v = X * factor;
#elif MODE == SOFTMAX
    REALS(WIDTH) v = exp(X - minus) * factor;
#elif MODE == LOG_SOFTMAX
    REALS(WIDTH) v = X - minus - factor;
#elif MODE == HARDMAX
    REALS(WIDTH) v = i == first;
#else
    REALS(WIDTH) v = (X - minus) * factor;
#endif
#if WIDTH == 8
#if SCALED > 0
    v *= LOAD8(S, scale, i);
#endif
#if SCALED > 1
    v += LOAD8(S, bias, i);
#endif
    STOREN(8, T, y, i, v);
#else
#if SCALED > 0
    v *= GET(S, scale, ALONG(i, scale_along));
#endif
#if SCALED > 1
    v += GET(S, bias, ALONG(i, bias_along));
#endif
    PUT(T, y, ALONG(i, y_along), v);
#endif
  }
#if STATISTICS
  VIREO_AT(float, means);
  VIREO_AT(float, factors);
  if (KEEPS) {
    means[line] = minus;
    factors[line] = factor;
  }
#endif
}
