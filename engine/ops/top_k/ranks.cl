// The k largest or smallest of each line. An item an entry: it counts those that come before it, which is its place.
// n² comparisons, all independent and of memory that every item of a work-group reads at once, so that lines of some
// thousand entries cost less than the rounds of a sort. T: element type, LARGEST, REAL.
#if REAL
typedef uint key_type;
// In the order of the numbers, NaN above all, zeros alike.
inline key_type key_of(float v) {
  if (v != v) return 0xffffffffu;
  const uint bits = as_uint(v + 0.0f);
  return bits >> 31 ? ~bits : bits | 0x80000000u;
}
#else
typedef long key_type;
inline key_type key_of(long v) { return v; }
#endif
#if LARGEST
#define BEFORE(a, b) ((a) > (b))
#else
#define BEFORE(a, b) ((a) < (b))
#endif

kernel void top_k_ranks(VIREO_TENSOR(x),
#if VALUES
                        VIREO_TENSOR(y),
#endif
#if POSITIONS
                        VIREO_TENSOR(z),
#endif
                        const int n, const int k, const int x_step, const int y_step, const int z_step,
                        const int8 outer, const int8 x_across, const int8 y_across, const int8 z_across) {
  VIREO_AT(T, x);
  const int line = get_global_id(1), item = get_global_id(0);
  if (item >= n) return;
  x += vireo_place(line, outer, x_across);
  const key_type own = key_of(GET(T, x, item * x_step));
  int rank = 0;
  for (int j = 0; j < item; ++j) rank += !BEFORE(own, key_of(GET(T, x, j * x_step)));  // of equals the first
  for (int j = item + 1; j < n; ++j) rank += BEFORE(key_of(GET(T, x, j * x_step)), own);
  if (rank >= k) return;
#if VALUES
  VIREO_AT(T, y);
  PUT(T, y, vireo_place(line, outer, y_across) + rank * y_step, GET(T, x, item * x_step));
#endif
#if POSITIONS
  VIREO_AT(long, z);
  z[vireo_place(line, outer, z_across) + rank * z_step] = item;
#endif
}
