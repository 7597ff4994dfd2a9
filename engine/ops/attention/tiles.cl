// Attention with the running softmax of its scores: tiles of 16 R queries against 16 R keys at a time, by 16 x 16
// items; scores and weights never leave local memory. T: element type, R: 1 or 2, WIDE: 64 or 128, not less than depth
// or width, MASKED 0: no mask, 1: added, 2: false hides; M: its type.
#define B (16 * R)
#define PITCH (WIDE + 4)
#ifdef ON_PROCESSOR
#define UNROLLED
#else
#define UNROLLED _Pragma("unroll")
#endif

// Rows `first` … of a matrix, zeros beyond its `rows` rows and `columns` columns.
#define FILL(tile, from, first, rows, columns, step)                                                   \
  for (int e = item; e < B * WIDE; e += 256) {                                                         \
    const int r = e / WIDE, d = e % WIDE;                                                              \
    tile[r * PITCH + d] = (first) + r < (rows) && d < (columns) ? GET(T, from, ((first) + r) * (step) + d) : 0.0f; \
  }

kernel __attribute__((reqd_work_group_size(256, 1, 1))) void attention_tiles(VIREO_ATTENTION) {
  local float4 q_tile4[B * PITCH / 4], k_tile4[B * PITCH / 4], v_tile4[B * PITCH / 4];
  local float *q_tile = (local float *)q_tile4, *k_tile = (local float *)k_tile4, *v_tile = (local float *)v_tile4;
  local float weights[B * (B + 1)];
  const int item = get_local_id(0), x = item % 16, y = item / 16;
  const int tiles = (queries + B - 1) / B, first = get_group_id(0) % tiles * B;
  VIREO_ATTENTION_AT(get_group_id(0) / tiles)
  FILL(q_tile, q, first, queries, depth, steps.s2)
  float top[R], total[R];
  float4 sums[R][WIDE / 64];
  for (int i = 0; i < R; ++i) {
    top[i] = -INFINITY;
    total[i] = 0.0f;
    for (int d = 0; d < WIDE / 64; ++d) sums[i][d] = 0.0f;
  }
  // Of a causal mask, keys behind the last query of the tile are nobody's.
  const int end = causal ? min(keys, first + B) : keys;
  for (int from = 0; from < end; from += B) {
    barrier(CLK_LOCAL_MEM_FENCE);
    FILL(k_tile, k, from, keys, depth, k_row)
    FILL(v_tile, v, from, keys, width, v_row)
    barrier(CLK_LOCAL_MEM_FENCE);
    float scores[R][R];
    for (int i = 0; i < R; ++i)
      for (int j = 0; j < R; ++j) scores[i][j] = 0.0f;
    UNROLLED
    for (int d = 0; d < WIDE / 4; ++d) {
      float4 rows[R];
      for (int i = 0; i < R; ++i) rows[i] = q_tile4[(y + 16 * i) * (PITCH / 4) + d];
      for (int j = 0; j < R; ++j) {
        const float4 column = k_tile4[(x + 16 * j) * (PITCH / 4) + d];
        for (int i = 0; i < R; ++i) scores[i][j] += dot(rows[i], column);
      }
    }
    for (int i = 0; i < R; ++i)
      for (int j = 0; j < R; ++j) {
        const int query = first + y + 16 * i, key = from + x + 16 * j;
        float score = -INFINITY;
        if (query < queries && key < keys) score = SCORE(scores[i][j], query, key);
        scores[i][j] = score;
        weights[(y + 16 * i) * (B + 1) + x + 16 * j] = score;
      }
    barrier(CLK_LOCAL_MEM_FENCE);
    float factor[R];
    for (int i = 0; i < R; ++i) {
      float most = top[i];
      for (int j = 0; j < B; ++j) most = fmax(most, weights[(y + 16 * i) * (B + 1) + j]);
      factor[i] = most == -INFINITY ? 1.0f : exp(top[i] - most);
      top[i] = most;
    }
    barrier(CLK_LOCAL_MEM_FENCE);
    for (int i = 0; i < R; ++i)
      for (int j = 0; j < R; ++j)
        weights[(y + 16 * i) * (B + 1) + x + 16 * j] = top[i] == -INFINITY ? 0.0f : exp(scores[i][j] - top[i]);
    barrier(CLK_LOCAL_MEM_FENCE);
    for (int i = 0; i < R; ++i) {
      total[i] *= factor[i];
      for (int d = 0; d < WIDE / 64; ++d) sums[i][d] *= factor[i];
    }
    UNROLLED
    for (int j = 0; j < B; ++j) {
      float4 row[WIDE / 64];
      for (int d = 0; d < WIDE / 64; ++d) row[d] = v_tile4[j * (PITCH / 4) + d * 16 + x];
      for (int i = 0; i < R; ++i) {
        const float weight = weights[(y + 16 * i) * (B + 1) + j];
        total[i] += weight;
        for (int d = 0; d < WIDE / 64; ++d) sums[i][d] = mad((float4)(weight), row[d], sums[i][d]);
      }
    }
  }
  for (int i = 0; i < R; ++i) {
    const int query = first + y + 16 * i;
    if (query >= queries) continue;
    const float scale_row = total[i] > 0.0f ? 1.0f / total[i] : 0.0f;
    for (int d = 0; d < WIDE / 64; ++d) {
      const int column = d * 64 + x * 4;
      const float4 row = sums[i][d] * scale_row;
      if (column < width) PUT(T, out, query * out_row + column, row.s0);
      if (column + 1 < width) PUT(T, out, query * out_row + column + 1, row.s1);
      if (column + 2 < width) PUT(T, out, query * out_row + column + 2, row.s2);
      if (column + 3 < width) PUT(T, out, query * out_row + column + 3, row.s3);
    }
  }
}
