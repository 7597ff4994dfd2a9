// Products through tiles in local memory. A work-group of 16 x 16 items makes a tile of 16 WM x 16 WN sums, WM x WN for
// each item, from 16 products at a time: what comes next is read into registers while they are multiplied. Neighbouring
// items read neighbouring elements along whichever axis has stride 1.
#define DEPTH 16
// Processors get short code: what matters there is how long it compiles.
#ifdef ON_PROCESSOR
#define UNROLLED _Pragma("nounroll")
#else
#define UNROLLED _Pragma("unroll")
#endif
// WM: 2, 4 or 8; WN: 4 or 8.
#define TM (16 * WM)
#define TN (16 * WN)
#define A_PITCH (TM + 4)
#define B_PITCH (TN + 4)

kernel __attribute__((reqd_work_group_size(256, 1, 1))) void product_tiles(VIREO_PRODUCT, const int batched,
                                                                           const int tiles_n, const int tiles) {
  local float4 a_tile4[DEPTH * A_PITCH / 4];
  local float4 b_tile4[DEPTH * B_PITCH / 4];
  local float *a_tile = (local float *)a_tile4, *b_tile = (local float *)b_tile4;
  const int item = get_local_id(0), group = get_group_id(0), tile = group % tiles;
  VIREO_PRODUCT_AT(group / tiles)
  const int first_row = tile / tiles_n * TM, first_column = tile % tiles_n * TN;
  const int x = item % 16, y = item / 16;

  // Place of this item's elements of both tiles, and how far the next ones are.
  const bool a_deep = a_step == 1, b_deep = b_step == 1 && b_column != 1;
  const int ar = a_deep ? item / DEPTH : item % TM, ak = a_deep ? item % DEPTH : item / TM;
  const int ar_more = a_deep ? 256 / DEPTH : 0, ak_more = a_deep ? 0 : 256 / TM;
  const int bc = b_deep ? item / DEPTH : item % TN, bk = b_deep ? item % DEPTH : item / TN;
  const int bc_more = b_deep ? 256 / DEPTH : 0, bk_more = b_deep ? 0 : 256 / TN;

  float4 sums[WM][WN / 4];
  for (int i = 0; i < WM; ++i)
    for (int j = 0; j < WN / 4; ++j) sums[i][j] = 0.0f;
  float a_next[WM], b_next[WN];
#define READ(start)                                                                                           \
  for (int i = 0; i < WM; ++i) {                                                                              \
    const int row = first_row + ar + i * ar_more, l = (start) + ak + i * ak_more;                             \
    a_next[i] = row < m && l < k ? GET(T, a, row * a_row + l * a_step) : 0.0f;                                \
  }                                                                                                           \
  for (int i = 0; i < WN; ++i) {                                                                              \
    const int column = first_column + bc + i * bc_more, l = (start) + bk + i * bk_more;                       \
    b_next[i] = column < n && l < k ? GET(T, b, COLUMN(column) + l * b_step) : 0.0f;                          \
  }
  READ(0)
  for (int start = 0; start < k; start += DEPTH) {
    for (int i = 0; i < WM; ++i) a_tile[(ak + i * ak_more) * A_PITCH + ar + i * ar_more] = a_next[i];
    for (int i = 0; i < WN; ++i) b_tile[(bk + i * bk_more) * B_PITCH + bc + i * bc_more] = b_next[i];
    barrier(CLK_LOCAL_MEM_FENCE);
    READ(start + DEPTH)
UNROLLED
    for (int l = 0; l < DEPTH; ++l) {
      float rows[WM];
      float4 columns[WN / 4];
#if WM == 2
      vstore2(vload2(0, a_tile + l * A_PITCH + y * 2), 0, rows);
#else
      for (int i = 0; i < WM / 4; ++i) {
        const float4 four = a_tile4[(l * A_PITCH + i * 64 + y * 4) / 4];
        rows[4 * i] = four.s0;
        rows[4 * i + 1] = four.s1;
        rows[4 * i + 2] = four.s2;
        rows[4 * i + 3] = four.s3;
      }
#endif
      for (int j = 0; j < WN / 4; ++j) columns[j] = b_tile4[(l * B_PITCH + j * 64 + x * 4) / 4];
      for (int i = 0; i < WM; ++i)
        for (int j = 0; j < WN / 4; ++j) sums[i][j] = mad((float4)(rows[i]), columns[j], sums[i][j]);
    }
    barrier(CLK_LOCAL_MEM_FENCE);
  }
  UNROLLED
  for (int i = 0; i < WM; ++i) {
    const int row = first_row + (WM == 2 ? y * 2 + i : i / 4 * 64 + y * 4 + i % 4);
    if (row >= m) continue;
    UNROLLED
    for (int j = 0; j < WN / 4; ++j) {
      const int column = first_column + j * 64 + x * 4;
      if (column < n) FINISH(sums[i][j].s0, row, column);
      if (column + 1 < n) FINISH(sums[i][j].s1, row, column + 1);
      if (column + 2 < n) FINISH(sums[i][j].s2, row, column + 2);
      if (column + 3 < n) FINISH(sums[i][j].s3, row, column + 3);
    }
  }
}
