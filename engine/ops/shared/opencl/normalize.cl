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

inline float larger(float a, float b) { return b > a ? b : a; }

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
#define EACH(i) for (int i = lane; i < end; i += steps)
#define X(i) GET(T, x, ALONG(i, x_along))
  float minus = 0.0f, factor = 1.0f, sum = 0.0f;
#if MODE == MEAN_VARIANCE || MODE == DEVIATION
  EACH(i) minus += X(i);
  ALL_LANES(shared, minus, VIREO_PLUS);
  minus /= length;
  EACH(i) {
    const float v = X(i) - minus;
    sum += v * v;
  }
  ALL_LANES(shared, sum, VIREO_PLUS);
  factor = MODE == DEVIATION ? 1.0f / (sqrt(sum / length) + epsilon) : 1.0f / sqrt(sum / length + epsilon);
#elif MODE == ROOT_MEAN_SQUARE || MODE == L2_NORM || MODE == L1_NORM
  EACH(i) {
    const float v = X(i);
    sum += MODE == L1_NORM ? fabs(v) : v * v;
  }
  ALL_LANES(shared, sum, VIREO_PLUS);
  if (MODE == ROOT_MEAN_SQUARE) factor = 1.0f / sqrt(sum / length + epsilon);
  else factor = sum == 0.0f ? 0.0f : 1.0f / (MODE == L1_NORM ? sum : sqrt(sum));
#else
  minus = -INFINITY;
  EACH(i) minus = larger(minus, X(i));
  ALL_LANES(shared, minus, larger);
#if MODE == HARDMAX
  float first = length;
  EACH(i) if (X(i) == minus) first = fmin(first, (float)i);
  ALL_LANES(shared, first, fmin);
#else
  EACH(i) sum += exp(X(i) - minus);
  ALL_LANES(shared, sum, VIREO_PLUS);
  factor = MODE == SOFTMAX ? 1.0f / sum : log(sum);
#endif
#endif
  EACH(i) {
    float v = X(i) - minus;
#if MODE == SOFTMAX
    v = exp(v) * factor;
#elif MODE == LOG_SOFTMAX
    v -= factor;
#elif MODE == HARDMAX
    v = i == first;
#else
    v *= factor;
#endif
#if SCALED > 0
    v *= GET(S, scale, ALONG(i, scale_along));
#endif
#if SCALED > 1
    v += GET(S, bias, ALONG(i, bias_along));
#endif
    PUT(T, y, ALONG(i, y_along), v);
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
