// Losses, as networks exported for training have them at their end: the negative log likelihood of class labels.

#include "engine/base/text.h"
#include "engine/import/onnx/handlers.h"

namespace vireo::importer {
namespace {

Attributes on_axis(std::int64_t axis) {
  Attributes attributes;
  attributes.set("axis", axis);
  return attributes;
}

TensorId sum_all(Node& node, TensorId x, const char* mode) {
  Attributes attributes;
  attributes.set("mode", std::string(mode));
  attributes.set("keepdims", std::int64_t{0});
  return node.emit("reduce", {x}, std::move(attributes));
}

/// x [N, C, …] are logarithms of probabilities, labels [N, …] name a class each, weights [C] are the classes'.
TensorId likelihood_loss(Node& node, TensorId x, TensorId labels, TensorId weights) {
  const DataType type = node.dtype(x), label_type = node.dtype(labels);
  const std::string reduction = node.text("reduction", "mean");
  node.require(reduction == "none" || reduction == "sum" || reduction == "mean",
               base::str("unknown reduction '", reduction, "'"));
  TensorId ignored = kNone;
  if (node.has("ignore_index")) {
    const auto index = static_cast<double>(node.integer("ignore_index", 0));
    ignored = node.binary("equal", labels, node.scalar(index, label_type));
    labels = node.emit("where", {ignored, node.scalar(0, label_type), labels});
  }
  const TensorId axis = node.integers_constant({1});
  const TensorId picked = node.emit("gather_elements", {x, node.emit("unsqueeze", {labels, axis})}, on_axis(1));
  TensorId loss = node.unary("neg", node.emit("squeeze", {picked, axis}));
  TensorId weight = weights == kNone ? kNone : node.emit("gather", {weights, labels}, on_axis(0));
  if (weight != kNone) loss = node.binary("mul", loss, weight);
  if (ignored != kNone) {
    const TensorId zero = node.scalar(0, type);
    loss = node.emit("where", {ignored, zero, loss});
    weight = node.emit("where", {ignored, zero, weight == kNone ? node.scalar(1, type) : weight});
  }
  if (reduction == "none") return loss;
  if (reduction == "sum") return sum_all(node, loss, "sum");
  if (weight == kNone) return sum_all(node, loss, "mean");
  return node.binary("div", sum_all(node, loss, "sum"), sum_all(node, weight, "sum"));
}

void negative_log_likelihood(Node& node) {
  node.result(0, likelihood_loss(node, node.input(0), node.input(1), node.optional(2)));
}

void softmax_cross_entropy(Node& node) {
  Attributes attributes = on_axis(1);
  attributes.set("mode", std::string("log_softmax"));
  const TensorId logarithms = node.emit("softmax", {node.input(0)}, std::move(attributes));
  node.result(0, likelihood_loss(node, logarithms, node.input(1), node.optional(2)));
  node.result(1, logarithms);
}

constexpr Row kRows[] = {{"NegativeLogLikelihoodLoss", negative_log_likelihood},
                         {"SoftmaxCrossEntropyLoss", softmax_cross_entropy}};

}  // namespace

std::span<const Row> loss_rows() { return kRows; }

}  // namespace vireo::importer
