// Convolutions, matrix products and pooling.

#include <algorithm>

#include "engine/base/text.h"
#include "engine/import/onnx/handlers.h"

namespace vireo::importer {
namespace {

void keep_auto_pad(Node& node, Attributes& attributes) {
  const std::string mode = node.text("auto_pad", "NOTSET");
  if (mode != "NOTSET" && mode != "SAME_UPPER" && mode != "SAME_LOWER" && mode != "VALID")
    node.fail("attribute 'auto_pad' is '" + mode + "'; NOTSET, SAME_UPPER, SAME_LOWER and VALID are known");
  if (mode == "NOTSET") return;
  attributes.set("auto_pad", mode);
  attributes.erase("pads");
}

void conv(Node& node) {
  Attributes attributes = node.copied({"kernel_shape", "strides", "pads", "dilations", "group"});
  keep_auto_pad(node, attributes);
  std::vector<TensorId> inputs{node.input(0), node.input(1)};
  if (node.has_input(2)) inputs.push_back(node.input(2));
  node.result(0, node.emit("conv", std::move(inputs), std::move(attributes)));
}

void conv_transpose(Node& node) {
  Attributes attributes =
      node.copied({"kernel_shape", "strides", "pads", "dilations", "group", "output_padding", "output_shape"});
  keep_auto_pad(node, attributes);
  std::vector<TensorId> inputs{node.input(0), node.input(1)};
  if (node.has_input(2)) inputs.push_back(node.input(2));
  node.result(0, node.emit("conv_transpose", std::move(inputs), std::move(attributes)));
}

void gemm(Node& node) {
  Attributes attributes = node.copied({"alpha", "beta", "transA", "transB"});
  std::vector<TensorId> inputs{node.input(0), node.input(1)};
  if (node.has_input(2)) inputs.push_back(node.input(2));
  node.result(0, node.emit("gemm", std::move(inputs), std::move(attributes)));
}

void matmul(Node& node) { node.result(0, node.emit("matmul", {node.input(0), node.input(1)})); }

void pool(Node& node) {
  const std::string& op = node.op_type();
  Attributes attributes = node.copied({"kernel_shape", "strides", "pads", "dilations", "ceil_mode"});
  keep_auto_pad(node, attributes);
  if (!node.has("kernel_shape")) node.fail("attribute 'kernel_shape' is missing");
  int outputs = 1;
  if (op == "MaxPool") {
    attributes.set("mode", std::string("max"));
    node.copy("storage_order", attributes);
    outputs = node.wants_output(1) ? 2 : 1;
  } else if (op == "AveragePool") {
    attributes.set("mode", std::string("average"));
    node.copy("count_include_pad", attributes);
  } else {
    attributes.set("mode", std::string("lp"));
    attributes.set("p", static_cast<std::int64_t>(node.real("p", 2)));
  }
  node.results(node.emit_many("pool", {node.input(0)}, std::move(attributes), outputs));
}

void global_pool(Node& node) {
  const std::string& op = node.op_type();
  const TensorId x = node.input(0);
  std::vector<std::int64_t> axes;
  for (int axis = 2; axis < node.rank(x); ++axis) axes.push_back(axis);
  Attributes attributes;
  attributes.set("keepdims", std::int64_t{1});
  std::string mode = op == "GlobalMaxPool" ? "max" : "mean";
  if (op == "GlobalLpPool") {
    const auto p = static_cast<std::int64_t>(node.real("p", 2));
    if (p != 1 && p != 2) node.refuse(base::str("p = ", p, "; 1 and 2 are supported"));
    mode = p == 1 ? "l1" : "l2";
  }
  if (axes.empty()) return node.result(0, mode == "max" || mode == "mean" ? x : node.unary("abs", x));
  attributes.set("mode", mode);
  node.result(0, node.emit("reduce", {x, node.integers_constant(axes)}, std::move(attributes)));
}

constexpr Row kRows[] = {{"Conv", conv},
                         {"ConvTranspose", conv_transpose},
                         {"Gemm", gemm},
                         {"MatMul", matmul},
                         {"MaxPool", pool},
                         {"AveragePool", pool},
                         {"LpPool", pool},
                         {"GlobalAveragePool", global_pool},
                         {"GlobalMaxPool", global_pool},
                         {"GlobalLpPool", global_pool}};

}  // namespace

std::span<const Row> convolution_rows() { return kRows; }

}  // namespace vireo::importer
