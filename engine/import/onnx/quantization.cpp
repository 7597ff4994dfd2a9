// Quantise and dequantise, and the operators on integers of ai.onnx.

#include <algorithm>

#include "engine/base/text.h"
#include "engine/import/onnx/quantized.h"

namespace vireo::importer {
namespace {

/// An attribute that holds the number of an element type.
void copy_type(Node& node, std::string_view name, Attributes& attributes) {
  const std::int64_t type = node.integer(name, 0);
  if (type == 0) return;
  const DataType dtype = dtype_from_onnx(type);
  if (dtype == DataType::undefined) node.refuse(base::str("attribute '", name, "' is ", onnx_dtype_name(type)));
  attributes.set(name, std::string(to_string(dtype)));
}

void quantize_linear(Node& node) {
  Attributes attributes = node.copied({"axis", "block_size", "saturate"});
  copy_type(node, "output_dtype", attributes);
  const bool quantizing = node.op_type() == "QuantizeLinear";
  if (quantizing) copy_type(node, "precision", attributes);
  if (attributes.text("precision", "") == "float32") attributes.erase("precision");  // as it is anyway
  if (!quantizing) attributes.erase("saturate");
  std::vector<TensorId> inputs{node.input(0), node.input(1)};
  if (node.has_input(2)) inputs.push_back(node.input(2));
  node.result(
      0, node.emit(quantizing ? "quantize_linear" : "dequantize_linear", std::move(inputs), std::move(attributes)));
}

void dynamic_quantize_linear(Node& node) {
  node.results(node.emit_many("dynamic_quantize_linear", {node.input(0)}, {}, 3));
}

TensorId integer_conv(Node& node, std::vector<TensorId> inputs, DataType type = DataType::int32) {
  Attributes attributes = node.copied({"kernel_shape", "strides", "pads", "dilations", "group"});
  const std::string mode = node.text("auto_pad", "NOTSET");
  if (mode != "NOTSET") {
    attributes.set("auto_pad", mode);
    attributes.erase("pads");
  }
  if (type != DataType::int32 && inputs.back() == kNone) attributes.set("output_dtype", std::string(to_string(type)));
  while (inputs.back() == kNone) inputs.pop_back();
  return node.emit("conv_integer", std::move(inputs), std::move(attributes));
}

/// x, x_scale, x_zero, w, w_scale, w_zero, y_scale, y_zero, bias?. The factor of the sums is x_scale * w_scale /
/// y_scale in this order, as ONNX Runtime has it.
void qlinear_conv(Node& node) {
  if (node.integer("channels_last", 0) != 0) node.refuse("channels last");
  const DataType type = node.dtype(node.input(0));
  TensorId w_scale = node.input(4);
  if (!is_single(node, w_scale)) w_scale = node.reshape(w_scale, {-1});
  TensorId scale = node.binary("mul", node.input(1), w_scale);
  scale = node.binary("div", scale, node.input(6));
  if (node.rank(scale) > 1) scale = node.reshape(scale, {-1});
  node.result(0, integer_conv(node,
                              {node.input(0), node.input(3), node.optional(2), node.optional(5), node.optional(8),
                               scale, node.optional(7)},
                              type));
}

/// a, a_scale, a_zero, b, b_scale, b_zero, y_scale, y_zero.
void qlinear_matmul(Node& node) {
  const TensorId a_scale = node.input(1), b_scale = node.input(4), y_scale = node.input(6);
  if (!is_single(node, a_scale) || !is_single(node, y_scale)) {
    const TensorId y =
        scaled_product(node, node.input(0), node.input(3), a_scale, b_scale, node.optional(2), node.optional(5));
    if (is_single(node, y_scale)) return node.result(0, quantize(node, y, y_scale, node.optional(7)));
    node.refuse("a result with several scales");
  }
  const TensorId sums = integer_product(node, node.input(0), node.input(3), node.optional(2), node.optional(5));
  TensorId scale = node.binary("div", node.binary("mul", a_scale, b_scale), y_scale);
  if (!is_single(node, scale)) scale = node.reshape(scale, {-1});
  const std::int64_t axis = std::max(0, node.rank(sums) - 1);
  node.result(0, requantize(node, sums, scale, node.optional(7), axis, node.dtype(node.input(0))));
}

void conv_integer(Node& node) {
  node.result(0, integer_conv(node, {node.input(0), node.input(1), node.optional(2), node.optional(3)}));
}

void matmul_integer(Node& node) {
  node.result(0, integer_product(node, node.input(0), node.input(1), node.optional(2), node.optional(3)));
}

constexpr Row kRows[] = {{"QuantizeLinear", quantize_linear},
                         {"DequantizeLinear", quantize_linear},
                         {"QuantizeLinear", quantize_linear, "com.microsoft"},
                         {"DequantizeLinear", quantize_linear, "com.microsoft"},
                         {"DynamicQuantizeLinear", dynamic_quantize_linear},
                         {"QLinearConv", qlinear_conv},
                         {"QLinearConv", qlinear_conv, "com.microsoft"},
                         {"QLinearMatMul", qlinear_matmul},
                         {"ConvInteger", conv_integer},
                         {"MatMulInteger", matmul_integer}};

}  // namespace

std::span<const Row> quantization_rows() { return kRows; }

}  // namespace vireo::importer
