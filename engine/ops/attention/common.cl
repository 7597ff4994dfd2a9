// Before the kernels of attention: their parameters. q_steps, … of batch, head and row of q, k, v, output in turn;
// mask: those of batch, head, query and key.
#define VIREO_ATTENTION                                                                                               \
  VIREO_TENSOR(q), VIREO_TENSOR(k), VIREO_TENSOR(v), VIREO_TENSOR(mask), VIREO_TENSOR(out), const int heads,           \
      const int share, const int queries, const int keys, const int depth, const int width, const int causal,         \
      const float scale, const float cap, const int8 steps, const int8 more_steps, const int8 mask_steps

#define VIREO_ATTENTION_AT(which)                                                                        \
  const int head = (which) % heads, entry = (which) / heads;                                             \
  VIREO_AT(T, q);                                                                                        \
  VIREO_AT(T, k);                                                                                        \
  VIREO_AT(T, v);                                                                                        \
  VIREO_AT(M, mask);                                                                                     \
  VIREO_AT(T, out);                                                                                      \
  const int k_row = steps.s5, v_row = more_steps.s2, out_row = more_steps.s5;                            \
  q += entry * steps.s0 + head * steps.s1;                                                               \
  k += entry * steps.s3 + head / share * steps.s4;                                                       \
  v += entry * more_steps.s0 + head / share * more_steps.s1;                                             \
  out += entry * more_steps.s3 + head * more_steps.s4;                                                   \
  mask += entry * mask_steps.s0 + head * mask_steps.s1;

#if MASKED == 1
#define MASK(query, key) GET(M, mask, (query)*mask_steps.s2 + (key)*mask_steps.s3)
#elif MASKED == 2
#define MASK(query, key) (GET(M, mask, (query)*mask_steps.s2 + (key)*mask_steps.s3) ? 0.0f : -INFINITY)
#else
#define MASK(query, key) 0.0f
#endif

inline float capped(float score, float cap) { return cap > 0.0f ? cap * tanh(score / cap) : score; }

// A score with all that is done to it before the softmax.
#define SCORE(product, query, key) \
  (causal && (key) > (query) ? -INFINITY : capped((product)*scale, cap) + MASK(query, key))
