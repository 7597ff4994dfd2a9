// Attention for processors: an item has a query, whose scores it makes 16 keys at a time; no barriers. T: element type,
// PARTS: depth and width in vectors of 16.
#define LOAD16_float(p, i) vload16(0, (p) + (i))
#define LOAD16_half(p, i) vload_half16(0, (p) + (i))

// Up to 16 neighbours, zeros beyond `count`.
inline float16 some_of(const global T *p, int at, int count) {
  if (count >= 16) return VIREO_PASTE(LOAD16_, T)(p, at);
  float edge[16];
  for (int i = 0; i < 16; ++i) edge[i] = i < count ? GET(T, p, at + i) : 0.0f;
  return vload16(0, edge);
}

inline float sum_of(float16 v) {
  const float8 eight = v.lo + v.hi;
  const float4 four = eight.lo + eight.hi;
  return four.s0 + four.s1 + four.s2 + four.s3;
}

kernel void attention_queries(VIREO_ATTENTION) {
  const int query = get_global_id(0) % queries;
  VIREO_ATTENTION_AT(get_global_id(0) / queries)
  float16 own[PARTS], sums[PARTS];
  for (int d = 0; d < PARTS; ++d) {
    own[d] = some_of(q, query * steps.s2 + d * 16, depth - d * 16);
    sums[d] = 0.0f;
  }
  float top = -INFINITY, total = 0.0f;
  const int end = causal ? min(keys, query + 1) : keys;
  for (int from = 0; from < end; from += 16) {
    float weights[16];
    float most = top;
    for (int j = 0; j < 16; ++j) {
      weights[j] = -INFINITY;
      if (from + j >= end) continue;
      float16 product = 0.0f;
      for (int d = 0; d < PARTS && d * 16 < depth; ++d)
        product = mad(own[d], some_of(k, (from + j) * k_row + d * 16, depth - d * 16), product);
      weights[j] = SCORE(sum_of(product), query, from + j);
      most = fmax(most, weights[j]);
    }
    if (most == -INFINITY) continue;
    const float factor = exp(top - most);
    const float16 all = exp(vload16(0, weights) - most);
    vstore16(all, 0, weights);
    top = most;
    total = total * factor + sum_of(all);
    for (int d = 0; d < PARTS && d * 16 < width; ++d) {
      float16 sum = sums[d] * factor;
      for (int j = 0; j < 16 && from + j < end; ++j)
        sum = mad((float16)(weights[j]), some_of(v, (from + j) * v_row + d * 16, width - d * 16), sum);
      sums[d] = sum;
    }
  }
  const float factor = total > 0.0f ? 1.0f / total : 0.0f;
  for (int d = 0; d < PARTS; ++d) {
    float line[16];
    vstore16(sums[d] * factor, 0, line);
    for (int i = 0; i < 16 && d * 16 + i < width; ++i) PUT(T, out, query * out_row + d * 16 + i, line[i]);
  }
}
