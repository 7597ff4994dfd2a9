// softmax(scale · q kᵀ + mask) v for each batch and head. q: [batch, heads, queries, depth], k: [batch, key heads,
// keys, depth], v: [batch, key heads, keys, value depth], as the output [batch, heads, queries, value depth]; or all of
// rank 3, the heads of an entry one after the other ([batch, queries, heads * depth] and so on), their numbers in
// `q_num_heads` and `kv_num_heads`. Heads share keys in equal groups. mask (boolean: false hides; float: added)
// broadcasts to [batch, heads, queries, keys]. `scale` defaults to 1 / sqrt(depth); `is_causal` hides keys after the
// query; `softcap` c replaces scores by c tanh(s / c) before the mask. Rows with every key hidden give 0.
#include "engine/ops/attention/attention.h"
#include "engine/ops/attention/geometry.h"
#include "engine/ops/shared/shape.h"

namespace vireo::ops {

void attention_reference(const EvalContext&);

namespace {

/// Extent of one head in the last axis of an input of rank 3.
std::int64_t of_head(InferContext& c, int index, std::int64_t heads) {
  const std::int64_t all = c.dims(index)[2];
  c.require(all == kUnknown || all % heads == 0, "the last axis must be a multiple of the number of heads");
  return all == kUnknown ? kUnknown : all / heads;
}

void infer_flat(InferContext& c) {
  const std::int64_t heads = c.attributes().integer("q_num_heads", 0),
                     key_heads = c.attributes().integer("kv_num_heads", 0);
  c.require(heads > 0 && key_heads > 0 && heads % key_heads == 0,
            "q_num_heads and kv_num_heads must be given, the former a multiple of the latter");
  const Dims &q = c.dims(0), &k = c.dims(1);
  const std::int64_t depth = of_head(c, 0, heads), key_depth = of_head(c, 1, key_heads),
                     width = of_head(c, 2, key_heads);
  c.require(depth == kUnknown || key_depth == kUnknown || depth == key_depth, "q and k have one depth");
  require_extent(c, 2, 1, k[1], "k and v have the same entries");
  if (c.has_input(3)) require_broadcast_to(c, 3, {q[0], heads, q[1], k[1]});
  c.output(0, c.dtype(0), {q[0], q[1], checked_mul(c, width, heads, "the last axis of the output")});
}

void infer(InferContext& c) {
  for (int k = 0; k < c.input_count(); ++k)
    if (c.has_input(k)) require_computable(c, k);
  require_float(c, 0);
  const int rank = c.rank(0);
  c.require(rank == 3 || rank == 4, "q must have rank 3 or 4");
  for (int i = 0; i < 3; ++i) {
    require_rank(c, i, rank, rank);
    require_extent(c, i, 0, c.dims(0)[0], "one batch");
    c.require(c.dtype(i) == c.dtype(0), "q, k and v must have one type");
  }
  const Attributes& a = c.attributes();  // of the right types
  (void)a.real("scale", 1), (void)a.real("softcap", 0), (void)a.integer("is_causal", 0);
  if (rank == 3) return infer_flat(c);
  const Dims &q = c.dims(0), &k = c.dims(1), &v = c.dims(2);
  require_extent(c, 1, 3, q[3], "q and k have one depth");
  require_extent(c, 2, 1, k[1], "k and v have the same heads");
  require_extent(c, 2, 2, k[2], "k and v have the same entries");
  c.require(q[1] == kUnknown || k[1] == kUnknown || (k[1] > 0 && q[1] % k[1] == 0),
            "the heads of q must be a multiple of those of k");
  if (c.has_input(3)) require_broadcast_to(c, 3, {q[0], q[1], q[2], k[2]});
  c.output(0, c.dtype(0), {q[0], q[1], q[2], v[3]});
}

double flops(const Problem& p) {
  const AttentionGeometry g = attention_geometry(*p.attributes, p.inputs[0].dims, p.inputs[1].dims, p.inputs[2].dims);
  return 2.0 * static_cast<double>(g.batch) * static_cast<double>(g.heads) * static_cast<double>(g.queries) *
         static_cast<double>(g.keys) * (static_cast<double>(g.depth) + static_cast<double>(g.width) + 5);
}

}  // namespace

extern const Operator attention_operator;
const Operator attention_operator{.name = "attention",
                                  .min_inputs = 3,
                                  .max_inputs = 4,
                                  .infer = infer,
                                  .reference = attention_reference,
                                  .flops = flops,
                                  .tactics = attention_tactics,
                                  .costly = true};

}  // namespace vireo::ops
