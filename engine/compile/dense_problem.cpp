#include "engine/compile/dense_problem.h"

#include <algorithm>

namespace vireo::compile {

graph::Problem dense_problem(const graph::Graph& g, graph::LayerId id, const CompileOptions& options) {
  const graph::Layer& layer = g.layer(id);
  graph::Problem problem{.op = layer.op, .attributes = &layer.attributes, .target = options.target};
  const auto desc = [&](graph::TensorId t) {
    if (t == graph::kNone) return graph::Desc{};
    const graph::Tensor& tensor = g.tensor(t);
    return graph::Desc{tensor.dtype, tensor.dims, tensor.dims.empty() ? 0 : tensor.dims.back(), tensor.constant};
  };
  for (graph::TensorId t : layer.inputs) problem.inputs.push_back(desc(t));
  for (graph::TensorId t : layer.outputs) problem.outputs.push_back(desc(t));
  return problem;
}

bool has_kernel(const graph::Graph& g, graph::LayerId id, const CompileOptions& options) {
  const auto is_known = [&](graph::TensorId t) { return t == graph::kNone || g.tensor(t).is_static(); };
  if (!std::ranges::all_of(g.layer(id).outputs, is_known)) return false;
  return std::ranges::any_of(candidates(dense_problem(g, id, options), options),
                             [](const Candidate& c) { return c.tactic && c.refused.empty(); });
}

}  // namespace vireo::compile
