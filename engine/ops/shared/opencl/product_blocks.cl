// Products without barriers: an item makes ROWS rows of 32 columns, from vectors of B where its columns lie side by
// side. For processors, whose local memory is no faster than the rest.
#define LOAD16_float(p, i) vload16(0, (p) + (i))
#define LOAD16_half(p, i) vload_half16(0, (p) + (i))

kernel void product_blocks(VIREO_PRODUCT, const int batched, const int blocks_n, const int blocks) {
  const int item = get_global_id(0), block = item % blocks;
  VIREO_PRODUCT_AT(item / blocks)
  const int first_row = block / blocks_n * ROWS, first_column = block % blocks_n * 32;
  const int columns = min(32, n - first_column);
  float16 sums[ROWS][2];
  int rows[ROWS];
  for (int i = 0; i < ROWS; ++i) {
    sums[i][0] = sums[i][1] = 0.0f;
    rows[i] = min(first_row + i, m - 1) * a_row;  // some row twice rather than one that isn't there
  }
  b += COLUMN(first_column);
  if (b_column == 1 && (columns == 32 || b_panel != 32)) {
    for (int l = 0; l < k; ++l) {
      const float16 low = VIREO_PASTE(LOAD16_, T)(b, l * b_step), high = VIREO_PASTE(LOAD16_, T)(b, l * b_step + 16);
      for (int i = 0; i < ROWS; ++i) {
        const float16 factor = GET(T, a, rows[i] + l * a_step);
        sums[i][0] = mad(factor, low, sums[i][0]);
        sums[i][1] = mad(factor, high, sums[i][1]);
      }
    }
  } else {
    for (int l = 0; l < k; ++l) {
      float edge[32];
      for (int j = 0; j < 32; ++j) edge[j] = j < columns ? GET(T, b, l * b_step + j * b_column) : 0.0f;
      const float16 low = vload16(0, edge), high = vload16(1, edge);
      for (int i = 0; i < ROWS; ++i) {
        const float16 factor = GET(T, a, rows[i] + l * a_step);
        sums[i][0] = mad(factor, low, sums[i][0]);
        sums[i][1] = mad(factor, high, sums[i][1]);
      }
    }
  }
  for (int i = 0; i < ROWS && first_row + i < m; ++i) {
    float line[32];
    vstore16(sums[i][0], 0, line);
    vstore16(sums[i][1], 1, line);
    for (int j = 0; j < columns; ++j) FINISH(line[j], first_row + i, first_column + j);
  }
}
