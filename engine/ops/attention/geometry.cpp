#include "engine/ops/attention/geometry.h"

#include <cmath>

namespace vireo::ops {

AttentionGeometry attention_geometry(const graph::Attributes& attributes, const Dims& q, const Dims& k, const Dims& v) {
  AttentionGeometry g{.batch = q[0], .flat_q = q.size() == 3, .flat_k = k.size() == 3, .flat_v = v.size() == 3};
  g.heads = g.flat_q ? attributes.integer("q_num_heads", 1) : q[1];
  g.key_heads = g.flat_k && g.flat_v ? attributes.integer("kv_num_heads", 1) : g.flat_k ? v[1] : k[1];
  g.queries = g.flat_q ? q[1] : q[2];
  g.keys = g.flat_k ? k[1] : k[2];
  g.depth = g.flat_q ? q[2] / g.heads : q[3];
  g.width = g.flat_v ? v[2] / g.key_heads : v[3];
  return g;
}

double attention_scale(const graph::Attributes& attributes, const AttentionGeometry& g) {
  return attributes.real("scale", 1 / std::sqrt(static_cast<double>(std::max<std::int64_t>(g.depth, 1))));
}

Dims attention_mask_extents(const AttentionGeometry& g, const Dims& mask) {
  const bool narrow = !mask.empty() && mask.back() != 1 && mask.back() < g.keys;
  return {g.batch, g.heads, g.queries, narrow ? mask.back() : g.keys};
}

AttentionLimits attention_limits(const graph::Attributes& attributes, const AttentionGeometry& g,
                                 const std::vector<const Dims*>& inputs) {
  const auto input = [&inputs](std::size_t k) { return k < inputs.size() ? inputs[k] : nullptr; };
  const auto many = [](const Dims* dims) { return dims && !dims->empty() && dims->front() != 1; };
  const Dims *mask = input(kAttentionMask), *offsets = input(kAttentionOffsets), *lengths = input(kAttentionLengths);
  return {.keys = mask ? attention_mask_extents(g, *mask)[3] : g.keys,
          .left = attributes.integer("left_window", -1),
          .right = attributes.integer("right_window", -1),
          .causal = attributes.integer("is_causal", 0) != 0,
          .offsets = offsets != nullptr,
          .lengths = lengths != nullptr,
          .many_offsets = many(offsets),
          .many_lengths = many(lengths)};
}

AttentionLimits attention_limits(const graph::Problem& problem, const AttentionGeometry& g) {
  std::vector<const Dims*> inputs;
  for (const graph::Desc& desc : problem.inputs) inputs.push_back(desc.present() ? &desc.dims : nullptr);
  return attention_limits(*problem.attributes, g, inputs);
}

}  // namespace vireo::ops
