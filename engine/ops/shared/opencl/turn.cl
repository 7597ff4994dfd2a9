// Turned axes, a square of TILE x TILE elements a group: rows of x go into local memory, whose columns are rows of y.
// `rows` entries of the axis that y has next to each other, `columns` of the one that x has. The rows in local memory are
// four bytes longer, which puts the elements of a column into different banks. Bound by memory.
#define TILE 32
#define GAP (sizeof(T) < 4 ? 4 / sizeof(T) : 1)
kernel __attribute__((reqd_work_group_size(TILE, 8, 1))) void movement_tiles(
    VIREO_TENSOR(x), VIREO_TENSOR(y), const int from, const int to, const int rows, const int columns,
    const int x_pitch, const int y_pitch, const int8 dims, const int8 from_strides, const int8 to_strides) {
  VIREO_LOCAL(T, tile, TILE * (TILE + GAP));
  VIREO_AT(T, x);
  VIREO_AT(T, y);
  const int across = (columns + TILE - 1) / TILE, down = (rows + TILE - 1) / TILE;
  int group = get_group_id(0);
  const int column = group % across * TILE;
  group /= across;
  const int row = group % down * TILE;
  group /= down;
  const int8 outer = vireo_index(group, dims);
  x += from + vireo_dot(outer, from_strides);
  y += to + vireo_dot(outer, to_strides);
  const int lane = get_local_id(0), first = get_local_id(1);
  for (int i = first; i < TILE; i += 8)
    if (column + lane < columns && row + i < rows) tile[i * (TILE + GAP) + lane] = x[(size_t)(row + i) * x_pitch + column + lane];
  barrier(CLK_LOCAL_MEM_FENCE);
  for (int i = first; i < TILE; i += 8)
    if (column + i < columns && row + lane < rows) y[(size_t)(column + i) * y_pitch + row + lane] = tile[lane * (TILE + GAP) + i];
}
