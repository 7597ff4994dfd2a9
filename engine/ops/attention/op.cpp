// softmax(scale · q kᵀ + mask) v for each batch and head. q: [batch, heads, queries, depth], k: [batch, key heads,
// keys, depth], v: [batch, key heads, keys, value depth]; heads share keys in equal groups. mask (boolean: false hides;
// float: added) broadcasts to [batch, heads, queries, keys]. `scale` defaults to 1 / sqrt(depth); `is_causal` hides
// keys behind the query; `softcap` c replaces scores by c tanh(s / c) before the mask. Rows with every key hidden give
// 0.
#include "engine/ops/shared/shape.h"

namespace vireo::ops {

void attention_reference(const EvalContext&);

namespace {

void infer(InferContext& c) {
  require_float(c, 0);
  for (int i = 0; i < 3; ++i) {
    require_rank(c, i, 4, 4);
    require_extent(c, i, 0, c.dims(0)[0], "one batch");
    c.require(c.dtype(i) == c.dtype(0), "q, k and v must have one type");
  }
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
  const Dims &q = p.inputs[0].dims, &v = p.inputs[2].dims;
  return 2.0 * static_cast<double>(q[0] * q[1] * q[2]) * static_cast<double>(v[2]) *
         static_cast<double>(q[3] + v[3] + 5);
}

std::vector<Case> cases() {
  return {{.name = "plain", .inputs = {{2, 3, 5, 8}, {2, 3, 7, 8}, {2, 3, 7, 6}}},
          {.name = "masked",
           .inputs = {{1, 2, 4, 8}, {1, 2, 6, 8}, {1, 2, 6, 8}, {4, 6}},
           .attributes = attributes({{"scale", 0.25}})},
          {.name = "causal",
           .inputs = {{1, 2, 9, 8}, {1, 2, 9, 8}, {1, 2, 9, 8}},
           .attributes = attributes({{"is_causal", 1}})},
          {.name = "grouped", .inputs = {{1, 6, 9, 16}, {1, 2, 9, 16}, {1, 2, 9, 16}}},
          {.name = "tokens", .inputs = {{1, 3, 197, 64}, {1, 3, 197, 64}, {1, 3, 197, 64}}}};
}

}  // namespace

extern const Operator attention_operator;
const Operator attention_operator{.name = "attention",
                                  .min_inputs = 3,
                                  .max_inputs = 4,
                                  .infer = infer,
                                  .reference = attention_reference,
                                  .flops = flops,
                                  .cases = cases};

}  // namespace vireo::ops
