#pragma once
// A part of a graph as a graph of its own. One thread.

#include <string>
#include <vector>

#include "engine/graph/graph.h"

namespace vireo::graph {

/// Copies tensors and layers of one graph into another, which shares the constants. Tensors keep their names, types
/// follow when the other graph infers them.
class Extract {
 public:
  Extract(const Graph& from, Graph& to)
      : from_(from), to_(to), map_(static_cast<std::size_t>(from.tensor_count()), kNone) {}
  /// The tensor becomes an input of the other graph, under this name.
  void input(TensorId tensor, const std::string& name);
  /// The other graph's copy, made if need be; kNone for kNone.
  TensorId tensor(TensorId tensor);
  void layer(LayerId layer);

 private:
  const Graph& from_;
  Graph& to_;
  std::vector<TensorId> map_;
};

}  // namespace vireo::graph
