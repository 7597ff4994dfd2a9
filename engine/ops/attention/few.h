#pragma once
// attention on processors for few queries (decoders, a token at a time), and what these tactics share with those that
// pack keys and values (kernels.cpp).

#include "engine/graph/tactic.h"
#include "engine/ops/attention/geometry.h"
#include "engine/ops/attention/rows.h"

namespace vireo::ops {

inline constexpr const char* kAttentionLengthFault = "attention: a length is not between 0 and the number of keys";

[[nodiscard]] bool attention_has_mask(const graph::Problem& problem);
[[nodiscard]] bool attention_has_sinks(const graph::Problem& problem);
/// Of the mask, in elements; zeros without one.
[[nodiscard]] AttentionSteps attention_mask_steps(const graph::Problem& problem, const AttentionGeometry& geometry);
/// Input `index` as integers where the limits say that there is one: layers may have fewer slots.
[[nodiscard]] inline const std::int64_t* attention_places(const graph::TileArgs& args, bool present,
                                                          std::size_t index) {
  return present ? static_cast<const std::int64_t*>(args.inputs[index]) : nullptr;
}
/// What all tactics for processors refuse.
[[nodiscard]] std::string refuse_attention_cpu(const graph::Problem& problem);

[[nodiscard]] std::string refuse_attention_few(const graph::Problem& problem);
[[nodiscard]] graph::Launch prepare_attention_few(const graph::Problem& problem, const AttentionRows& rows);
[[nodiscard]] double predict_attention_few(const graph::Problem& problem);

template <AttentionRows (*kRows)()>
[[nodiscard]] graph::Launch prepare_attention_few(const graph::Problem& problem) {
  return prepare_attention_few(problem, kRows());
}

}  // namespace vireo::ops
