#pragma once
// What a network should give, and how far each number may be from that: its references node by node
// (engine/graph/evaluate.h), and the same again with every value moved by about a rounding error or two, which shows
// where a graph is ill-conditioned or discontinuous. Pure functions; any thread.

#include <vector>

#include "engine/graph/graph.h"

namespace vireo::graphs_testing {

struct Expected {
  std::vector<graph::ConstantPtr> outputs;                 ///< of the references
  std::vector<std::vector<graph::ConstantPtr>> disturbed;  ///< the same outputs, values moved on the way
};

/// Throws what the references throw. `inexact`: convolutions may have errors relative to their largest outputs.
[[nodiscard]] Expected expect_outputs(const graph::Graph& graph, const std::vector<graph::ConstantPtr>& inputs,
                                      bool inexact);

/// What a comparison found.
struct Comparison {
  std::string difference;  ///< empty: none
  std::int64_t elements = 0;
  std::int64_t unchecked = 0;  ///< elements that disturbances move so much that nothing can be said
};

/// One output against what is expected of it.
[[nodiscard]] Comparison compare_output(const Expected& expected, std::size_t k, const graph::Constant& found);

}  // namespace vireo::graphs_testing
