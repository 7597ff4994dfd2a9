// Batch normalisation is a scale and a shift per channel: folded into the layer before it, else written as a depthwise
// 1x1 convolution, or as multiply and add, which scale_bias may fold into the layer after it.

#include <algorithm>
#include <cmath>

#include "engine/graph/operator.h"
#include "engine/passes/edit.h"
#include "engine/passes/fold_weights.h"
#include "engine/passes/list.h"

namespace vireo::passes {
namespace {

struct Affine {
  std::vector<double> scale, shift;
};

std::optional<Affine> affine_of(const Graph& graph, LayerId id) {
  std::vector<double> values[4];
  for (int k = 0; k < 4; ++k) {
    const Constant* constant = constant_of(graph, input_of(graph, id, k + 1));
    if (constant == nullptr) return std::nullopt;
    values[k] = reals_of(*constant);
    if (values[k].empty() || values[k].size() != values[0].size()) return std::nullopt;
  }
  const double epsilon = graph.layer(id).attributes.real("epsilon", 1e-5);
  Affine affine;
  for (std::size_t c = 0; c < values[0].size(); ++c) {
    affine.scale.push_back(values[0][c] / std::sqrt(values[3][c] + epsilon));
    affine.shift.push_back(values[1][c] - values[2][c] * affine.scale.back());
    if (!std::isfinite(static_cast<float>(affine.scale.back())) ||
        !std::isfinite(static_cast<float>(affine.shift.back())))
      return std::nullopt;  // a negative variance, for example: the layer keeps its own result
  }
  if (!are_tame_factors(affine.scale)) return std::nullopt;
  return affine;
}

/// A convolution without padding reads it, and nothing else: scale_bias can fold a scale and a shift forwards.
bool folds_forwards(const Graph& graph, LayerId id) {
  const LayerId reader = only_reader(graph, output_of(graph, id), "conv");
  if (reader == kNone || !is_weighted(graph, reader) || input_of(graph, reader, 0) != output_of(graph, id))
    return false;
  const Attributes& attributes = graph.layer(reader).attributes;
  for (const std::int64_t pad : attributes.integers("pads"))
    if (pad != 0) return false;
  return attributes.text("auto_pad", "NOTSET") == "NOTSET";
}

/// A depthwise 1x1 convolution does the same in one layer, and takes the activation after it too.
bool to_depthwise(Graph& graph, LayerId id, const Affine& affine) {
  const TensorId x = input_of(graph, id, 0);
  if (rank_of(graph, x) != 4 || graph.layer(id).attributes.integer("axis", 1) != 1 || !is_float32(graph, x))
    return false;
  const Dims& dims = tensor_of(graph, x).dims;
  if (std::find(dims.begin(), dims.end(), 0) != dims.end()) return false;  // convolutions refuse empty images
  const auto channels = static_cast<std::int64_t>(affine.scale.size());
  const std::string name = graph.layer(id).name;
  Attributes attributes;
  attributes.set("group", channels);
  const TensorId scale =
      add_constant(graph, name + ".scale", constant_from(affine.scale, {channels, 1, 1, 1}, DataType::float32));
  const TensorId shift =
      add_constant(graph, name + ".shift", constant_from(affine.shift, {channels}, DataType::float32));
  replace_layer(graph, id, "conv", {x, scale, shift}, std::move(attributes));
  return true;
}

bool to_multiply_add(Graph& graph, LayerId id, const Affine& affine, std::size_t axis, std::size_t rank) {
  const TensorId x = input_of(graph, id, 0);
  const DataType dtype = tensor_of(graph, x).dtype;
  if (dtype != DataType::float32 && dtype != DataType::float64) return false;
  Dims dims(rank - axis, 1);
  dims[0] = static_cast<std::int64_t>(affine.scale.size());
  Attributes multiply, add;
  multiply.set("function", std::string("mul"));
  add.set("function", std::string("add"));
  const std::string name = graph.layer(id).name;
  const TensorId scale = add_constant(graph, name + ".scale", constant_from(affine.scale, dims, dtype));
  const TensorId shift = add_constant(graph, name + ".shift", constant_from(affine.shift, dims, dtype));
  const TensorId scaled = insert_layer(graph, id, "binary", {x, scale}, std::move(multiply));
  replace_layer(graph, id, "binary", {scaled, shift}, std::move(add));
  return true;
}

}  // namespace

bool batch_norm(Graph& graph) {
  bool changed = false;
  for (const LayerId id : layers_of(graph)) {
    if (!is_op(graph, id, "batch_norm") || graph.layer(id).outputs.size() != 1) continue;
    if (graph.layer(id).attributes.integer("training_mode", 0) != 0) continue;
    const TensorId x = input_of(graph, id, 0);
    const auto affine = affine_of(graph, id);
    if (!affine || !tensor_of(graph, x).ranked) continue;
    const std::size_t rank = rank_of(graph, x);
    const auto axis = static_cast<std::size_t>(graph.layer(id).attributes.integer("axis", 1));
    if (axis >= rank) continue;
    const LayerId before = tensor_of(graph, x).producer;
    const bool fits = before != kNone && is_weighted(graph, before) && used_once(graph, x) &&
                      channel_axis(graph, before, rank) == axis &&
                      output_channels(graph, before) == static_cast<std::int64_t>(affine->scale.size());
    if (fits && can_redirect(graph, output_of(graph, id), x) &&
        scale_output(graph, before, affine->scale, affine->shift)) {
      changed = bypass(graph, id) || changed;
    } else if (!folds_forwards(graph, id) && to_depthwise(graph, id, *affine)) {
      changed = true;
    } else {
      changed = to_multiply_add(graph, id, *affine, axis, rank) || changed;
    }
  }
  return changed;
}

}  // namespace vireo::passes
