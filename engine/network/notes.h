#pragma once
// What a network that is made by hand knows beside its graph: what was wrong with it so far, and which tensors are the
// outputs of layers that failed. One network, one thread.

#include <map>
#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

#include "engine/api/error.h"
#include "engine/api/network.h"
#include "engine/base/text.h"
#include "engine/graph/graph.h"

namespace vireo {

struct NetworkLayers::Notes {
  struct Problem {
    ErrorCode code = ErrorCode::invalid_argument;
    std::string text;
  };

  Notes();  ///< with a number of its own

  std::uint32_t network;  ///< Tensor::network of this network's handles; clones share it
  std::vector<Problem> problems;
  std::unordered_set<graph::TensorId> failed;  ///< outputs of failed layers, and of layers that read those
  std::map<std::pair<graph::LayerId, std::size_t>, graph::LayerId> casts;  ///< of set_output_type, by layer and output

  void add(ErrorCode code, std::string text) { problems.push_back({code, std::move(text)}); }
  [[nodiscard]] Tensor handle(graph::TensorId id) const { return {id, id == graph::kNone ? 0 : network}; }
};

namespace network {

using Tensor = NetworkLayers::Tensor;
using Notes = NetworkLayers::Notes;

/// Why the handle is none of this network's; empty where it is one.
[[nodiscard]] std::string foreign(const graph::Graph& graph, const Notes& notes, Tensor tensor);
/// Types follow from what was edited; layers whose rule refuses their inputs leave them unknown.
void infer_again(graph::Graph& graph);
/// What was recorded, and what the layers' rules say to their inputs as they are now.
[[nodiscard]] std::vector<Notes::Problem> problems_of(const graph::Graph& graph, const Notes& notes);
/// One Error of them all. Throws it; none: returns.
void raise(const std::vector<Notes::Problem>& problems);

}  // namespace network
}  // namespace vireo
