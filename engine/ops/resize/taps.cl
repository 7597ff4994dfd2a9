// Resize along up to three axes, an item VECTOR output elements (more than one where the last axis is left alone).
// `table` holds for each of the three, from element at.sK on, places in x by output index and tap, then their weights;
// the place of the first tap is -1 where the output takes `other`. Axes that don't change are walked by strides.
//   axis0, axis1, axis2: the number of taps at the axis that the table's part is of, else 0
//   T: element type; MOVE: of any size, one tap and no weights; ALIGNED: vectors lie at multiples of their size.
kernel void resize_taps(VIREO_TENSOR(x), VIREO_TENSOR(table), VIREO_TENSOR(y), const int count, const int8 dims,
                        const int8 from, const int8 to, const int8 axis0, const int8 axis1, const int8 axis2,
                        const int4 extent, const int4 taps, const int4 at, const float other) {
  VIREO_AT(T, x);
  VIREO_AT(int, table);
  VIREO_AT(T, y);
  const int item = get_global_id(0);
  if (item >= count) return;
  const int8 index = vireo_index(item, dims);
  const int o0 = vireo_dot(index, axis0), o1 = vireo_dot(index, axis1), o2 = vireo_dot(index, axis2);
  const int base = vireo_dot(index, from), end = vireo_dot(index, to);
  const global int *p0 = table + at.s0 + o0, *p1 = table + at.s1 + o1, *p2 = table + at.s2 + o2;
#ifdef MOVE
  y[end] = x[base + p0[0] + p1[0] + p2[0]];
#else
  if (p0[0] < 0 || p1[0] < 0 || p2[0] < 0) {
    const REALS(VECTOR) outside = other;
    STOREN(VECTOR, T, y, end, outside);
    return;
  }
  REALS(VECTOR) sum = 0.0f;
  for (int k0 = 0; k0 < taps.s0; ++k0) {
    const float w0 = as_float(p0[extent.s0 * taps.s0 + k0]);
    if (w0 == 0.0f) continue;
    for (int k1 = 0; k1 < taps.s1; ++k1) {
      const float w1 = w0 * as_float(p1[extent.s1 * taps.s1 + k1]);
      if (w1 == 0.0f) continue;
      for (int k2 = 0; k2 < taps.s2; ++k2) {
        const float w2 = w1 * as_float(p2[extent.s2 * taps.s2 + k2]);
        if (w2 != 0.0f) sum += w2 * LOADN(VECTOR, T, x, base + p0[k0] + p1[k1] + p2[k2]);
      }
    }
  }
  STOREN(VECTOR, T, y, end, sum);
#endif
}
