// Running sums along lines; an item has a line. T: element type, A: what the sum is kept in.
kernel void cumsum_lines(VIREO_TENSOR(x), VIREO_TENSOR(y), const int exclusive, const int reverse, VIREO_LINES,
                         const int8 x_across, const int8 x_along, const int8 y_across, const int8 y_along) {
  VIREO_AT(T, x);
  VIREO_AT(T, y);
  VIREO_LINE;
  x += ACROSS(x_across);
  y += ACROSS(y_across);
  A sum = 0;
  for (int k = 0; k < end; ++k) {
    const int i = reverse ? end - 1 - k : k;
    const A v = GET(T, x, ALONG(i, x_along));
    PUT(T, y, ALONG(i, y_along), exclusive ? sum : sum + v);
    sum += v;
  }
}
