// Operators that make values out of attributes or shapes, and If.

#include <onnx/onnx_pb.h>

#include "engine/base/text.h"
#include "engine/import/onnx/builder.h"
#include "engine/import/onnx/constants.h"
#include "engine/import/onnx/handlers.h"
#include "engine/import/onnx/ml.h"

namespace vireo::importer {
namespace {

void constant(Node& node) {
  const auto as_integers = [](const std::vector<std::int64_t>& values, const Dims& dims) {
    return graph::make_constant(DataType::int64, dims, values.data(), values.size() * sizeof(std::int64_t));
  };
  const auto as_floats = [](const std::vector<double>& values, const Dims& dims) {
    return graph::make_constant(std::vector<float>(values.begin(), values.end()), dims);
  };
  ConstantPtr value;
  if (node.has("value")) value = node.tensor("value");
  if (node.has("value_float")) value = as_floats({node.real("value_float", 0)}, {});
  if (node.has("value_int")) value = as_integers({node.integer("value_int", 0)}, {});
  if (node.has("value_floats")) {
    const std::vector<double> values = node.reals("value_floats");
    value = as_floats(values, {static_cast<std::int64_t>(values.size())});
  }
  if (node.has("value_ints")) {
    const std::vector<std::int64_t> values = node.integers("value_ints");
    value = as_integers(values, {static_cast<std::int64_t>(values.size())});
  }
  if (node.has("value_string")) value = constant_of_texts({node.text("value_string", "")}, {});
  if (node.has("value_strings")) {
    const std::vector<std::string> values = node.texts("value_strings");
    value = constant_of_texts(values, {static_cast<std::int64_t>(values.size())});
  }
  if (node.has("sparse_value")) node.refuse("a sparse constant");
  node.require(value != nullptr, "the constant has no value");
  const std::string& name = node.proto().output_size() > 0 ? node.proto().output(0) : node.proto().name();
  node.result(0, node.builder().add_constant(name, std::move(value)));
}

void constant_of_shape(Node& node) {
  Attributes attributes;
  DataType dtype = DataType::float32;
  double value = 0;
  if (const ConstantPtr given = node.tensor("value")) {
    node.require(given->count() == 1, "attribute 'value' should have one element");
    dtype = given->dtype;
    if (dtype == DataType::string) node.refuse("a tensor filled with a text");
    value = graph::to_reals(*given)[0];
  }
  attributes.set("value", value);
  attributes.set("dtype", std::string(to_string(dtype)));
  node.result(0, node.emit("constant_of_shape", {node.input(0)}, std::move(attributes)));
}

void range(Node& node) { node.result(0, node.emit("range", {node.input(0), node.input(1), node.input(2)})); }

void eye_like(Node& node) {
  Attributes attributes;
  const TensorId x = node.input(0);
  attributes.set("k", node.integer("k", 0));
  DataType dtype = node.dtype(x);
  if (node.has("dtype")) dtype = dtype_from_onnx(node.integer("dtype", 0));
  if (dtype == DataType::undefined || dtype == DataType::string) node.refuse("an element type that is not supported");
  attributes.set("dtype", std::string(to_string(dtype)));
  node.result(0, node.emit("eye_like", {x}, std::move(attributes)));
}

/// Where the condition is known now, its branch takes the node's place; else both are kept until it is.
void if_node(Node& node) {
  const auto branch = [&node](const char* name) -> const onnx::GraphProto& {
    for (const onnx::AttributeProto& attribute : node.proto().attribute())
      if (attribute.name() == name && attribute.has_g()) return attribute.g();
    node.fail(base::str("attribute '", name, "' is missing"));
  };
  const std::optional<bool> condition = known_condition(node.graph(), node.input(0));
  if (condition) return node.builder().inline_branch(branch(*condition ? "then_branch" : "else_branch"), node.proto());
  node.builder().keep_branches(branch("then_branch"), branch("else_branch"), node.proto(), node.input(0));
}

constexpr Row kRows[] = {{"Constant", constant},
                         {"ConstantOfShape", constant_of_shape},
                         {"Range", range},
                         {"EyeLike", eye_like},
                         {"If", if_node}};

}  // namespace

std::span<const Row> source_rows() { return kRows; }

}  // namespace vireo::importer
