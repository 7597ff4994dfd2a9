#include "engine/tune/loop_bodies.h"

#include <algorithm>
#include <iterator>

#include "engine/graph/operator.h"

namespace vireo::tune {
namespace {

using graph::Graph;
using graph::kNone;
using graph::TensorId;

Graph body_of(const Graph& g, const graph::Layer& layer, const compile::CompileOptions& options) {
  std::vector<graph::ConstantPtr> values;
  for (const TensorId t : layer.inputs) values.push_back(t == kNone ? nullptr : g.tensor(t).constant);
  Graph body = layer.op->loop_body(layer.attributes, values).graph;
  std::map<std::string, Dims> shapes;
  for (std::size_t k = 2; k < body.inputs().size(); ++k) {
    graph::Tensor& t = body.tensor(body.inputs()[k]);
    shapes[t.name] = g.tensor(layer.inputs[k]).dims;
    t.ranked = true;
    t.dims.assign(shapes[t.name].size(), kUnknown);  // so that the passes run
  }
  return compile::specialise(body, shapes, options);
}

}  // namespace

std::vector<Graph> loop_bodies(const Graph& g, const compile::CompileOptions& options) {
  std::vector<Graph> list;
  for (graph::LayerId id = 0; id < g.layer_count(); ++id) {
    const graph::Layer& layer = g.layer(id);
    const auto known = [&](TensorId t) { return t == kNone || g.tensor(t).is_static(); };
    if (!layer.alive() || !layer.op->loop_body || !std::ranges::all_of(layer.inputs, known)) continue;
    try {
      list.push_back(body_of(g, layer, options));
    } catch (const Error& error) {
      // Extents that the body can't have: an error of the run that gets so far, if any.
      if (error.code() != ErrorCode::invalid_model) throw;
      continue;
    }
    std::vector<Graph> inside = loop_bodies(list.back(), options);
    std::ranges::move(inside, std::back_inserter(list));
  }
  return list;
}

}  // namespace vireo::tune
