#include "tests/fuzz/export.h"

#include <onnx/onnx_pb.h>

#include <map>
#include <set>

#include "engine/api/text.h"
#include "engine/graph/operator.h"

namespace vireo::fuzz_testing {
namespace {

using graph::Attributes;
using graph::Graph;
using graph::TensorId;
using Names = std::map<std::string, std::string, std::less<>>;

const Names& unary_names() {
  static const Names kNames{{"relu", "Relu"},
                            {"leaky_relu", "LeakyRelu"},
                            {"sigmoid", "Sigmoid"},
                            {"hard_sigmoid", "HardSigmoid"},
                            {"hard_swish", "HardSwish"},
                            {"mish", "Mish"},
                            {"tanh", "Tanh"},
                            {"erf", "Erf"},
                            {"gelu", "Gelu"},
                            {"elu", "Elu"},
                            {"celu", "Celu"},
                            {"selu", "Selu"},
                            {"softplus", "Softplus"},
                            {"softsign", "Softsign"},
                            {"thresholded_relu", "ThresholdedRelu"},
                            {"shrink", "Shrink"},
                            {"clip", "Clip"},
                            {"exp", "Exp"},
                            {"log", "Log"},
                            {"sqrt", "Sqrt"},
                            {"reciprocal", "Reciprocal"},
                            {"abs", "Abs"},
                            {"neg", "Neg"},
                            {"sign", "Sign"},
                            {"floor", "Floor"},
                            {"ceil", "Ceil"},
                            {"round", "Round"},
                            {"sin", "Sin"},
                            {"cos", "Cos"},
                            {"tan", "Tan"},
                            {"asin", "Asin"},
                            {"acos", "Acos"},
                            {"atan", "Atan"},
                            {"sinh", "Sinh"},
                            {"cosh", "Cosh"},
                            {"asinh", "Asinh"},
                            {"acosh", "Acosh"},
                            {"atanh", "Atanh"},
                            {"not", "Not"},
                            {"bitwise_not", "BitwiseNot"},
                            {"isnan", "IsNaN"},
                            {"isinf", "IsInf"},
                            {"identity", "Identity"}};
  return kNames;
}

const Names& binary_names() {
  static const Names kNames{{"add", "Add"},
                            {"sub", "Sub"},
                            {"mul", "Mul"},
                            {"div", "Div"},
                            {"pow", "Pow"},
                            {"mod", "Mod"},
                            {"fmod", "Mod"},
                            {"min", "Min"},
                            {"max", "Max"},
                            {"prelu", "PRelu"},
                            {"equal", "Equal"},
                            {"less", "Less"},
                            {"less_equal", "LessOrEqual"},
                            {"greater", "Greater"},
                            {"greater_equal", "GreaterOrEqual"},
                            {"and", "And"},
                            {"or", "Or"},
                            {"xor", "Xor"},
                            {"bitshift_left", "BitShift"},
                            {"bitshift_right", "BitShift"},
                            {"bitwise_and", "BitwiseAnd"},
                            {"bitwise_or", "BitwiseOr"},
                            {"bitwise_xor", "BitwiseXor"}};
  return kNames;
}

/// Names of operators without families; those that differ in more than case.
const Names& plain_names() {
  static const Names kNames{{"cumsum", "CumSum"},
                            {"matmul", "MatMul"},
                            {"lrn", "LRN"},
                            {"gather_nd", "GatherND"},
                            {"scatter_nd", "ScatterND"},
                            {"batch_norm", "BatchNormalization"},
                            {"instance_norm", "InstanceNormalization"},
                            {"layer_norm", "LayerNormalization"},
                            {"group_norm", "GroupNormalization"},
                            {"rms_norm", "RMSNormalization"},
                            {"lp_normalize", "LpNormalization"},
                            {"mean_variance_normalize", "MeanVarianceNormalization"},
                            {"lstm", "LSTM"},
                            {"gru", "GRU"},
                            {"rnn", "RNN"}};
  return kNames;
}

std::string camel(std::string_view name) {
  std::string text;
  bool upper = true;
  for (const char c : name) {
    if (c != '_') text += upper ? static_cast<char>(c - 'a' + 'A') : c;
    upper = c == '_';
  }
  return text;
}

/// The ONNX operator of a layer, its attributes stripped of what named it; empty when there is none.
std::string operator_of(const graph::Layer& layer, Attributes& attributes) {
  const std::string_view op = layer.op->name;
  const auto take = [&](const char* name, const char* fallback) {
    const std::string text = attributes.text(name, fallback);
    attributes.erase(name);
    return text;
  };
  if (op == "image_input" || op == "channel_shuffle" || op == "conv_pair") return "";
  for (const char* fused : {"activation", "residual", "trans_a", "trans_b"})
    if (attributes.has(fused)) return "";
  if (op != "lstm" && op != "gru" && op != "rnn") {
    if (attributes.text("layout", "nchw") == "nhwc") return "";
    attributes.erase("layout");
  }
  if (op == "unary" || op == "binary") {
    const std::string function = take("function", "");
    if (function == "fmod") attributes.set("fmod", std::int64_t{1});
    if (function.rfind("bitshift", 0) == 0)
      attributes.set("direction", std::string(function == "bitshift_left" ? "LEFT" : "RIGHT"));
    const Names& names = op == "unary" ? unary_names() : binary_names();
    const auto it = names.find(function);
    return it == names.end() ? "" : it->second;
  }
  if (op == "pool") {
    const std::string mode = take("mode", "max");
    return mode == "max" ? "MaxPool" : mode == "lp" ? "LpPool" : "AveragePool";
  }
  if (op == "reduce") return "Reduce" + camel(take("mode", "sum"));
  if (op == "arg_reduce") return "Arg" + camel(take("mode", "max"));
  if (op == "softmax") {
    const std::string mode = take("mode", "softmax");
    return mode == "log_softmax" ? "LogSoftmax" : camel(mode);
  }
  const auto it = plain_names().find(op);
  return it == plain_names().end() ? camel(op) : it->second;
}

void fill(onnx::TensorProto& proto, const std::string& name, const graph::Constant& constant) {
  proto.set_name(name);
  proto.set_data_type(static_cast<int>(constant.dtype));
  for (const std::int64_t extent : constant.dims) proto.add_dims(extent);
  if (constant.dtype == DataType::string)
    for (std::int64_t i = 0; i < constant.count(); ++i)
      proto.add_string_data(std::string(text_of(constant.as<std::uint64_t>()[i])));
  else proto.set_raw_data(reinterpret_cast<const char*>(constant.read()), constant.bytes());
}

void set_attributes(onnx::NodeProto& node, const Attributes& attributes) {
  for (const auto& [name, value] : attributes.all()) {
    onnx::AttributeProto& a = *node.add_attribute();
    a.set_name(name);
    if (const auto* integer = std::get_if<std::int64_t>(&value)) {
      a.set_type(onnx::AttributeProto::INT);
      a.set_i(*integer);
    } else if (const auto* real = std::get_if<double>(&value)) {
      a.set_type(onnx::AttributeProto::FLOAT);
      a.set_f(static_cast<float>(*real));
    } else if (const auto* text = std::get_if<std::string>(&value)) {
      const bool type = name == "to" || name == "dtype" || name == "output_dtype";
      a.set_type(type                    ? onnx::AttributeProto::INT
                 : name == "activations" ? onnx::AttributeProto::STRINGS
                                         : onnx::AttributeProto::STRING);
      if (type) a.set_i(static_cast<int>(data_type_from(*text)));
      else if (name != "activations") a.set_s(*text);
      for (std::size_t at = 0; name == "activations" && at <= text->size();) {
        const std::size_t end = std::min(text->find(',', at), text->size());
        a.add_strings(text->substr(at, end - at));
        at = end + 1;
      }
    } else if (const auto* integers = std::get_if<std::vector<std::int64_t>>(&value)) {
      a.set_type(onnx::AttributeProto::INTS);
      for (const std::int64_t item : *integers) a.add_ints(item);
    } else if (const auto* reals = std::get_if<std::vector<double>>(&value)) {
      a.set_type(onnx::AttributeProto::FLOATS);
      for (const double item : *reals) a.add_floats(static_cast<float>(item));
    }
  }
}

/// Attributes that ONNX has as inputs or as tensors.
void move_attributes(onnx::GraphProto& g, onnx::NodeProto& node, Attributes& attributes, DataType type) {
  const auto constant = [&](const char* role, DataType dtype, const Dims& dims, const std::vector<double>& values) {
    onnx::TensorProto& t = *g.add_initializer();
    t.set_name(node.name() + "." + role);
    t.set_data_type(static_cast<int>(dtype));
    for (const std::int64_t extent : dims) t.add_dims(extent);
    for (const double v : values)
      if (dtype == DataType::int64) t.add_int64_data(static_cast<std::int64_t>(v));
      else t.add_float_data(static_cast<float>(v));
    return t.name();
  };
  if (node.op_type() == "Clip" && type == DataType::float32) {
    for (const char* bound : {"min", "max"}) {
      node.add_input(attributes.has(bound) ? constant(bound, type, {}, {attributes.real(bound, 0)}) : "");
      attributes.erase(bound);
    }
  }
  if (node.op_type() == "Split" && attributes.has("split")) {
    const std::vector<std::int64_t> sizes = attributes.integers("split");
    node.add_input(constant("sizes", DataType::int64, {static_cast<std::int64_t>(sizes.size())},
                            std::vector<double>(sizes.begin(), sizes.end())));
    attributes.erase("split");
  }
  if (node.op_type() == "ConstantOfShape") {
    onnx::AttributeProto& a = *node.add_attribute();
    a.set_name("value");
    a.set_type(onnx::AttributeProto::TENSOR);
    a.mutable_t()->add_dims(1);
    const bool real = attributes.text("dtype", "float32") == "float32";
    a.mutable_t()->set_data_type(static_cast<int>(real ? DataType::float32 : DataType::int64));
    if (real) a.mutable_t()->add_float_data(static_cast<float>(attributes.real("value", 0)));
    else a.mutable_t()->add_int64_data(static_cast<std::int64_t>(attributes.real("value", 0)));
    attributes.erase("value");
    attributes.erase("dtype");
  }
}

}  // namespace

std::optional<onnx::ModelProto> to_onnx(const Graph& graph) {
  onnx::ModelProto model;
  model.set_ir_version(10);
  auto* opset = model.add_opset_import();
  opset->set_domain("");
  opset->set_version(23);
  onnx::GraphProto& g = *model.mutable_graph();
  g.set_name("exported");
  for (const TensorId id : graph.inputs()) {
    const graph::Tensor& t = graph.tensor(id);
    auto* info = g.add_input();
    info->set_name(t.name);
    auto* type = info->mutable_type()->mutable_tensor_type();
    type->set_elem_type(static_cast<int>(t.dtype));
    type->mutable_shape();
    for (const std::int64_t extent : t.dims)
      if (extent < 0) type->mutable_shape()->add_dim()->set_dim_param("n");
      else type->mutable_shape()->add_dim()->set_dim_value(extent);
  }
  for (TensorId id = 0; id < graph.tensor_count(); ++id)
    if (graph.tensor(id).constant) fill(*g.add_initializer(), graph.tensor(id).name, *graph.tensor(id).constant);
  for (const graph::LayerId id : graph.topological_order()) {
    const graph::Layer& layer = graph.layer(id);
    Attributes attributes = layer.attributes;
    const std::string op = operator_of(layer, attributes);
    if (op.empty()) return std::nullopt;
    onnx::NodeProto& node = *g.add_node();
    node.set_op_type(op);
    node.set_name(layer.name);
    for (const TensorId t : layer.inputs) node.add_input(t == graph::kNone ? "" : graph.tensor(t).name);
    for (const TensorId t : layer.outputs) node.add_output(graph.tensor(t).name);
    move_attributes(g, node, attributes, graph.tensor(layer.outputs[0]).dtype);
    set_attributes(node, attributes);
  }
  std::set<std::string> named;
  for (const Graph::Output& output : graph.outputs())
    if (named.insert(graph.tensor(output.tensor).name).second)
      g.add_output()->set_name(graph.tensor(output.tensor).name);
  return model;
}

}  // namespace vireo::fuzz_testing
