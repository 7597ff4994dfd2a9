// Reductions along lines. T: element type, Y: that of results, A: what sums are kept in (float, or long for integers),
// MODE: how they are made; `of`: 1 absolute values, 2 squares; `finish`: what becomes of the sum: 1 a mean, 2 its root,
// 3 its logarithm.
#define SUM 0
#define MAX 1
#define MIN 2
#define PROD 3
#define LOG_SUM_EXP 4

// NaN stays once it is there.
inline A larger(A a, A b) { return b != b || b > a ? b : a; }
inline A smaller(A a, A b) { return b != b || b < a ? b : a; }

#if MODE == MAX || MODE == LOG_SUM_EXP
#define START LOWEST
#define TAKE(a, v) larger(a, v)
#define JOIN larger
#elif MODE == MIN
#define START HIGHEST
#define TAKE(a, v) smaller(a, v)
#define JOIN smaller
#elif MODE == PROD
#define START 1
#define TAKE(a, v) ((a) * (v))
inline A times(A a, A b) { return a * b; }
#define JOIN times
#else
#define START 0
#define JOIN VIREO_PLUS
#define TAKE(a, v) ((a) + (of == 1 ? ((v) < 0 ? -(v) : (v)) : of == 2 ? (v) * (v) : (v)))
#endif

// Group y of the grid takes entries chunk · y … of each line and writes the y-th set of results.
kernel void reduce_lines(VIREO_TENSOR(x), VIREO_TENSOR(y), const int of, const int finish, const int divisor,
                         const int chunk, const int y_part, VIREO_LINES, const int8 x_across, const int8 x_along,
                         const int8 y_across, const int8 y_along) {
  VIREO_AT(T, x);
  VIREO_AT(Y, y);
  SHARED(A, shared);
  VIREO_LINE;
  const int part = get_group_id(1), begin = part * chunk + lane, stop = min(end, (part + 1) * chunk);
  x += ACROSS(x_across);
  A all = START;
  for (int i = begin; i < stop; i += steps) {
    const A v = GET(T, x, ALONG(i, x_along));
    all = TAKE(all, v);
  }
  ALL_LANES(shared, all, JOIN);
#if MODE == LOG_SUM_EXP
  const A top = all;
  all = 0;
  if (!isinf(top))
    for (int i = begin; i < stop; i += steps) all += exp(GET(T, x, ALONG(i, x_along)) - top);
  ALL_LANES(shared, all, VIREO_PLUS);
  all = isinf(top) ? top : log(all) + top;
#else
  if (finish == 1) all /= divisor;
#ifdef REAL
  if (finish == 2) all = sqrt(all);
  if (finish == 3) all = log(all);
#endif
#endif
  if (KEEPS) PUT(Y, y, part * y_part + ACROSS(y_across), all);
}
