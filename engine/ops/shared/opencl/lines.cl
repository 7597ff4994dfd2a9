// Before kernels that reduce or normalise tensors along lines: the axes that one result is made of. A work-group of
// 256 items takes 256 / lanes lines; `along`: neighbouring items are lanes of one line, else they are in neighbouring
// lines. With SERIAL an item has a line for itself and nothing is shared: that is what processors do best.
// INNER_RANK 1: lines have one stride.
#define VIREO_LINES \
  const int lines, const int length, const int lanes, const int along, const int8 outer, const int8 inner

#if INNER_RANK == 1
#define ALONG(i, strides) ((i)*strides.s7)
#else
#define ALONG(i, strides) vireo_place(i, inner, strides)
#endif
#define ACROSS(strides) vireo_place(line, outer, strides)

// VIREO_LINE: this item's `line`, whose elements lane, lane + steps, … before `end` are its own.
// SHARED(type, name): local memory for ALL_LANES(name, v, op), which makes v the same for all lanes of the line.
// KEEPS: whether this item writes what the line has in common.
#ifdef SERIAL
#define VIREO_LINE                   \
  const int line = get_global_id(0); \
  if (line >= lines) return;         \
  const int lane = 0, steps = 1, end = length
#define SHARED(type, name)
#define ALL_LANES(name, v, op)
#define KEEPS (1)
#else
// Idle lanes run along with an empty line: barriers are for all.
#define VIREO_LINE                                                                        \
  const int item = get_local_id(0), together = 256 / lanes;                               \
  const int lane = along ? item % lanes : item / together;                                \
  const int across = along ? item / lanes : item % together, step = along ? 1 : together; \
  const int wanted = get_group_id(0) * together + across;                                 \
  const bool idle = wanted >= lines;                                                      \
  const int line = idle ? 0 : wanted, end = idle ? 0 : length, steps = lanes
#define SHARED(type, name) VIREO_LOCAL(type, name, 256)
#define ALL_LANES(name, v, op)                                                                          \
  do {                                                                                                  \
    barrier(CLK_LOCAL_MEM_FENCE);                                                                       \
    name[item] = v;                                                                                     \
    barrier(CLK_LOCAL_MEM_FENCE);                                                                       \
    for (int across_half = lanes / 2; across_half > 0; across_half /= 2) {                              \
      if (lane < across_half) name[item] = op(name[item], name[item + across_half * step]);             \
      barrier(CLK_LOCAL_MEM_FENCE);                                                                     \
    }                                                                                                   \
    v = name[item - lane * step];                                                                       \
  } while (0)
#define KEEPS (lane == 0 && !idle)
#endif

#define VIREO_PLUS(a, b) ((a) + (b))
