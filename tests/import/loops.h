#pragma once
// Bodies of loops, made of the pieces of model.h.

#include "tests/import/branches.h"
#include "tests/import/model.h"

namespace vireo::import_testing {

inline onnx::GraphProto& take(onnx::GraphProto& graph, const std::string& name, int type = onnx::TensorProto::FLOAT) {
  auto* info = graph.add_input();
  info->set_name(name);
  info->mutable_type()->mutable_tensor_type()->set_elem_type(type);
  return graph;
}
inline onnx::GraphProto& take_sequence(onnx::GraphProto& graph, const std::string& name) {
  auto* info = graph.add_input();
  info->set_name(name);
  info->mutable_type()->mutable_sequence_type()->mutable_elem_type()->mutable_tensor_type()->set_elem_type(
      onnx::TensorProto::FLOAT);
  return graph;
}

/// A body that takes number and condition, and carries these.
inline onnx::GraphProto body_of(const std::vector<std::string>& carried) {
  onnx::GraphProto graph;
  take(graph, "i", onnx::TensorProto::INT64);
  take(graph, "go", onnx::TensorProto::BOOL);
  for (const std::string& name : carried) take(graph, name);
  return graph;
}
inline onnx::GraphProto& give_all(onnx::GraphProto& graph, const std::vector<std::string>& names) {
  for (const std::string& name : names) give(graph, name);
  return graph;
}
inline std::vector<Attribute> with_body(const onnx::GraphProto& body) { return {{"body", body}}; }

inline onnx::TensorProto one_integer(const std::string& name, std::int64_t value) {
  onnx::TensorProto tensor;
  tensor.set_name(name);
  tensor.set_data_type(onnx::TensorProto::INT64);
  tensor.add_int64_data(value);
  return tensor;
}

/// trips = the sum of x, as a whole number.
inline Model& trips_by_data(Model& model, const std::string& x = "x") {
  model.node("ReduceSum", {x}, {"trips_sum"}, {{"keepdims", std::int64_t{0}}});
  return model.node("Cast", {"trips_sum"}, {"trips"}, {{"to", std::int64_t{7}}});
}

inline int layers_named(const Network& network, std::string_view op) {
  int count = 0;
  const graph::Graph& g = network.graph();
  for (graph::LayerId id = 0; id < g.layer_count(); ++id)
    count += g.layer(id).alive() && g.layer(id).op->name == op ? 1 : 0;
  return count;
}

}  // namespace vireo::import_testing
