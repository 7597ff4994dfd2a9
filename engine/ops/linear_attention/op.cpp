// Attention as a recurrence over a state S [depth, width] a head, which each entry t changes in turn: S is scaled by
// e^g (`update_rule` gated, gated_delta), what S has for the key is taken off the value, which is then scaled by a rate
// b (delta, gated_delta), and k vᵀ is added; the output is scale · Sᵀ q. q: [batch, entries, q_num_heads * depth], k:
// [batch, entries, kv_num_heads * depth], v: [batch, entries, kv_num_heads * width]; heads of q share states in equal
// groups. Input 3, the state before [batch, kv_num_heads, depth, width], is zero where absent; input 4, g: [batch,
// entries, kv_num_heads or kv_num_heads * depth]; input 5, b: [batch, entries, kv_num_heads or 1]. `scale` 0 is
// 1 / sqrt(depth). Outputs: [batch, entries, q_num_heads * width], and the state after, of the type of that before.
#include <cmath>

#include "engine/ops/linear_attention/geometry.h"
#include "engine/ops/shared/shape.h"

namespace vireo::ops {

void linear_attention_reference(const EvalContext&);
std::span<const Tactic> linear_attention_tactics();

namespace {

std::int64_t one_of(InferContext& c, int index, std::int64_t heads) {
  const std::int64_t all = c.dims(index)[2];
  c.require(all == kUnknown || all % heads == 0, "the last axis of input " + std::to_string(index) +
                                                     " must be a multiple of its heads, " + std::to_string(heads));
  return all == kUnknown ? kUnknown : all / heads;
}

/// Decay and rate are there when the rule needs them, and only then.
void check_gates(InferContext& c, std::int64_t heads, std::int64_t depth) {
  const std::string rule = c.attributes().text("update_rule", "gated_delta");
  c.require(rule == "linear" || rule == "gated" || rule == "delta" || rule == "gated_delta",
            "the update_rule must be linear, gated, delta or gated_delta, not '" + rule + "'");
  const bool decays = rule == "gated" || rule == "gated_delta", corrects = rule == "delta" || rule == "gated_delta";
  c.require(c.has_input(static_cast<int>(kLinearDecay)) == decays,
            "rule " + rule + (decays ? " needs" : " has no") + " decay");
  c.require(c.has_input(static_cast<int>(kLinearRate)) == corrects,
            "rule " + rule + (corrects ? " needs" : " has no") + " rate");
  for (const std::size_t k : {kLinearDecay, kLinearRate}) {
    const int index = static_cast<int>(k);
    if (!c.has_input(index)) continue;
    require_float(c, index);
    require_rank(c, index, 3, 3);
    require_extent(c, index, 0, c.dims(0)[0], "one batch");
    require_extent(c, index, 1, c.dims(0)[1], "one number of entries");
    const std::int64_t last = c.dims(index)[2], other = k == kLinearRate    ? 1
                                                        : depth == kUnknown ? kUnknown
                                                                            : heads * depth;
    c.require(last == kUnknown || other == kUnknown || last == heads || last == other,
              "the last axis of input " + std::to_string(index) + " must be " + std::to_string(heads) + " or " +
                  std::to_string(other));
  }
}

void infer(InferContext& c) {
  const std::int64_t heads = c.attributes().integer("q_num_heads", 0),
                     key_heads = c.attributes().integer("kv_num_heads", 0);
  c.require(heads > 0 && key_heads > 0 && heads % key_heads == 0,
            "q_num_heads and kv_num_heads must be given, the former a multiple of the latter");
  for (int k = 0; k < 3; ++k) {
    require_float(c, k);
    require_same_type(c, k);
    require_rank(c, k, 3, 3);
    require_extent(c, k, 0, c.dims(0)[0], "one batch");
    require_extent(c, k, 1, c.dims(0)[1], "one number of entries");
  }
  (void)c.attributes().real("scale", 0);
  const std::int64_t q_depth = one_of(c, 0, heads), k_depth = one_of(c, 1, key_heads), width = one_of(c, 2, key_heads);
  c.require(q_depth == kUnknown || k_depth == kUnknown || q_depth == k_depth, "q and k have one depth");
  const std::int64_t depth = q_depth == kUnknown ? k_depth : q_depth;
  check_gates(c, key_heads, depth);
  const Dims state{c.dims(0)[0], key_heads, depth, width};
  const int before = static_cast<int>(kLinearState);
  if (c.has_input(before)) {
    require_float(c, before);
    require_rank(c, before, 4, 4);
    for (std::size_t i = 0; i < 4; ++i)
      require_extent(c, before, i, state[i], "the state is [batch, heads, depth, width]");
  }
  c.output(0, c.dtype(0), {c.dims(0)[0], c.dims(0)[1], checked_mul(c, width, heads, "the last axis of the output")});
  c.output(1, c.has_input(before) ? c.dtype(before) : c.dtype(0), state);
}

double flops(const Problem& p) {
  const LinearAttention g =
      linear_attention_geometry(*p.attributes, p.inputs[0].dims, p.inputs[2].dims, nullptr, nullptr);
  return static_cast<double>(g.batch * g.entries) * static_cast<double>(3 * g.key_heads + 2 * g.heads) *
         static_cast<double>(g.depth) * static_cast<double>(g.width);
}

}  // namespace

LinearAttention linear_attention_geometry(const graph::Attributes& attributes, const Dims& q, const Dims& v,
                                          const Dims* decay, const Dims* rate) {
  LinearAttention g{.batch = q[0],
                    .entries = q[1],
                    .heads = attributes.integer("q_num_heads", 1),
                    .key_heads = attributes.integer("kv_num_heads", 1),
                    .decays = decay != nullptr,
                    .corrects = rate != nullptr};
  g.depth = q[2] / g.heads;
  g.width = v[2] / g.key_heads;
  g.decay_each = decay && (*decay)[2] != g.key_heads;
  g.rate_each = rate && (*rate)[2] != 1;
  const double given = attributes.real("scale", 0);
  g.scale = given != 0 ? given : 1 / std::sqrt(static_cast<double>(g.depth > 0 ? g.depth : 1));
  return g;
}

extern const Operator linear_attention_operator;
const Operator linear_attention_operator{.name = "linear_attention",
                                         .min_inputs = 3,
                                         .max_inputs = 6,
                                         .max_outputs = 2,
                                         .infer = infer,
                                         .reference = linear_attention_reference,
                                         .flops = flops,
                                         .tactics = linear_attention_tactics,
                                         .costly = true};

}  // namespace vireo::ops
