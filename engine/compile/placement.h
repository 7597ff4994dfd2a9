#pragma once
// Where each tensor of a static graph lives: in a block of its own, or as a view into another tensor's block, so that
// reshapes, concats, splits and slices need no copy. Pure function of the graph.

#include <cstdint>
#include <functional>
#include <vector>

#include "engine/graph/graph.h"
#include "engine/graph/tactic.h"

namespace vireo::compile {

struct CompileOptions;

struct TensorPlace {
  graph::TensorId root = graph::kNone;  ///< the tensor whose block this is (itself when it owns one)
  std::size_t offset = 0;               ///< bytes into the root's block
  std::int64_t pitch = 0;               ///< elements between rows of the innermost axis
  std::size_t span = 0;                 ///< bytes from the first element to the end of the last
  std::size_t row_bytes = 0;            ///< bytes of one row where rows lie apart, else span
  std::size_t pitch_bytes = 0;          ///< pitch in bytes where rows lie apart, else 0
};

struct Placement {
  std::vector<TensorPlace> tensors;  ///< by tensor id
  std::vector<char> elided;          ///< by layer id: no step is needed
};

/// Every tensor in a block of its own, dense; no layer is left out.
[[nodiscard]] Placement dense_placement(const graph::Graph& graph);
[[nodiscard]] Placement place(const graph::Graph& graph, const std::vector<graph::LayerId>& order,
                              const CompileOptions& options);

/// The problem of one layer under a placement.
[[nodiscard]] graph::Problem problem_of(const graph::Graph& graph, graph::LayerId layer, const Placement& placement,
                                        const CompileOptions& options);

/// Two places share bytes.
[[nodiscard]] bool share_bytes(const TensorPlace& a, const TensorPlace& b);

}  // namespace vireo::compile
