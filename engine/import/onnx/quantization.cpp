// Quantise and dequantise, and the operators on integers, which are written as dequantise → float operator → quantise.

#include "engine/base/text.h"
#include "engine/import/onnx/handlers.h"

namespace vireo::importer {
namespace {

TensorId dequantize(Node& node, TensorId x, TensorId scale, TensorId zero, std::int64_t axis) {
  Attributes attributes;
  attributes.set("axis", axis);
  std::vector<TensorId> inputs{x, scale};
  if (zero != kNone) inputs.push_back(zero);
  return node.emit("dequantize_linear", std::move(inputs), std::move(attributes));
}

TensorId quantize(Node& node, TensorId x, TensorId scale, TensorId zero) {
  std::vector<TensorId> inputs{x, scale};
  if (zero != kNone) inputs.push_back(zero);
  return node.emit("quantize_linear", std::move(inputs));
}

void quantize_linear(Node& node) {
  Attributes attributes = node.copied({"axis", "block_size", "saturate"});
  if (const std::int64_t type = node.integer("output_dtype", 0); type != 0) {
    const DataType dtype = dtype_from_onnx(type);
    if (dtype == DataType::undefined) node.refuse("the output type " + onnx_dtype_name(type));
    attributes.set("output_dtype", std::string(to_string(dtype)));
  }
  std::vector<TensorId> inputs{node.input(0), node.input(1)};
  if (node.has_input(2)) inputs.push_back(node.input(2));
  const bool quantizing = node.op_type() == "QuantizeLinear";
  node.result(
      0, node.emit(quantizing ? "quantize_linear" : "dequantize_linear", std::move(inputs), std::move(attributes)));
}

/// x, x_scale, x_zero, w, w_scale, w_zero, y_scale, y_zero, bias?
void qlinear_conv(Node& node) {
  Attributes attributes = node.copied({"kernel_shape", "strides", "pads", "dilations", "group"});
  const std::string mode = node.text("auto_pad", "NOTSET");
  if (mode != "NOTSET") {
    attributes.set("auto_pad", mode);
    attributes.erase("pads");
  }
  const TensorId x = dequantize(node, node.input(0), node.input(1), node.optional(2), 1);
  const TensorId w = dequantize(node, node.input(3), node.input(4), node.optional(5), 0);
  std::vector<TensorId> inputs{x, w};
  if (node.has_input(8)) {
    const TensorId scale = node.binary("mul", node.reshape(node.input(1), {1}), node.reshape(node.input(4), {-1}));
    inputs.push_back(node.binary("mul", node.cast(node.input(8), DataType::float32), scale));
  }
  node.result(
      0, quantize(node, node.emit("conv", std::move(inputs), std::move(attributes)), node.input(6), node.optional(7)));
}

void qlinear_matmul(Node& node) {
  const auto column_axis = [&node](int index) { return node.rank(node.input(index)) - 1; };
  const TensorId a = dequantize(node, node.input(0), node.input(1), node.optional(2), 0);
  const TensorId b = dequantize(node, node.input(3), node.input(4), node.optional(5), column_axis(3));
  node.result(0, quantize(node, node.emit("matmul", {a, b}), node.input(6), node.optional(7)));
}

/// QLinearAdd, QLinearMul of com.microsoft: a, a_scale, a_zero, b, b_scale, b_zero, y_scale, y_zero.
void qlinear_binary(Node& node) {
  const TensorId a = dequantize(node, node.input(0), node.input(1), node.optional(2), 0);
  const TensorId b = dequantize(node, node.input(3), node.input(4), node.optional(5), 0);
  const TensorId y = node.binary(node.op_type() == "QLinearAdd" ? "add" : "mul", a, b);
  node.result(0, quantize(node, y, node.input(6), node.optional(7)));
}

/// QLinearSigmoid, QLinearLeakyRelu of com.microsoft: x, x_scale, x_zero, y_scale, y_zero.
void qlinear_unary(Node& node) {
  Attributes attributes;
  const bool leaky = node.op_type() == "QLinearLeakyRelu";
  if (leaky) attributes.set("alpha", node.real("alpha", 0.01));
  const TensorId x = dequantize(node, node.input(0), node.input(1), node.optional(2), 0);
  const TensorId y = node.unary(leaky ? "leaky_relu" : "sigmoid", x, std::move(attributes));
  node.result(0, quantize(node, y, node.input(3), node.optional(4)));
}

void qlinear_global_average_pool(Node& node) {
  const bool last = node.integer("channels_last", 0) != 0;
  const TensorId x = dequantize(node, node.input(0), node.input(1), node.optional(2), 0);
  std::vector<std::int64_t> axes;
  for (int i = last ? 1 : 2; i < node.rank(x) - (last ? 1 : 0); ++i) axes.push_back(i);
  Attributes attributes;
  attributes.set("mode", std::string("mean"));
  attributes.set("keepdims", std::int64_t{1});
  const TensorId y = node.emit("reduce", {x, node.integers_constant(axes)}, std::move(attributes));
  node.result(0, quantize(node, y, node.input(3), node.optional(4)));
}

/// QLinearConcat of com.microsoft: y_scale, y_zero, then tensor, scale, zero for each part.
void qlinear_concat(Node& node) {
  std::vector<TensorId> parts;
  for (int i = 2; i + 2 < node.input_count(); i += 3)
    parts.push_back(dequantize(node, node.input(i), node.input(i + 1), node.optional(i + 2), 0));
  node.require(!parts.empty(), "it has nothing to join");
  Attributes attributes;
  attributes.set("axis", node.axis(node.integer("axis", 0), node.rank(parts[0])));
  node.result(
      0, quantize(node, node.emit("concat", std::move(parts), std::move(attributes)), node.input(0), node.optional(1)));
}

/// x - zero in float: exact for the integers of 8 bits.
TensorId shifted(Node& node, TensorId x, TensorId zero, std::int64_t axis) {
  const TensorId wide = node.cast(x, DataType::float32);
  if (zero == kNone) return wide;
  TensorId offset = node.cast(zero, DataType::float32);
  if (node.rank(zero) == 1) {
    std::vector<std::int64_t> shape(static_cast<std::size_t>(node.rank(x)), 1);
    shape[static_cast<std::size_t>(axis)] = -1;
    offset = node.reshape(offset, shape);
  }
  return node.binary("sub", wide, offset);
}

void conv_integer(Node& node) {
  Attributes attributes = node.copied({"kernel_shape", "strides", "pads", "dilations", "group", "auto_pad"});
  const TensorId x = shifted(node, node.input(0), node.optional(2), 1);
  const TensorId w = shifted(node, node.input(1), node.optional(3), 0);
  node.result(0, node.cast(node.emit("conv", {x, w}, std::move(attributes)), DataType::int32));
}

void matmul_integer(Node& node) {
  const int rank_a = node.rank(node.input(0));
  const TensorId a = shifted(node, node.input(0), node.optional(2), rank_a - (rank_a > 1 ? 2 : 1));
  const TensorId b = shifted(node, node.input(1), node.optional(3), node.rank(node.input(1)) - 1);
  node.result(0, node.cast(node.emit("matmul", {a, b}), DataType::int32));
}

constexpr Row kRows[] = {{"QuantizeLinear", quantize_linear},
                         {"DequantizeLinear", quantize_linear},
                         {"QuantizeLinear", quantize_linear, "com.microsoft"},
                         {"DequantizeLinear", quantize_linear, "com.microsoft"},
                         {"QLinearConv", qlinear_conv},
                         {"QLinearMatMul", qlinear_matmul},
                         {"ConvInteger", conv_integer},
                         {"MatMulInteger", matmul_integer},
                         {"QLinearAdd", qlinear_binary, "com.microsoft"},
                         {"QLinearMul", qlinear_binary, "com.microsoft"},
                         {"QLinearSigmoid", qlinear_unary, "com.microsoft"},
                         {"QLinearLeakyRelu", qlinear_unary, "com.microsoft"},
                         {"QLinearGlobalAveragePool", qlinear_global_average_pool, "com.microsoft"},
                         {"QLinearConcat", qlinear_concat, "com.microsoft"}};

}  // namespace

std::span<const Row> quantization_rows() { return kRows; }

}  // namespace vireo::importer
