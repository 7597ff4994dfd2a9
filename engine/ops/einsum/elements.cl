// Sums of products over named axes: an item an output. T: element type, INPUTS: 1 to 3.
kernel void einsum_elements(VIREO_TENSOR(a),
#if INPUTS > 1
                            VIREO_TENSOR(b),
#endif
#if INPUTS > 2
                            VIREO_TENSOR(c),
#endif
                            VIREO_TENSOR(y), VIREO_LINES, const int8 a_across, const int8 a_along,
#if INPUTS > 1
                            const int8 b_across, const int8 b_along,
#endif
#if INPUTS > 2
                            const int8 c_across, const int8 c_along,
#endif
                            const int8 y_across, const int8 y_along) {
  VIREO_AT(T, a);
  VIREO_AT(T, y);
  VIREO_LINE;
  a += ACROSS(a_across);
#if INPUTS > 1
  VIREO_AT(T, b);
  b += ACROSS(b_across);
#endif
#if INPUTS > 2
  VIREO_AT(T, c);
  c += ACROSS(c_across);
#endif
  float sum = 0.0f;
  for (int i = 0; i < end; ++i) {
    float v = GET(T, a, ALONG(i, a_along));
#if INPUTS > 1
    v *= GET(T, b, ALONG(i, b_along));
#endif
#if INPUTS > 2
    v *= GET(T, c, ALONG(i, c_along));
#endif
    sum += v;
  }
  PUT(T, y, ACROSS(y_across), sum);
}
