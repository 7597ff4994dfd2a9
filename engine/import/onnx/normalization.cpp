// Normalisations, and softmax with its old flattening.

#include "engine/base/text.h"
#include "engine/import/onnx/handlers.h"

namespace vireo::importer {
namespace {

Attributes with_epsilon(Node& node, double fallback = 1e-5) {
  Attributes attributes;
  attributes.set("epsilon", node.real("epsilon", fallback));
  return attributes;
}

void batch_norm(Node& node) {
  if (node.opset() < 9 && node.integer("spatial", 1) == 0 && node.rank(node.input(0)) > 2)
    node.refuse("spatial = 0 (statistics per element)");
  if (node.opset() < 7 && node.integer("is_test", 0) == 0 && (node.wants_output(1) || node.wants_output(2)))
    node.refuse("training mode");
  const std::vector<TensorId> inputs{node.input(0), node.input(1), node.input(2), node.input(3), node.input(4)};
  Attributes attributes = with_epsilon(node);
  if (node.opset() < 14 || node.integer("training_mode", 0) == 0)
    return node.result(0, node.emit("batch_norm", inputs, std::move(attributes)));
  // Weight standardisation is exported like this: the statistics are those of the input itself.
  attributes.set("training_mode", std::int64_t{1});
  attributes.set("momentum", node.real("momentum", 0.9));
  const bool running = node.wants_output(1) || node.wants_output(2);
  node.results(node.emit_many("batch_norm", inputs, std::move(attributes), running ? 3 : 1));
}

void instance_norm(Node& node) {
  node.result(0, node.emit("instance_norm", {node.input(0), node.input(1), node.input(2)}, with_epsilon(node)));
}

/// Mean and inverse deviation over the axes from `axis` on, for those who read them.
void layer_norm_statistics(Node& node, TensorId x, std::int64_t axis, double epsilon) {
  if (!node.wants_output(1) && !node.wants_output(2)) return;
  std::vector<std::int64_t> axes;
  for (int i = static_cast<int>(axis); i < node.rank(x); ++i) axes.push_back(i);
  Attributes attributes;
  attributes.set("mode", std::string("mean"));
  attributes.set("keepdims", std::int64_t{1});
  const TensorId mean = node.emit("reduce", {x, node.integers_constant(axes)}, attributes);
  node.result(1, mean);
  if (!node.wants_output(2)) return;
  const TensorId centred = node.binary("sub", x, mean);
  const TensorId variance =
      node.emit("reduce", {node.binary("mul", centred, centred), node.integers_constant(axes)}, attributes);
  const TensorId shifted = node.binary("add", variance, node.scalar(epsilon, node.dtype(x)));
  node.result(2, node.unary("reciprocal", node.unary("sqrt", shifted)));
}

void layer_norm(Node& node) {
  const TensorId x = node.input(0);
  const std::int64_t axis = node.axis(node.integer("axis", -1), node.rank(x));
  Attributes attributes = with_epsilon(node);
  attributes.set("axis", axis);
  std::vector<TensorId> inputs{x, node.input(1)};
  if (node.has_input(2)) inputs.push_back(node.input(2));
  node.result(0, node.emit("layer_norm", std::move(inputs), std::move(attributes)));
  layer_norm_statistics(node, x, axis, node.real("epsilon", 1e-5));
}

void rms_norm(Node& node) {
  Attributes attributes = with_epsilon(node);
  attributes.set("axis", node.axis(node.integer("axis", -1), node.rank(node.input(0))));
  node.result(0, node.emit("rms_norm", {node.input(0), node.input(1)}, std::move(attributes)));
}

/// Scale and bias are per group in opset 18, per channel from 21 on.
void group_norm(Node& node) {
  const TensorId x = node.input(0);
  const std::int64_t groups = node.integer("num_groups", 0);
  node.require(groups > 0, "attribute 'num_groups' should be positive");
  Attributes attributes = with_epsilon(node);
  attributes.set("num_groups", groups);
  std::vector<TensorId> inputs{x};
  for (int i = 1; i <= 2; ++i) {
    TensorId values = node.input(i);
    if (node.opset() < 21) {
      const Dims dims = node.dims(x);
      if (dims.size() < 2 || dims[1] < 0) node.refuse("the number of channels is not known at import");
      node.require(dims[1] % groups == 0, base::str(dims[1], " channels in ", groups, " groups"));
      const TensorId column = node.reshape(values, {groups, 1});
      const TensorId wide = node.emit("expand", {column, node.integers_constant({groups, dims[1] / groups})});
      values = node.reshape(wide, {dims[1]});
    }
    inputs.push_back(values);
  }
  node.result(0, node.emit("group_norm", std::move(inputs), std::move(attributes)));
}

void lrn(Node& node) {
  Attributes attributes;
  attributes.set("size", node.integer("size", 0));
  attributes.set("alpha", node.real("alpha", 0.0001));
  attributes.set("beta", node.real("beta", 0.75));
  attributes.set("bias", node.real("bias", 1));
  node.require(node.integer("size", 0) > 0, "attribute 'size' should be positive");
  node.result(0, node.emit("lrn", {node.input(0)}, std::move(attributes)));
}

void lp_normalize(Node& node) {
  Attributes attributes;
  attributes.set("axis", node.axis(node.integer("axis", -1), node.rank(node.input(0))));
  attributes.set("p", node.integer("p", 2));
  node.result(0, node.emit("lp_normalize", {node.input(0)}, std::move(attributes)));
}

void mean_variance_normalize(Node& node) {
  Attributes attributes;
  std::vector<std::int64_t> axes = node.has("axes") ? node.integers("axes") : std::vector<std::int64_t>{0, 2, 3};
  if (node.opset() < 9)
    axes =
        node.integer("across_channels", 0) != 0 ? std::vector<std::int64_t>{1, 2, 3} : std::vector<std::int64_t>{2, 3};
  if (node.opset() < 9 && node.integer("normalize_variance", 1) == 0) node.refuse("normalize_variance = 0");
  attributes.set("axes", axes);
  node.result(0, node.emit("mean_variance_normalize", {node.input(0)}, std::move(attributes)));
}

void softmax(Node& node) {
  const TensorId x = node.input(0);
  const int rank = node.rank(x);
  const std::string& op = node.op_type();
  const bool old = node.opset() < 13;
  std::int64_t axis = node.axis(node.integer("axis", old ? 1 : -1), old && rank == 1 ? 2 : rank);
  if (rank == 1) axis = 0;
  Attributes attributes;
  attributes.set("mode", std::string(op == "Softmax" ? "softmax" : op == "LogSoftmax" ? "log_softmax" : "hardmax"));
  // Before opset 13 all axes from `axis` on are one: the same thing unless a later one is longer than 1.
  const Dims dims = node.dims(x);
  std::int64_t longest = axis;
  int longer = 0;
  for (int i = static_cast<int>(axis); i < rank; ++i) {
    if (dims[static_cast<std::size_t>(i)] == 1) continue;
    ++longer;
    longest = i;
  }
  if (!old || axis == rank - 1 || longer <= 1) {
    attributes.set("axis", old ? longest : axis);
    return node.result(0, node.emit("softmax", {x}, std::move(attributes)));
  }
  Attributes flat;
  flat.set("axis", axis);
  attributes.set("axis", std::int64_t{1});
  const TensorId rows = node.emit("softmax", {node.emit("flatten", {x}, std::move(flat))}, std::move(attributes));
  node.result(0, node.emit("reshape", {rows, node.emit("shape", {x})}));
}

constexpr Row kRows[] = {{"BatchNormalization", batch_norm}, {"InstanceNormalization", instance_norm},
                         {"LayerNormalization", layer_norm}, {"RMSNormalization", rms_norm},
                         {"SimplifiedLayerNormalization", rms_norm}, {"GroupNormalization", group_norm}, {"LRN", lrn},
                         {"LpNormalization", lp_normalize}, {"MeanVarianceNormalization", mean_variance_normalize},
                         {"Softmax", softmax}, {"LogSoftmax", softmax}, {"Hardmax", softmax}};

}  // namespace

std::span<const Row> normalization_rows() { return kRows; }

}  // namespace vireo::importer
