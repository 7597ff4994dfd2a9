// A function of each element. T: element type, FUNCTION: its name in functions.cl, "f_relu".
kernel void unary_elements(VIREO_TENSOR(x), VIREO_TENSOR(y), const int count, const int8 dims, const int8 from,
                           const int8 to) {
  VIREO_AT(T, x);
  VIREO_AT(T, y);
  const int item = get_global_id(0);
  if (item >= count) return;
#ifdef DENSE
  PUT(T, y, item, FUNCTION(GET(T, x, item), ALPHA, BETA));
#else
  PUT(T, y, vireo_place(item, dims, to), FUNCTION(GET(T, x, vireo_place(item, dims, from)), ALPHA, BETA));
#endif
}
