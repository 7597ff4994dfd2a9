// Activations are computed by the convolution or product before them, on values that are still in registers.

#include <algorithm>

#include "engine/graph/operator.h"
#include "engine/passes/edit.h"
#include "engine/passes/list.h"

namespace vireo::passes {
namespace {

/// The unary functions that convolutions and products know as `activation`.
constexpr std::string_view kFusible[] = {
    "relu", "leaky_relu", "clip",      "sigmoid", "silu", "hard_sigmoid", "hard_swish", "mish",     "tanh",
    "erf",  "gelu",       "gelu_tanh", "elu",     "celu", "selu",         "softplus",   "softsign", "thresholded_relu"};

struct Activation {
  std::string name;
  std::optional<double> alpha, beta;
};

/// The fused form of an elementwise layer; nothing when there is none.
std::optional<Activation> activation_of(const Graph& graph, LayerId id) {
  if (is_function(graph, id, "binary", "prelu")) {
    const auto slope = uniform_of(graph, input_of(graph, id, 1));
    const bool keeps = slope && same_known_dims(graph, input_of(graph, id, 0), output_of(graph, id));
    return keeps ? std::optional(Activation{"leaky_relu", *slope, {}}) : std::nullopt;
  }
  if (!is_op(graph, id, "unary")) return std::nullopt;
  const Attributes& attributes = graph.layer(id).attributes;
  std::string name = function_of(graph, id);
  if (name == "gelu" && attributes.text("approximate", "none") == "tanh") name = "gelu_tanh";
  if (std::find(std::begin(kFusible), std::end(kFusible), name) == std::end(kFusible)) return std::nullopt;
  Activation activation{name, {}, {}};
  if (name == "clip") {
    if (attributes.has("min")) activation.alpha = attributes.real("min", 0);
    if (attributes.has("max")) activation.beta = attributes.real("max", 0);
    return activation;
  }
  if (name == "silu" && attributes.real("alpha", 1) != 1) return std::nullopt;  // the fused one has no factor
  if (attributes.has("alpha")) activation.alpha = attributes.real("alpha", 0);
  if (attributes.has("beta")) activation.beta = attributes.real("beta", 0);
  if (attributes.has("gamma")) activation.beta = attributes.real("gamma", 0);
  return activation;
}

bool fuse(Graph& graph, LayerId id) {
  const TensorId x = input_of(graph, id, 0);
  const TensorId y = output_of(graph, id);
  const LayerId before = tensor_of(graph, x).producer;
  const bool convolution = is_op(graph, before, "conv") || is_op(graph, before, "conv_transpose");
  const bool product = is_op(graph, before, "gemm") || is_op(graph, before, "matmul");
  if ((!convolution && !product) || !used_once(graph, x) || tensor_of(graph, x).dtype != DataType::float32)
    return false;
  Attributes& attributes = graph.layer(before).attributes;
  if (!attributes.text("activation", "").empty() || attributes.text("residual", "") == "after") return false;
  const auto activation = activation_of(graph, id);
  if (!activation || !can_redirect(graph, y, x)) return false;
  attributes.set("activation", activation->name);
  if (activation->alpha) attributes.set(convolution ? "alpha" : "activation_alpha", *activation->alpha);
  if (activation->beta) attributes.set(convolution ? "beta" : "activation_beta", *activation->beta);
  graph.replace_uses(y, x);
  graph.remove_layer(id);
  return true;
}

}  // namespace

bool activation_fusion(Graph& graph) {
  bool changed = false;
  for (const LayerId id : layers_of(graph)) {
    if (!is_op(graph, id, "unary") && !is_op(graph, id, "binary")) continue;
    changed = fuse(graph, id) || changed;
  }
  return changed;
}

}  // namespace vireo::passes
