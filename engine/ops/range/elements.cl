// start + i · delta; integers (REAL 0) wrap around.
kernel void range_elements(VIREO_TENSOR(start), VIREO_TENSOR(delta), VIREO_TENSOR(y), const int count) {
  VIREO_AT(T, start);
  VIREO_AT(T, delta);
  VIREO_AT(T, y);
  const int item = get_global_id(0);
  if (item >= count) return;
#if REAL
  PUT(T, y, item, fma((float)item, GET(T, delta, 0), GET(T, start, 0)));
#else
  PUT(T, y, item, (T)((ulong)start[0] + (ulong)item * (ulong)delta[0]));
#endif
}
