// Multiplications and additions of constants per channel, before or after a layer with constant weights, are folded
// into its weights and bias.

#include <algorithm>

#include "engine/graph/operator.h"
#include "engine/passes/edit.h"
#include "engine/passes/fold_weights.h"
#include "engine/passes/list.h"

namespace vireo::passes {
namespace {

/// weighted → binary
bool fold_back(Graph& graph, LayerId id) {
  const TensorId y = output_of(graph, id);
  if (!tensor_of(graph, y).ranked) return false;
  const std::size_t rank = rank_of(graph, y);
  for (const TensorId input : graph.layer(id).inputs) {
    const LayerId before = tensor_of(graph, input).producer;
    if (before == kNone || !is_weighted(graph, before) || !used_once(graph, input) || rank_of(graph, input) != rank ||
        rank < 2)
      continue;
    const auto axis = static_cast<std::int64_t>(channel_axis(graph, before, rank));
    const auto affine = affine_of(graph, id, rank, axis, output_channels(graph, before));
    if (!affine || affine->x != input || !can_redirect(graph, y, input) || !are_tame_factors(affine->scale)) continue;
    if (!scale_output(graph, before, affine->scale, affine->shift)) continue;
    graph.replace_uses(y, input);
    graph.remove_layer(id);
    return true;
  }
  return false;
}

bool pads_nothing(const Graph& graph, LayerId id) {
  const Attributes& attributes = graph.layer(id).attributes;
  const std::vector<std::int64_t> pads = attributes.integers("pads");
  return attributes.text("auto_pad", "NOTSET") == "NOTSET" &&
         std::all_of(pads.begin(), pads.end(), [](std::int64_t p) { return p == 0; });
}

/// binary → conv: weights of input channel c are scaled by scale[c], the bias takes the sum of weights times shift.
bool fold_forward(Graph& graph, LayerId conv) {
  const TensorId x = input_of(graph, conv, 0);
  const LayerId id = producer_of(graph, x, "binary");
  if (id == kNone || !used_once(graph, x) || !is_weighted(graph, conv)) return false;
  const std::size_t rank = rank_of(graph, x);
  const bool last = graph.layer(conv).attributes.text("layout", "nchw") == "nhwc";
  const std::int64_t groups = graph.layer(conv).attributes.integer("group", 1);
  const Constant& weights = *constant_of(graph, input_of(graph, conv, 1));
  const std::int64_t inputs = weights.dims[1], channels = inputs * groups;
  const auto affine = affine_of(graph, id, rank, last ? static_cast<std::int64_t>(rank) - 1 : 1, channels);
  if (!affine || !are_tame_factors(affine->scale) || !are_tame_summands(affine->shift)) return false;
  const bool shifts = std::any_of(affine->shift.begin(), affine->shift.end(), [](double v) { return v != 0; });
  const TensorId bias_tensor = input_of(graph, conv, 2);
  const Constant* bias = constant_of(graph, bias_tensor);
  if (shifts && (!pads_nothing(graph, conv) || (bias_tensor != kNone && bias == nullptr))) return false;

  std::vector<double> values = reals_of(weights);
  std::vector<double> sums =
      bias != nullptr ? reals_of(*bias) : std::vector<double>(static_cast<std::size_t>(weights.dims[0]), 0.0);
  const auto kernel = static_cast<std::size_t>(weights.count() / std::max<std::int64_t>(1, weights.dims[0] * inputs));
  const std::int64_t outputs_per_group = std::max<std::int64_t>(1, weights.dims[0] / groups);
  std::size_t index = 0;
  for (std::int64_t m = 0; m < weights.dims[0]; ++m) {
    for (std::int64_t c = 0; c < inputs; ++c) {
      const auto channel = static_cast<std::size_t>(m / outputs_per_group * inputs + c);
      const double scale = affine->scale[affine->scale.size() == 1 ? 0 : channel];
      const double shift = affine->shift[affine->shift.size() == 1 ? 0 : channel];
      for (std::size_t k = 0; k < kernel; ++k, ++index) {
        sums[static_cast<std::size_t>(m)] += values[index] * shift;
        values[index] *= scale;
      }
    }
  }
  set_constant_input(graph, conv, 1, constant_from(values, weights.dims, weights.dtype));
  if (shifts)
    set_constant_input(graph, conv, 2,
                       constant_from(sums, {static_cast<std::int64_t>(sums.size())}, tensor_of(graph, x).dtype));
  graph.set_input(conv, 0, affine->x);
  graph.remove_layer(id);
  graph.infer(conv);
  return true;
}

}  // namespace

bool scale_bias(Graph& graph) {
  bool changed = false;
  for (const LayerId id : layers_of(graph)) {
    if (!graph.layer(id).alive()) continue;
    if (is_op(graph, id, "binary")) {
      changed = fold_back(graph, id) || changed;
    } else if (is_op(graph, id, "conv")) {
      while (fold_forward(graph, id)) changed = true;
    }
  }
  return changed;
}

}  // namespace vireo::passes
