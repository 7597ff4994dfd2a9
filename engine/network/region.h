#pragma once
// A condition or a loop while its bodies are being made: what they read of the network around, and what finish() needs.
// Belongs to the If or Loop.

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "engine/api/control_flow.h"
#include "engine/network/adding.h"

namespace vireo {

struct Network::Body::Region {
  Region(graph::Graph& around_graph, Notes& around_notes, std::string called, std::size_t count);

  /// The tensor of the network around as the body has it.
  Tensor capture(const Body& body, Tensor tensor);
  /// What is wrong inside goes to the network around. Returns whether all is well.
  bool collect(const std::vector<const char*>& names);
  /// The body as text; constants that are not written inline become inputs of the layer behind those it has.
  std::string text_of(std::size_t body, std::vector<Tensor>& inputs);

  [[nodiscard]] graph::Graph& graph_of(std::size_t body) { return bodies[body]->graph(); }
  [[nodiscard]] Notes& notes_of(std::size_t body) { return *bodies[body]->notes_; }
  [[nodiscard]] std::size_t outputs_of(std::size_t body) { return graph_of(body).outputs().size(); }
  [[nodiscard]] graph::TensorId output_of(std::size_t body, std::size_t k) {
    return graph_of(body).outputs()[k].tensor;
  }

  graph::Graph& graph;
  Notes& notes;
  std::string name;
  bool finished = false;
  std::vector<std::unique_ptr<Body>> bodies;
  std::vector<Tensor> captured;                  ///< of the network around: an input of each body, in this order
  std::map<graph::TensorId, std::size_t> place;  ///< in `captured`
  std::vector<std::vector<Tensor>> inside;       ///< by body: what stands for them

  // Of conditions
  Tensor condition;
  // Of loops
  LoopInputs loop;
  Tensor iteration, holds, again;
  std::vector<Tensor> carried, next, stacked;
};

}  // namespace vireo
