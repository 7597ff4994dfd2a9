// Products of few rows: a work-group makes ROWS rows of 16 columns, 16 items for each column, each with a slice of the
// sum. Bound by reading B.
kernel __attribute__((reqd_work_group_size(256, 1, 1))) void product_rows(VIREO_PRODUCT, const int batched,
                                                                          const int blocks_n, const int blocks) {
  local float shared[ROWS][256];
  const int item = get_local_id(0), group = get_group_id(0), block = group % blocks;
  VIREO_PRODUCT_AT(group / blocks)
  const bool deep = b_step == 1 && b_column != 1;  // neighbouring items are along the sum
  const int first_row = block / blocks_n * ROWS;
  const int slice = deep ? item % 16 : item / 16, x = deep ? item / 16 : item % 16;
  const int column = block % blocks_n * 16 + x, last = n - 1;
  float sums[ROWS];
  int rows[ROWS];
  for (int i = 0; i < ROWS; ++i) {
    sums[i] = 0.0f;
    rows[i] = min(first_row + i, m - 1) * a_row;  // some row twice rather than one that isn't there
  }
  b += COLUMN(min(column, last));
  for (int l = slice; l < k; l += 16) {
    const float factor = GET(T, b, l * b_step);
    for (int i = 0; i < ROWS; ++i) sums[i] = mad(GET(T, a, rows[i] + l * a_step), factor, sums[i]);
  }
  for (int i = 0; i < ROWS; ++i) shared[i][slice * 16 + x] = sums[i];
  barrier(CLK_LOCAL_MEM_FENCE);
  for (int turn = item; turn < 16 * ROWS; turn += 256) {
    const int i = turn / 16, j = block % blocks_n * 16 + turn % 16;
    float sum = 0.0f;
    for (int s = 0; s < 16; ++s) sum += shared[i][s * 16 + turn % 16];
    if (first_row + i < m && j < n) FINISH(sum, first_row + i, j);
  }
}
