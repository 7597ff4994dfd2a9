#pragma once
// Small ONNX models made in the tests, through the protobuf classes, and their results by the references.

#include <gtest/gtest.h>
#include <onnx/onnx_pb.h>

#include <initializer_list>
#include <string>
#include <variant>
#include <vector>

#include "engine/api/network.h"
#include "engine/graph/evaluate.h"
#include "engine/graph/operator.h"

namespace vireo::import_testing {

using Ints = std::vector<std::int64_t>;
using Floats = std::vector<float>;
using Texts = std::vector<std::string>;

struct Attribute {
  std::string name;
  std::variant<std::int64_t, float, std::string, Ints, Floats, Texts, onnx::TensorProto, onnx::GraphProto> value;
};

inline onnx::TensorProto tensor_of(const std::string& name, const Dims& dims, const Floats& values) {
  onnx::TensorProto tensor;
  tensor.set_name(name);
  tensor.set_data_type(onnx::TensorProto::FLOAT);
  for (const std::int64_t extent : dims) tensor.add_dims(extent);
  for (const float value : values) tensor.add_float_data(value);
  return tensor;
}

inline onnx::TensorProto tensor_of(const std::string& name, const Dims& dims, const Ints& values) {
  onnx::TensorProto tensor;
  tensor.set_name(name);
  tensor.set_data_type(onnx::TensorProto::INT64);
  for (const std::int64_t extent : dims) tensor.add_dims(extent);
  for (const std::int64_t value : values) tensor.add_int64_data(value);
  return tensor;
}

inline void set_attribute(onnx::NodeProto& node, const Attribute& attribute) {
  onnx::AttributeProto& a = *node.add_attribute();
  a.set_name(attribute.name);
  if (const auto* v = std::get_if<std::int64_t>(&attribute.value)) {
    a.set_type(onnx::AttributeProto::INT);
    a.set_i(*v);
  } else if (const auto* real = std::get_if<float>(&attribute.value)) {
    a.set_type(onnx::AttributeProto::FLOAT);
    a.set_f(*real);
  } else if (const auto* text = std::get_if<std::string>(&attribute.value)) {
    a.set_type(onnx::AttributeProto::STRING);
    a.set_s(*text);
  } else if (const auto* ints = std::get_if<Ints>(&attribute.value)) {
    a.set_type(onnx::AttributeProto::INTS);
    for (const std::int64_t item : *ints) a.add_ints(item);
  } else if (const auto* floats = std::get_if<Floats>(&attribute.value)) {
    a.set_type(onnx::AttributeProto::FLOATS);
    for (const float item : *floats) a.add_floats(item);
  } else if (const auto* texts = std::get_if<Texts>(&attribute.value)) {
    a.set_type(onnx::AttributeProto::STRINGS);
    for (const std::string& item : *texts) a.add_strings(item);
  } else if (const auto* tensor = std::get_if<onnx::TensorProto>(&attribute.value)) {
    a.set_type(onnx::AttributeProto::TENSOR);
    *a.mutable_t() = *tensor;
  } else if (const auto* graph = std::get_if<onnx::GraphProto>(&attribute.value)) {
    a.set_type(onnx::AttributeProto::GRAPH);
    *a.mutable_g() = *graph;
  }
}

template <typename Owner>
onnx::NodeProto& add_node(Owner& owner, const std::string& op, const std::vector<std::string>& inputs,
                          const std::vector<std::string>& outputs, const std::vector<Attribute>& attributes = {},
                          const std::string& domain = "") {
  onnx::NodeProto& node = *owner.add_node();
  node.set_op_type(op);
  node.set_domain(domain);
  for (const std::string& input : inputs) node.add_input(input);
  for (const std::string& output : outputs) node.add_output(output);
  for (const Attribute& attribute : attributes) set_attribute(node, attribute);
  return node;
}

inline Network import_bytes(const std::string& bytes, const std::filesystem::path& folder = {}) {
  return import_onnx(std::as_bytes(std::span(bytes)), folder);
}

class Model {
 public:
  explicit Model(std::int64_t opset = 17) {
    proto.set_ir_version(8);
    proto.mutable_graph()->set_name("test");
    import("", opset);
  }
  Model& import(const std::string& domain, std::int64_t version) {
    auto* id = proto.add_opset_import();
    id->set_domain(domain);
    id->set_version(version);
    return *this;
  }
  /// Extents below 0 become the symbol "n".
  Model& input(const std::string& name, const Dims& dims, int type = onnx::TensorProto::FLOAT) {
    auto* info = proto.mutable_graph()->add_input();
    info->set_name(name);
    auto* tensor = info->mutable_type()->mutable_tensor_type();
    tensor->set_elem_type(type);
    tensor->mutable_shape();
    for (const std::int64_t extent : dims) {
      auto* dim = tensor->mutable_shape()->add_dim();
      if (extent < 0) dim->set_dim_param("n");
      else dim->set_dim_value(extent);
    }
    return *this;
  }
  Model& constant(const std::string& name, const Dims& dims, const Floats& values) {
    *proto.mutable_graph()->add_initializer() = tensor_of(name, dims, values);
    return *this;
  }
  Model& constant(const std::string& name, const Ints& values) {
    *proto.mutable_graph()->add_initializer() = tensor_of(name, {static_cast<std::int64_t>(values.size())}, values);
    return *this;
  }
  Model& node(const std::string& op, const std::vector<std::string>& inputs, const std::vector<std::string>& outputs,
              const std::vector<Attribute>& attributes = {}, const std::string& domain = "") {
    add_node(*proto.mutable_graph(), op, inputs, outputs, attributes, domain);
    return *this;
  }
  Model& output(const std::string& name) {
    proto.mutable_graph()->add_output()->set_name(name);
    return *this;
  }
  [[nodiscard]] std::string bytes() const { return proto.SerializeAsString(); }
  [[nodiscard]] Network load() const { return import_bytes(bytes()); }

