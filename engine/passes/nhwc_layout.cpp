// Convolutions and pooling of images work on channels-last tensors, which the fast kernels are written for: each gets a
// transpose before and after it, which transpose_sinking moves and cancels. Layers that say their layout keep it.

#include "engine/graph/operator.h"
#include "engine/passes/edit.h"
#include "engine/passes/layout.h"
#include "engine/passes/list.h"

namespace vireo::passes {
namespace {

TensorId transposed(Graph& graph, LayerId beside, TensorId x, const std::vector<std::int64_t>& perm) {
  Attributes attributes;
  attributes.set("perm", perm);
  return insert_layer(graph, beside, "transpose", {x}, std::move(attributes));
}

void convert(Graph& graph, LayerId id) {
  const Layer layer = graph.layer(id);  // a copy: insertions move the layers
  Attributes attributes = layer.attributes;
  attributes.set("layout", std::string("nhwc"));
  std::vector<TensorId> inputs = layer.inputs;
  for (const int k : {0, layer.op->residual_input})
    if (const TensorId x = input_of(graph, id, k); x != kNone)
      inputs[static_cast<std::size_t>(k)] = transposed(graph, id, x, {0, 2, 3, 1});
  const TensorId wide = insert_layer(graph, id, layer.op->name, std::move(inputs), std::move(attributes));
  hand_origin_on(graph, output_of(graph, id), wide, {0, 2, 3, 1});
  Attributes back;
  back.set("perm", std::vector<std::int64_t>{0, 3, 1, 2});
  const LayerId last = replace_layer(graph, id, "transpose", {wide}, std::move(back));
  graph.layer(last).name = layer.name + ".nchw";
  graph.layer(tensor_of(graph, wide).producer).name = layer.name;
}

}  // namespace

bool becomes_channels_last(const Graph& graph, LayerId id) {
  if (!graph.layer(id).alive() || graph.layer(id).op->axis_order != graph::AxisOrder::chosen_layout) return false;
  const Layer& layer = graph.layer(id);
  const TensorId x = input_of(graph, id, 0), y = output_of(graph, id);
  return !layer.attributes.has("layout") && layer.outputs.size() == 1 && y != kNone && tensor_of(graph, x).ranked &&
         rank_of(graph, x) == 4 && tensor_of(graph, y).ranked && tensor_of(graph, x).dtype == DataType::float32;
}

void keep_channels_first(Graph& graph, LayerId id) { graph.layer(id).attributes.set("layout", std::string("nchw")); }

bool nhwc_layout(Graph& graph) {
  // While extents are open, the patterns that the other passes look for may not be there yet, and they are written in
  // channels-first terms: the layout is chosen when the shapes are.
  for (const TensorId input : graph.inputs())
    if (!tensor_of(graph, input).is_static()) return false;
  bool changed = false;
  for (const LayerId id : layers_of(graph)) {
    if (!becomes_channels_last(graph, id)) continue;
    convert(graph, id);
    changed = true;
  }
  return changed;
}

}  // namespace vireo::passes
