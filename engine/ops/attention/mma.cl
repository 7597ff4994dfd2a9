// Attention on tensor cores, float16, without a mask: a warp has 16 queries, a group of four 64; keys and values pass
// through local memory 64 at a time, scores stay in registers, where what a row of them needs is in four neighbouring
// items. The running softmax is of base 2; sums are float32, weights are rounded to float16 for the second product.
// Defines: DEPTH, WIDTH of a head (multiples of 16, at most 128).
#define KEYS 64
#define K_PITCH (DEPTH + 8)  // 16 bytes more, so that eight rows lie in different banks
#define V_PITCH (WIDTH + 8)

// Rows first … of a matrix in global memory into a tile, zeros where there are none.
#define FILL(tile, pitch, columns, from, step, first, rows)                            \
  for (int e = item; e < KEYS * ((columns) / 8); e += 128) {                           \
    const int r = e / ((columns) / 8), c = e % ((columns) / 8) * 8;                    \
    uint4 value = (uint4)(0);                                                          \
    if ((first) + r < (rows)) value = *(global const uint4 *)((from) + ((first) + r) * (step) + c); \
    *(local uint4 *)((tile) + r * (pitch) + c) = value;                                \
  }

kernel __attribute__((reqd_work_group_size(128, 1, 1))) void attention_mma(
    VIREO_TENSOR(q), VIREO_TENSOR(k), VIREO_TENSOR(v), VIREO_TENSOR(out), const int heads, const int sharing,
    const int queries, const int keys, const int causal, const float scale, const int8 qk, const int8 vo) {
  VIREO_LOCAL(ushort, k_tile, KEYS * K_PITCH);
  VIREO_LOCAL(ushort, v_tile, KEYS * V_PITCH);
  const int item = get_local_id(0), lane = item & 31, warp = item >> 5;
  const int tiles = (queries + 63) / 64, first = get_group_id(0) % tiles * 64;
  const int head = get_group_id(0) / tiles % heads, batch = get_group_id(0) / tiles / heads;
  const global ushort *qs = (const global ushort *)(q_block + q_offset) + batch * qk.s0 + head * qk.s1;
  const global ushort *ks = (const global ushort *)(k_block + k_offset) + batch * qk.s3 + head / sharing * qk.s4;
  const global ushort *vs = (const global ushort *)(v_block + v_offset) + batch * vo.s0 + head / sharing * vo.s1;
  global ushort *os = (global ushort *)(out_block + out_offset) + batch * vo.s3 + head * vo.s4;

  FILL(k_tile, K_PITCH, DEPTH, qs, qk.s2, first, queries)
  barrier(CLK_LOCAL_MEM_FENCE);
  uint rows[DEPTH / 16][4];
  const int row_of_lane = (lane & 7) + ((lane >> 3) & 1) * 8;
#pragma unroll
  for (int d = 0; d < DEPTH / 16; ++d)
    load_matrices(place_of(k_tile + (warp * 16 + row_of_lane) * K_PITCH + d * 16 + (lane >> 4) * 8), rows[d]);
  barrier(CLK_LOCAL_MEM_FENCE);

  float sums[WIDTH / 8][4];
#pragma unroll
  for (int i = 0; i < WIDTH / 8; ++i)
#pragma unroll
    for (int j = 0; j < 4; ++j) sums[i][j] = 0.0f;
  float top[2] = {-INFINITY, -INFINITY}, total[2] = {0.0f, 0.0f};
  const int own = first + warp * 16 + (lane >> 2);  // the query of the first row; the second is 8 on
  const int end = causal ? min(keys, first + 64) : keys;
  for (int from = 0; from < end; from += KEYS) {
    FILL(k_tile, K_PITCH, DEPTH, ks, qk.s5, from, keys)
    FILL(v_tile, V_PITCH, WIDTH, vs, vo.s2, from, keys)
    barrier(CLK_LOCAL_MEM_FENCE);
    float scores[KEYS / 8][4];
#pragma unroll
    for (int n = 0; n < KEYS / 8; n += 2) {
#pragma unroll
      for (int j = 0; j < 4; ++j) scores[n][j] = scores[n + 1][j] = 0.0f;
#pragma unroll
      for (int d = 0; d < DEPTH / 16; ++d) {
        uint columns[4];
        load_matrices(place_of(k_tile + (n * 8 + (lane & 7) + ((lane >> 4) << 3)) * K_PITCH + d * 16 +
                               ((lane >> 3) & 1) * 8),
                      columns);
        multiply_add(scores[n], rows[d], columns[0], columns[1]);
        multiply_add(scores[n + 1], rows[d], columns[2], columns[3]);
      }
    }
    float most[2] = {top[0], top[1]};
#pragma unroll
    for (int n = 0; n < KEYS / 8; ++n)
#pragma unroll
      for (int j = 0; j < 4; ++j) {
        const int key = from + n * 8 + (lane & 3) * 2 + (j & 1), query = own + (j >> 1) * 8;
        const bool hidden = key >= keys || (causal && key > query);
        scores[n][j] = hidden ? -INFINITY : scores[n][j] * scale;
        most[j >> 1] = fmax(most[j >> 1], scores[n][j]);
      }
    float factor[2], base[2];
#pragma unroll
    for (int i = 0; i < 2; ++i) {
      most[i] = fmax(most[i], exchange(most[i], 1));
      most[i] = fmax(most[i], exchange(most[i], 2));
      base[i] = most[i] == -INFINITY ? 0.0f : most[i];
      factor[i] = native_exp2(top[i] - base[i]);
      top[i] = most[i];
      total[i] *= factor[i];
    }
#pragma unroll
    for (int n = 0; n < KEYS / 8; ++n)
#pragma unroll
      for (int j = 0; j < 4; ++j) {
        scores[n][j] = native_exp2(scores[n][j] - base[j >> 1]);
        total[j >> 1] += scores[n][j];
      }
#pragma unroll
    for (int i = 0; i < WIDTH / 8; ++i)
#pragma unroll
      for (int j = 0; j < 4; ++j) sums[i][j] *= factor[j >> 1];
#pragma unroll
    for (int k16 = 0; k16 < KEYS / 16; ++k16) {
      const uint weights[4] = {pack(scores[2 * k16][0], scores[2 * k16][1]), pack(scores[2 * k16][2], scores[2 * k16][3]),
                               pack(scores[2 * k16 + 1][0], scores[2 * k16 + 1][1]),
                               pack(scores[2 * k16 + 1][2], scores[2 * k16 + 1][3])};
#pragma unroll
      for (int i = 0; i < WIDTH / 8; i += 2) {
        uint columns[4];
        load_transposed(place_of(v_tile + (k16 * 16 + row_of_lane) * V_PITCH + i * 8 + (lane >> 4) * 8), columns);
        multiply_add(sums[i], weights, columns[0], columns[1]);
        multiply_add(sums[i + 1], weights, columns[2], columns[3]);
      }
    }
    barrier(CLK_LOCAL_MEM_FENCE);
  }
#pragma unroll
  for (int i = 0; i < 2; ++i) {
    total[i] += exchange(total[i], 1);
    total[i] += exchange(total[i], 2);
    const float share = total[i] > 0.0f ? 1.0f / total[i] : 0.0f;
    const int query = own + i * 8;
    if (query >= queries) continue;
#pragma unroll
    for (int n = 0; n < WIDTH / 8; ++n)
      *(global uint *)(os + query * vo.s5 + n * 8 + (lane & 3) * 2) =
          pack(sums[n][i * 2] * share, sums[n][i * 2 + 1] * share);
  }
}