  onnx::ModelProto proto;
};

inline std::vector<double> ramp(std::int64_t count, double step = 1, double start = 0) {
  std::vector<double> values;
  for (std::int64_t i = 0; i < count; ++i) values.push_back(start + step * static_cast<double>(i));
  return values;
}

/// Output `k` for float inputs given as flat values; unknown extents are taken as `n`.
inline std::vector<double> run(const Network& network, const std::vector<std::vector<double>>& inputs,
                               std::int64_t n = 2, std::size_t k = 0, Dims* dims = nullptr) {
  std::vector<graph::ConstantPtr> constants;
  const graph::Graph& g = network.graph();
  for (std::size_t i = 0; i < g.inputs().size(); ++i) {
    Dims extents = g.tensor(g.inputs()[i]).dims;
    for (std::int64_t& extent : extents)
      if (extent < 0) extent = n;
    const DataType dtype = g.tensor(g.inputs()[i]).dtype;
    const graph::MutableConstant value = graph::new_constant(dtype, extents);
    for (std::size_t j = 0; j < inputs[i].size(); ++j) {
      if (dtype == DataType::float32) value.as<float>()[j] = static_cast<float>(inputs[i][j]);
      if (dtype == DataType::int64) value.as<std::int64_t>()[j] = static_cast<std::int64_t>(inputs[i][j]);
      if (dtype == DataType::boolean) value.as<std::uint8_t>()[j] = inputs[i][j] != 0;
    }
    constants.push_back(value.constant);
  }
  const graph::ConstantPtr result = graph::evaluate_graph(g, constants).at(k);
  if (dims != nullptr) *dims = result->dims;
  return graph::to_reals(*result);
}

/// The message of the error that loading gives; fails when it gives none.
inline std::string error_of(const std::string& bytes, ErrorCode* code = nullptr,
                            const std::filesystem::path& folder = {}) {
  try {
    (void)import_bytes(bytes, folder);
  } catch (const Error& error) {
    if (code != nullptr) *code = error.code();
    return error.what();
  }
  ADD_FAILURE() << "the model was accepted";
  return "";
}

#define EXPECT_VALUES(found, ...)                                      \
  do {                                                                 \
    const std::vector<double> values_ = found, wanted_ = __VA_ARGS__;  \
    ASSERT_EQ(values_.size(), wanted_.size());                         \
    for (std::size_t i_ = 0; i_ < values_.size(); ++i_)                \
      EXPECT_NEAR(values_[i_], wanted_[i_], 1e-5) << "element " << i_; \
  } while (false)

}  // namespace vireo::import_testing
