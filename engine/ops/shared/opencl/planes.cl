// Turning few planes into neighbours (pixels of an image with its channels apart into such with them together), or back
// (TO_PLANES): an item moves WIDE places of all COLUMNS planes, sixteen bytes at a time where the addresses allow it.
// T, WIDE: as in movement.cl. Place i of plane c: c * plane + i on the one side, i * pitch + c on the other. Bound by
// memory.
#define ROW VIREO_PASTE(T, WIDE)  // sixteen bytes
#define KEEP VIREO_PASTE(vstore, WIDE)
#define KEPT VIREO_PASTE(vload, WIDE)
inline int apart(const global T *p) { return ((size_t)p & 15) != 0; }

kernel void movement_planes(VIREO_TENSOR(x), VIREO_TENSOR(y), const int from, const int to, const int items,
                            const int blocks, const int length, const int plane, const int pitch, const int8 dims,
                            const int8 from_strides, const int8 to_strides) {
  VIREO_AT(T, x);
  VIREO_AT(T, y);
  const int item = get_global_id(0);
  if (item >= items) return;
  const int first = item % blocks * WIDE, count = min(length - first, WIDE);
  const int8 index = vireo_index(item / blocks, dims);
  x += from + vireo_dot(index, from_strides);
  y += to + vireo_dot(index, to_strides);
#ifdef TO_PLANES
  const global T *close = x + (size_t)first * pitch;
  global T *planes = y + first;
#else
  const global T *planes = x + first;
  global T *close = y + (size_t)first * pitch;
#endif
  const int whole = plane * (int)sizeof(T) % 16 == 0 && pitch == COLUMNS && count == WIDE;
  if (!whole || apart(planes) || apart(close)) {
    for (int c = 0; c < COLUMNS; ++c)
      for (int i = 0; i < count; ++i)
#ifdef TO_PLANES
        planes[(size_t)c * plane + i] = close[i * pitch + c];
#else
        close[i * pitch + c] = planes[(size_t)c * plane + i];
#endif
    return;
  }
  T source[COLUMNS * WIDE], target[COLUMNS * WIDE];
#ifdef TO_PLANES
#pragma unroll
  for (int c = 0; c < COLUMNS; ++c) KEEP(((const global ROW *)close)[c], c, source);
#pragma unroll
  for (int i = 0; i < WIDE; ++i)
#pragma unroll
    for (int c = 0; c < COLUMNS; ++c) target[c * WIDE + i] = source[i * COLUMNS + c];
#pragma unroll
  for (int c = 0; c < COLUMNS; ++c) *(global ROW *)(planes + (size_t)c * plane) = KEPT(c, target);
#else
#pragma unroll
  for (int c = 0; c < COLUMNS; ++c) KEEP(*(const global ROW *)(planes + (size_t)c * plane), c, source);
#pragma unroll
  for (int i = 0; i < WIDE; ++i)
#pragma unroll
    for (int c = 0; c < COLUMNS; ++c) target[i * COLUMNS + c] = source[c * WIDE + i];
#pragma unroll
  for (int c = 0; c < COLUMNS; ++c) ((global ROW *)close)[c] = KEPT(c, target);
#endif
}
