#pragma once
// How transpose_sinking moves a transpose through one layer: y = f(transpose(x, perm)) becomes transpose(g(x), perm').

#include <cstdint>
#include <vector>

#include "engine/passes/edit.h"

namespace vireo::passes {

using Perm = std::vector<std::int64_t>;

[[nodiscard]] Perm inverse(const Perm& perm);
[[nodiscard]] bool is_identity(const Perm& perm);

/// The layer as it will be: inputs and attributes for untransposed data, and the permutation that its outputs still
/// need.
struct Sunk {
  std::vector<TensorId> inputs;
  Attributes attributes;
  Perm perm;
  std::string op;
};

/// Rules for layers that read transposed data in input 0 alone. `x` is the untransposed tensor. Nothing when there is
/// no rule.
[[nodiscard]] std::optional<Sunk> sink_single(Graph& graph, LayerId layer, TensorId x, const Perm& perm);
/// A transpose can move through layers of this operator and usually stays what it is.
[[nodiscard]] bool lets_transposes_through(const graph::Operator& op);
/// The rule for reshape (sink_reshape.cpp).
[[nodiscard]] std::optional<Sunk> sink_reshape(Graph& graph, LayerId layer, TensorId x, const Perm& perm);

}  // namespace vireo::passes
