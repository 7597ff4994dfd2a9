#include "engine/compile/conv_pairs.h"

#include <limits>

#include "engine/api/half.h"
#include "engine/base/text.h"
#include "engine/compile/dense_problem.h"
#include "engine/graph/operator.h"
#include "engine/graph/pins.h"
#include "engine/ops/table.h"

namespace vireo::compile {
namespace {

using graph::Graph;
using graph::kNone;
using graph::LayerId;
using graph::TensorId;

TensorId input_of(const graph::Layer& layer, std::size_t k) {
  return k < layer.inputs.size() ? layer.inputs[k] : kNone;
}

/// What one of a pair may be: one group over channels-last pictures, weights and bias known.
bool is_plain(const Graph& g, LayerId id) {
  const graph::Layer& layer = g.layer(id);
  if (graph::is_pinned(layer.attributes)) return false;
  if (layer.op->name != "conv" || layer.attributes.text("layout", "nchw") != "nhwc") return false;
  if (layer.attributes.integer("group", 1) != 1 || g.tensor(layer.inputs[0]).dims.size() != 4) return false;
  const TensorId bias = input_of(layer, 2);
  return g.tensor(layer.inputs[1]).constant && (bias == kNone || g.tensor(bias).constant);
}

/// The convolution that makes the residual of this one, where both can be a pair; kNone.
LayerId other_of(const Graph& g, LayerId id) {
  const graph::Layer& layer = g.layer(id);
  if (layer.op->name != "conv" || input_of(layer, 3) == kNone || !is_plain(g, id)) return kNone;
  if (layer.attributes.text("residual", "before") != "before" && !layer.attributes.text("activation", "").empty())
    return kNone;
  const graph::Tensor& residual = g.tensor(layer.inputs[3]);
  if (residual.producer == kNone || residual.consumers.size() != 1 || residual.output_uses > 0) return kNone;
  if (residual.dims != g.tensor(layer.outputs[0]).dims || !residual.is_static()) return kNone;
  if (!is_plain(g, residual.producer)) return kNone;
  const graph::Layer& other = g.layer(residual.producer);
  return input_of(other, 3) == kNone && other.attributes.text("activation", "").empty() ? residual.producer : kNone;
}

std::vector<float> floats_of(const graph::Constant& value) {
  std::vector<float> floats(static_cast<std::size_t>(value.count()));
  for (std::size_t i = 0; i < floats.size(); ++i)
    floats[i] = value.dtype == DataType::float16 ? half_to_float(value.as<std::uint16_t>()[i]) : value.as<float>()[i];
  return floats;
}

/// The sum of both in float32, or the one that there is.
TensorId add_bias(Graph& g, TensorId a, TensorId b) {
  if (a == kNone || b == kNone) return a == kNone ? b : a;
  const std::vector<float> first = floats_of(*g.tensor(a).constant), second = floats_of(*g.tensor(b).constant);
  const graph::MutableConstant sum = graph::new_constant(DataType::float32, g.tensor(a).dims);
  for (std::size_t i = 0; i < first.size(); ++i) sum.as<float>()[i] = first[i] + second[i];
  return g.add_constant(g.unique_name(g.tensor(a).name), sum.constant);
}

graph::Attributes attributes_of(const graph::Layer& layer, const graph::Layer& other) {
  graph::Attributes attributes;
  const auto& own = layer.attributes.all();
  for (const char* name : {"activation", "alpha", "beta"})
    if (const auto it = own.find(name); it != own.end()) attributes.set(name, it->second);
  for (const auto& [number, from] : {std::pair{1, &layer}, std::pair{2, &other}})
    for (const char* name : {"strides", "pads", "dilations", "auto_pad"})
      if (const auto it = from->attributes.all().find(name); it != from->attributes.all().end())
        attributes.set(base::str(name, number), it->second);
  return attributes;
}

/// As predicted for the best tactic; infinite where none says.
double predicted_seconds(const graph::Problem& problem, const CompileOptions& options) {
  double best = std::numeric_limits<double>::infinity();
  for (const Candidate& c : candidates(problem, options))
    if (c.tactic && c.refused.empty() && c.tactic->predict) best = std::min(best, c.tactic->predict(problem));
  return best;
}

/// What it saves beside the arithmetic, writing and reading the residual, is measured but not predicted: in doubt the
/// pair is better.
bool pays(const Graph& g, LayerId pair, LayerId layer, LayerId other, const CompileOptions& options) {
  double measured[3], predicted[3];
  bool known = true;
  std::size_t i = 0;
  for (const LayerId id : {pair, layer, other}) {
    const graph::Problem problem = dense_problem(g, id, options);
    const plan::Choice* choice = known_choice(options, choice_key(problem, options));
    measured[i] = choice ? choice->seconds : 0;
    known = known && measured[i] > 0;
    predicted[i++] = predicted_seconds(problem, options);
  }
  const double* seconds = known ? measured : predicted;
  return seconds[0] < seconds[1] + seconds[2];
}

bool join(Graph& g, LayerId id, LayerId other_id, const CompileOptions& options) {
  const graph::Layer layer = g.layer(id), other = g.layer(other_id);  // copies: adding a layer moves them
  std::vector<TensorId> inputs{layer.inputs[0], layer.inputs[1], other.inputs[0], other.inputs[1]};
  if (const TensorId bias = add_bias(g, input_of(layer, 2), input_of(other, 2)); bias != kNone) inputs.push_back(bias);
  const LayerId pair = g.add_layer(*ops::find_operator("conv_pair"), layer.name + " + " + other.name, inputs,
                                   attributes_of(layer, other));
  if (!has_kernel(g, pair, options) || !pays(g, pair, id, other_id, options)) {
    g.remove_layer(pair);
    return false;
  }
  g.remove_layer(id);
  g.remove_layer(other_id);
  g.set_output(pair, 0, layer.outputs[0]);
  return true;
}

}  // namespace

std::optional<Graph> with_conv_pairs(const Graph& original, const CompileOptions& options) {
  if (options.target->is_cpu() || options.target->opencl.resident_groups > 0) return std::nullopt;
  std::optional<Graph> graph;
  bool changed = false;
  for (const LayerId id : original.topological_order()) {
    const LayerId other = other_of(original, id);
    if (other == kNone) continue;
    if (!graph) graph = original;
    changed = join(*graph, id, other, options) || changed;
  }
  if (!changed) return std::nullopt;
  graph->compact();
  return graph;
}

}  // namespace vireo::compile
