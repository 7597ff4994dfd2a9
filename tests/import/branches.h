#pragma once
// Models with branches whose condition is not known at import, made of the pieces of model.h.

#include "tests/import/model.h"

namespace vireo::import_testing {

inline onnx::GraphProto& give(onnx::GraphProto& graph, const std::string& name) {
  graph.add_output()->set_name(name);
  return graph;
}
inline onnx::GraphProto branch_of(const std::string& op, const std::vector<std::string>& inputs) {
  onnx::GraphProto graph;
  add_node(graph, op, inputs, {"t"});
  return give(graph, "t");
}
inline std::vector<Attribute> branches(const onnx::GraphProto& holds, const onnx::GraphProto& fails) {
  return {{"then_branch", holds}, {"else_branch", fails}};
}

/// c = the sum of x is above zero.
inline Model& decide_by_data(Model& model, const std::string& x = "x", const std::string& c = "c") {
  model.constant(c + "_zero", {}, Floats{0});
  model.node("ReduceSum", {x}, {c + "_sum"}, {{"keepdims", std::int64_t{0}}});
  return model.node("Greater", {c + "_sum", c + "_zero"}, {c});
}

/// c = extent `axis` of x is `extent`.
inline Model& decide_by_extent(Model& model, std::int64_t axis, std::int64_t extent) {
  model.constant("at", Ints{axis}).constant("wanted", Ints{extent});
  model.node("Shape", {"x"}, {"s"}).node("Gather", {"s", "at"}, {"d"});
  return model.node("Equal", {"d", "wanted"}, {"c"});
}

/// relu(squeeze of axis 1 where its extent is 1) of x [n, n, 2].
inline Model squeeze_model() {
  Model model(13);
  model.input("x", {-1, -1, 2}).constant("axes", Ints{1});
  model.proto.mutable_graph()
      ->mutable_input(0)
      ->mutable_type()
      ->mutable_tensor_type()
      ->mutable_shape()
      ->mutable_dim(0)
      ->set_dim_param("rows");
  decide_by_extent(model, 1, 1);
  model.node("If", {"c"}, {"q"}, branches(branch_of("Squeeze", {"x", "axes"}), branch_of("Identity", {"x"})));
  return std::move(model.node("Relu", {"q"}, {"y"}).output("y"));
}

}  // namespace vireo::import_testing
