// Moving elements. T: an unsigned integer of their size; WIDE: how many of them are sixteen bytes. Where `wide` is set,
// counts, strides and steps are in sixteen bytes, and offsets still in elements. Tensors need not lie at multiples of
// sixteen bytes: where they do, one access moves them.
inline void move_wide(global T *to, const global T *from) {
  if ((((size_t)to | (size_t)from) & 15) == 0) {
    *(global uint4 *)to = *(const global uint4 *)from;
  } else {
    for (int i = 0; i < WIDE; ++i) to[i] = from[i];
  }
}

inline void move_at(global T *y, const int to, const global T *x, const int from, const int wide) {
  if (wide) move_wide(y + (size_t)to * WIDE, x + (size_t)from * WIDE);
  else y[to] = x[from];
}

kernel void movement_elements(VIREO_TENSOR(x), VIREO_TENSOR(y), const int from, const int to, const int count,
                              const int wide, const int8 dims, const int8 from_strides, const int8 to_strides) {
  VIREO_AT(T, x);
  VIREO_AT(T, y);
  const int item = get_global_id(0);
  if (item >= count) return;
  const int8 index = vireo_index(item, dims);
  move_at(y + to, vireo_dot(index, to_strides), x + from, vireo_dot(index, from_strides), wide);
}

kernel void movement_fill(VIREO_TENSOR(y), const int to, const int count, const int8 dims, const int8 to_strides,
                          const ulong bits) {
  VIREO_AT(T, y);
  const int item = get_global_id(0);
  if (item < count) y[to + vireo_dot(vireo_index(item, dims), to_strides)] = (T)bits;
}

// One part of an index, which counts from the end where it is negative. Those that are known when building are inside
// their axis; CHECKED: others may not be, which makes the run fail, and the element is left out.
inline long index_at(const global char *index, const int at, const int is_long) {
  return is_long ? ((const global long *)index)[at] : (long)((const global int *)index)[at];
}
#ifdef CHECKED
#define CHECK(found, extent)                     \
  if (found < -(long)extent || found >= extent) { \
    VIREO_FAULT(found, extent);                  \
    return;                                      \
  }
#define FAULT , VIREO_TENSOR(fault)
#else
#define CHECK(found, extent)
#define FAULT
#endif
#define PART(k)                                                             \
  if (parts > 0x##k) {                                                      \
    const long found = index_at(index, entry + 0x##k, is_long);             \
    CHECK(found, extents.s##k)                                              \
    element += (int)(found < 0 ? found + extents.s##k : found) * steps.s##k; \
  }

kernel void movement_gather(const int count, const int wide, const int is_long, const int parts, const int8 extents,
                            const int8 steps, const int8 dims, const int8 data_strides, const int8 index_strides,
                            const int8 other_strides, VIREO_TENSOR(x), VIREO_TENSOR(index), VIREO_TENSOR(y) FAULT) {
  VIREO_AT(T, x);
  VIREO_AT(char, index);
  VIREO_AT(T, y);
  const int item = get_global_id(0);
  if (item >= count) return;
  const int8 place = vireo_index(item, dims);
  const int entry = vireo_dot(place, index_strides);
  int element = vireo_dot(place, data_strides);
  PART(0) PART(1) PART(2) PART(3) PART(4) PART(5) PART(6) PART(7)
  move_at(y, vireo_dot(place, other_strides), x, element, wide);
}

kernel void movement_scatter(const int count, const int wide, const int is_long, const int parts, const int8 extents,
                             const int8 steps, const int8 dims, const int8 data_strides, const int8 index_strides,
                             const int8 other_strides, VIREO_TENSOR(updates), VIREO_TENSOR(index), VIREO_TENSOR(y) FAULT) {
  VIREO_AT(T, updates);
  VIREO_AT(char, index);
  VIREO_AT(T, y);
  const int item = get_global_id(0);
  if (item >= count) return;
  const int8 place = vireo_index(item, dims);
  const int entry = vireo_dot(place, index_strides);
  int element = vireo_dot(place, data_strides);
  PART(0) PART(1) PART(2) PART(3) PART(4) PART(5) PART(6) PART(7)
  move_at(y, element, updates, vireo_dot(place, other_strides), wide);
}

// Where position `at` of a padded axis reads from; -1: the padding value. Modes: 0 constant, 1 edge, 2 reflect, 3 wrap.
inline int pad_source(const int at, const int extent, const int mode) {
  if (at >= 0 && at < extent) return at;
  if (mode == 0) return -1;
  if (mode == 1) return clamp(at, 0, extent - 1);
  const int period = mode == 3 ? extent : max(2 * (extent - 1), 1);
  int phase = at % period;
  if (phase < 0) phase += period;
  return phase < extent ? phase : period - phase;
}
#define PAD_AXIS(s)                                                     \
  {                                                                     \
    const int place = item % dims.s, source = pad_source(place - begins.s, extents.s, mode); \
    item /= dims.s;                                                     \
    inside = inside && source >= 0;                                     \
    from += source * from_strides.s;                                    \
    to += place * to_strides.s;                                         \
  }

// `value` is read where has_value is set; else the padding is zero.
kernel void movement_pad(VIREO_TENSOR(x), VIREO_TENSOR(value), VIREO_TENSOR(y), const int has_value, const int mode,
                         const int count, const int wide, const int rank, const int8 dims, const int8 begins,
                         const int8 extents, const int8 from_strides, const int8 to_strides) {
  VIREO_AT(T, x);
  VIREO_AT(T, value);
  VIREO_AT(T, y);
  int item = get_global_id(0), from = 0, to = 0;
  bool inside = true;
  if (item >= count) return;
  PAD_AXIS(s7)
  if (rank > 1) PAD_AXIS(s6)
  if (rank > 2) PAD_AXIS(s5)
  if (rank > 3) PAD_AXIS(s4)
  if (rank > 4) PAD_AXIS(s3)
  if (rank > 5) PAD_AXIS(s2)
  if (rank > 6) PAD_AXIS(s1)
  if (rank > 7) PAD_AXIS(s0)
  if (inside) {
    move_at(y, to, x, from, wide);
  } else {
    const T fill = has_value ? value[0] : 0;
    if (wide) {
      for (int i = 0; i < WIDE; ++i) y[(size_t)to * WIDE + i] = fill;
    } else {
      y[to] = fill;
    }
  }
}
