// The position of the largest or smallest entry of each line. T: element type, A: as it is compared, GREATER 1 for the
// largest, LAST 1 for the last of equals. NaN wins only where it stands first, as in the reference.
#if GREATER
#define BEATS(a, b) ((a) > (b))
#else
#define BEATS(a, b) ((a) < (b))
#endif

// Whether entry i with value a comes before entry k with value b; k < 0: there is none.
inline bool first(A a, int i, A b, int k) {
  if (i < 0 || a != a) return false;
  if (k < 0 || BEATS(a, b)) return true;
  return a == b && (LAST ? i > k : i < k);
}

kernel void arg_reduce_lines(VIREO_TENSOR(x), VIREO_TENSOR(y), VIREO_LINES, const int8 x_across, const int8 x_along,
                             const int8 y_across, const int8 y_along) {
  VIREO_AT(T, x);
  VIREO_AT(long, y);
  SHARED(A, values);
  SHARED(int, places);
  VIREO_LINE;
  x += ACROSS(x_across);
  A best = 0;
  int at = -1;
  for (int i = lane; i < end; i += steps) {
    const A v = GET(T, x, ALONG(i, x_along));
    if (first(v, i, best, at)) {
      best = v;
      at = i;
    }
  }
#ifndef SERIAL
  values[item] = best;
  places[item] = at;
  barrier(CLK_LOCAL_MEM_FENCE);
  for (int across_half = lanes / 2; across_half > 0; across_half /= 2) {
    const int other = item + across_half * step;
    if (lane < across_half && first(values[other], places[other], best, at)) {
      values[item] = best = values[other];
      places[item] = at = places[other];
    }
    barrier(CLK_LOCAL_MEM_FENCE);
  }
#endif
  if (KEEPS) {
    const A start = GET(T, x, 0);
    y[ACROSS(y_across)] = start != start || at < 0 ? 0 : at;
  }
}
