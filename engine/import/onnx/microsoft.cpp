// The com.microsoft operators that exports of ONNX Runtime contain, as far as they are simple.

#include "engine/base/text.h"
#include "engine/import/onnx/handlers.h"

namespace vireo::importer {
namespace {

/// The activation of FusedConv and FusedGemm, as a separate layer, which the fusing passes join again.
TensorId activate(Node& node, TensorId x, const std::string& name, const std::vector<double>& values) {
  const auto value = [&values](std::size_t index, double fallback) {
    return index < values.size() ? values[index] : fallback;
  };
  Attributes attributes;
  if (name.empty()) return x;
  if (name == "Relu" || name == "Sigmoid" || name == "Tanh") {
    return node.unary(name == "Relu" ? "relu" : name == "Sigmoid" ? "sigmoid" : "tanh", x);
  }
  if (name == "LeakyRelu") {
    attributes.set("alpha", value(0, 0.01));
    return node.unary("leaky_relu", x, std::move(attributes));
  }
  if (name == "Clip") {
    attributes.set("min", value(0, 0));
    attributes.set("max", value(1, 6));
    return node.unary("clip", x, std::move(attributes));
  }
  if (name == "HardSigmoid") {
    attributes.set("alpha", value(0, 0.2));
    attributes.set("beta", value(1, 0.5));
    return node.unary("hard_sigmoid", x, std::move(attributes));
  }
  node.refuse("activation '" + name + "'");
}

void fused_conv(Node& node) {
  Attributes attributes = node.copied({"kernel_shape", "strides", "pads", "dilations", "group"});
  if (node.text("auto_pad", "NOTSET") != "NOTSET") {
    attributes.set("auto_pad", node.text("auto_pad", "NOTSET"));
    attributes.erase("pads");
  }
  std::vector<TensorId> inputs{node.input(0), node.input(1)};
  if (node.has_input(2)) inputs.push_back(node.input(2));
  TensorId y = node.emit("conv", std::move(inputs), std::move(attributes));
  if (node.has_input(3)) y = node.binary("add", y, node.input(3));
  node.result(0, activate(node, y, node.text("activation", ""), node.reals("activation_params")));
}

void fused_gemm(Node& node) {
  Attributes attributes = node.copied({"alpha", "beta", "transA", "transB"});
  std::vector<TensorId> inputs{node.input(0), node.input(1)};
  if (node.has_input(2)) inputs.push_back(node.input(2));
  const TensorId y = node.emit("gemm", std::move(inputs), std::move(attributes));
  std::vector<double> values;
  if (node.has("activation_alpha")) values.push_back(node.real("activation_alpha", 0));
  if (node.has("activation_beta")) values.push_back(node.real("activation_beta", 0));
  node.result(0, activate(node, y, node.text("activation", ""), values));
}

void fused_matmul(Node& node) {
  if (node.integer("transBatchA", 0) != 0 || node.integer("transBatchB", 0) != 0) node.refuse("transposed batch axes");
  Attributes attributes;
  attributes.set("alpha", node.real("alpha", 1));
  attributes.set("trans_a", node.integer("transA", 0));
  attributes.set("trans_b", node.integer("transB", 0));
  node.result(0, node.emit("matmul", {node.input(0), node.input(1)}, std::move(attributes)));
}

void gelu(Node& node) {
  TensorId x = node.input(0);
  if (node.has_input(1)) x = node.binary("add", x, node.input(1));
  Attributes attributes;
  attributes.set("approximate", std::string(node.op_type() == "FastGelu" ? "tanh" : "none"));
  node.result(0, node.unary("gelu", x, std::move(attributes)));
}

void quick_gelu(Node& node) {
  const TensorId x = node.input(0);
  const TensorId inner = node.binary("mul", x, node.scalar(node.real("alpha", 1.702), node.dtype(x)));
  node.result(0, node.binary("mul", x, node.unary("sigmoid", inner)));
}

/// x + skip (+ bias), normalised over the last axis.
void skip_layer_norm(Node& node) {
  const bool rms = node.op_type() == "SkipSimplifiedLayerNormalization";
  const int bias = rms ? 3 : 4;
  TensorId sum = node.binary("add", node.input(0), node.input(1));
  if (node.has_input(bias)) sum = node.binary("add", sum, node.input(bias));
  Attributes attributes;
  attributes.set("epsilon", node.real("epsilon", 1e-12));
  attributes.set("axis", std::int64_t{node.rank(sum) - 1});
  std::vector<TensorId> inputs{sum, node.input(2)};
  if (!rms && node.has_input(3)) inputs.push_back(node.input(3));
  node.result(0, node.emit(rms ? "rms_norm" : "layer_norm", std::move(inputs), std::move(attributes)));
  node.result(3, sum);
}

constexpr std::string_view kDomain = "com.microsoft";
constexpr Row kRows[] = {{"FusedConv", fused_conv, kDomain},
                         {"FusedGemm", fused_gemm, kDomain},
                         {"FusedMatMul", fused_matmul, kDomain},
                         {"TransposeMatMul", fused_matmul, kDomain},
                         {"Gelu", gelu, kDomain},
                         {"FastGelu", gelu, kDomain},
                         {"BiasGelu", gelu, kDomain},
                         {"QuickGelu", quick_gelu, kDomain},
                         {"SkipLayerNormalization", skip_layer_norm, kDomain},
                         {"SkipSimplifiedLayerNormalization", skip_layer_norm, kDomain}};

}  // namespace

std::span<const Row> microsoft_rows() { return kRows; }

}  // namespace vireo::importer
