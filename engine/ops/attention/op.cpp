// softmax(scale · q kᵀ + mask) v for each batch and head. q: [batch, heads, queries, depth], k: [batch, key heads,
// keys, depth], v: [batch, key heads, keys, value depth]; each of them may have rank 3 instead, the heads of an entry
// one after the other ([batch, queries, heads * depth] and so on), their numbers in `q_num_heads` and `kv_num_heads`.
// The output is laid out as q. Heads share keys in equal groups.
//
// mask (boolean: false hides; float: added, -infinity hides whatever the score) broadcasts to [batch, heads, queries,
// keys]; one of fewer columns than keys, but more than one, hides those behind it. Query i stands at place p = i +
// offset; offsets (input 4, int64, one or one for each entry of the batch) are 0 where absent. `is_causal` hides keys
// after p, `left_window` and `right_window` keys further from p than that (-1: none), lengths (input 5, as offsets) all
// keys from there on.
// Sinks (input 6, [heads], of q's type) are scores that take part in the softmax and have no key.
// `scale` defaults to 1 / sqrt(depth); `softcap` c replaces scores by c tanh(s / c) before the mask. Rows with every
// key hidden give 0. Output 1, [batch, heads, queries, keys], has the scores as `scores` says: 0 scaled, 1 after
// softcap, 2 after what hides, 3 the weights.
#include "engine/ops/attention/attention.h"
#include "engine/ops/attention/geometry.h"
#include "engine/ops/shared/shape.h"

namespace vireo::ops {

void attention_reference(const EvalContext&);

namespace {

/// The extents of q, k or v as [batch, heads, rows, columns].
Dims heads_apart(InferContext& c, int index, const char* attribute) {
  const Dims& dims = c.dims(index);
  if (dims.size() == 4) return dims;
  const std::int64_t heads = c.attributes().integer(attribute, 0);
  c.require(heads > 0, std::string("a tensor of rank 3 needs the attribute ") + attribute);
  c.require(dims[2] == kUnknown || dims[2] % heads == 0, "the last axis must be a multiple of the number of heads");
  return {dims[0], heads, dims[1], dims[2] == kUnknown ? kUnknown : dims[2] / heads};
}

/// Offsets or lengths: one, or one for each entry of the batch.
void require_places(InferContext& c, int index, std::int64_t batch) {
  if (!c.has_input(index)) return;
  c.require(c.dtype(index) == DataType::int64, "offsets and lengths must be int64");
  require_rank(c, index, 0, 1);
  if (c.rank(index) == 1 && c.dims(index)[0] != 1)
    require_extent(c, index, 0, batch, "offsets and lengths are one, or one for each entry of the batch");
}

void require_mask(InferContext& c, Dims scores) {
  const int mask = static_cast<int>(kAttentionMask);
  if (!c.has_input(mask)) return;
  c.require(c.dtype(mask) == DataType::boolean || is_float(c.dtype(mask)), "the mask must be boolean or float");
  const Dims& own = c.dims(mask);
  if (!own.empty() && own.back() != 1 && (own.back() == kUnknown || scores[3] == kUnknown || own.back() < scores[3]))
    scores[3] = own.back();
  require_broadcast_to(c, mask, scores);
}

void check_attributes(const InferContext& c) {
  const Attributes& a = c.attributes();
  (void)a.real("scale", 1), (void)a.real("softcap", 0), (void)a.integer("is_causal", 0);
  const std::int64_t scores = a.integer("scores", 0);
  c.require(scores >= 0 && scores <= 3, "the attribute scores must be 0, 1, 2 or 3, not " + std::to_string(scores));
  for (const char* name : {"left_window", "right_window"})
    c.require(a.integer(name, -1) >= -1, std::string("the attribute ") + name + " must be -1 or more");
}

bool differ(std::int64_t a, std::int64_t b) { return a != kUnknown && b != kUnknown && a != b; }

void infer(InferContext& c) {
  for (int k = 0; k < c.input_count(); ++k)
    if (c.has_input(k)) require_computable(c, k);
  require_float(c, 0);
  for (int i = 0; i < 3; ++i) {
    require_rank(c, i, 3, 4);
    require_extent(c, i, 0, c.dims(0)[0], "one batch");
    c.require(c.dtype(i) == c.dtype(0), "q, k and v must have one type");
  }
  check_attributes(c);
  const Dims q = heads_apart(c, 0, "q_num_heads"), k = heads_apart(c, 1, "kv_num_heads"),
             v = heads_apart(c, 2, "kv_num_heads");
  c.require(!differ(k[3], q[3]), "q and k have one depth");
  c.require(!differ(v[1], k[1]), "k and v have the same heads");
  c.require(!differ(v[2], k[2]), "k and v have the same entries");
  c.require(q[1] == kUnknown || k[1] == kUnknown || (k[1] > 0 && q[1] % k[1] == 0),
            "the heads of q must be a multiple of those of k");
  const Dims scores{q[0], q[1], q[2], k[2]};
  require_mask(c, scores);
  require_places(c, static_cast<int>(kAttentionOffsets), q[0]);
  require_places(c, static_cast<int>(kAttentionLengths), q[0]);
  if (const int sinks = static_cast<int>(kAttentionSinks); c.has_input(sinks)) {
    require_same_type(c, sinks);
    require_rank(c, sinks, 1, 1);
    require_extent(c, sinks, 0, q[1], "a sink for each head");
  }
  if (c.rank(0) == 4) c.output(0, c.dtype(0), {q[0], q[1], q[2], v[3]});
  else c.output(0, c.dtype(0), {q[0], q[2], checked_mul(c, v[3], q[1], "the last axis of the output")});
  c.output(1, c.dtype(0), scores);
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
                                  .max_inputs = 7,
                                  .max_outputs = 2,
                                  .infer = infer,
                                  .reference = attention_reference,
                                  .flops = flops,
                                  .tactics = attention_tactics,
                                  .costly = true};

}  // namespace vireo::ops
