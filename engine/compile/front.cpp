#include "engine/compile/front.h"

#include "engine/compile/dense_problem.h"
#include "engine/graph/operator.h"
#include "engine/graph/pins.h"
#include "engine/ops/table.h"
#include "engine/passes/edit.h"

namespace vireo::compile {
namespace {

using graph::Graph;
using graph::kNone;
using graph::LayerId;
using graph::TensorId;

/// The windows of a pool as image_conv has them; empty for one that it can't be.
std::vector<std::int64_t> windows_of(const Graph& graph, LayerId pool) {
  const graph::Attributes& a = graph.layer(pool).attributes;
  const std::vector<std::int64_t> kernel = a.integers("kernel_shape"), strides = a.integers("strides", {1, 1}),
                                  pads = a.integers("pads", {0, 0, 0, 0}), dilations = a.integers("dilations", {1, 1});
  const bool plain = a.text("mode", "max") == "max" && a.text("layout", "nchw") == "nhwc" &&
                     a.text("auto_pad", "NOTSET") == "NOTSET" && graph.layer(pool).outputs.size() == 1;
  const auto square = [](const std::vector<std::int64_t>& v) { return v.size() == 2 && v[0] == v[1]; };
  if (!plain || !square(kernel) || !square(strides) || !square(dilations) || dilations[0] != 1) return {};
  if (pads.size() != 4 || pads[0] != pads[1] || strides[0] > kernel[0] || pads[0] >= kernel[0]) return {};
  const Dims& out = graph.tensor(graph.layer(pool).outputs[0]).dims;  // how far it reaches follows from its extents
  return {kernel[0], strides[0], pads[0], out[1], out[2]};
}

/// A layer beside the ones that it stands for; kNone where there is no kernel for it.
LayerId add_front(Graph& graph, LayerId image, LayerId conv, LayerId pool, const CompileOptions& options) {
  const graph::Layer &prepared = graph.layer(image), &first = graph.layer(conv);
  std::vector<TensorId> inputs = prepared.inputs;
  inputs.push_back(first.inputs[1]);
  if (passes::input_of(graph, conv, 2) != kNone) inputs.push_back(first.inputs[2]);
  graph::Attributes attributes = first.attributes;
  attributes.set("image", std::string(prepared.attributes.text("layout", "nchw")));
  std::string name = first.name;
  if (pool != kNone) {
    const std::vector<std::int64_t> windows = windows_of(graph, pool);
    if (windows.empty()) return kNone;
    attributes.set("pool", windows);
    name += " + " + graph.layer(pool).name;
  }
  const LayerId made = graph.add_layer(*ops::find_operator("image_conv"), name, inputs, attributes);
  const TensorId before = graph.layer(pool != kNone ? pool : conv).outputs[0], now = graph.layer(made).outputs[0];
  const bool same =
      graph.tensor(now).dtype == graph.tensor(before).dtype && graph.tensor(now).dims == graph.tensor(before).dims;
  if (same && has_kernel(graph, made, options)) return made;
  graph.remove_layer(made);
  return kNone;
}

bool join(Graph& graph, LayerId conv, const CompileOptions& options) {
  if (graph::is_pinned(graph.layer(conv).attributes)) return false;
  if (graph.layer(conv).attributes.text("layout", "nchw") != "nhwc" || passes::input_of(graph, conv, 3) != kNone)
    return false;
  const TensorId prepared = passes::input_of(graph, conv, 0);
  const LayerId image = passes::producer_of(graph, prepared, "image_input");
  if (image == kNone || !passes::used_once(graph, prepared)) return false;
  const auto is_known = [&](TensorId t) { return t == kNone || graph.tensor(t).constant; };
  for (const int k : {1, 2})
    if (!is_known(passes::input_of(graph, conv, k)) || !is_known(passes::input_of(graph, image, k))) return false;
  const bool launches = options.target->opencl.resident_groups == 0;  // in plan kernels the pool is a part of its own
  LayerId last = launches ? passes::only_reader(graph, passes::output_of(graph, conv), "pool") : kNone;
  LayerId made = last != kNone ? add_front(graph, image, conv, last, options) : kNone;
  if (made == kNone) {
    last = conv;
    made = add_front(graph, image, conv, kNone, options);
  }
  if (made == kNone) return false;
  const TensorId before = graph.layer(last).outputs[0], now = graph.layer(made).outputs[0];
  if (!passes::can_redirect(graph, before, now)) {
    graph.remove_layer(made);
    return false;
  }
  graph.tensor(now).origin = graph.tensor(before).origin;
  graph.replace_uses(before, now);
  const std::string name = graph.tensor(before).name;
  if (last != conv) graph.remove_layer(last);
  graph.remove_layer(conv);
  graph.remove_layer(image);
  if (!graph.tensor(before).name.empty()) graph.rename(now, graph.unique_name(name));
  return true;
}

}  // namespace

void join_front(Graph& graph, const CompileOptions& options) {
  bool any = false;
  for (const LayerId id : passes::layers_of(graph))
    if (graph.layer(id).alive() && passes::is_op(graph, id, "conv")) any = join(graph, id, options) || any;
  if (any) graph.compact();
}

}  // namespace vireo::compile
