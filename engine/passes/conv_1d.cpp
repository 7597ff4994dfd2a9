// Convolutions and pooling along one axis become those of an image of height 1, which the fast kernels are written for.

#include <algorithm>

#include "engine/graph/operator.h"
#include "engine/passes/edit.h"
#include "engine/passes/list.h"

namespace vireo::passes {
namespace {

/// The attribute with a neutral entry for the height before each entry for the length.
void widen(const Attributes& from, Attributes& to, std::string_view name, std::int64_t neutral) {
  const std::vector<std::int64_t> values = from.integers(name);
  if (values.empty()) return;
  std::vector<std::int64_t> wide;
  for (const std::int64_t value : values) {
    wide.push_back(neutral);
    wide.push_back(value);
  }
  to.set(name, wide);
}

bool rewrite(Graph& graph, LayerId id) {
  const TensorId x = input_of(graph, id, 0);
  const bool pool = is_op(graph, id, "pool");
  const Attributes old = graph.layer(id).attributes;
  if (!tensor_of(graph, x).ranked || rank_of(graph, x) != 3 || tensor_of(graph, x).dtype != DataType::float32)
    return false;
  const Dims &dims = tensor_of(graph, x).dims, &result = tensor_of(graph, output_of(graph, id)).dims;
  if (std::count(dims.begin(), dims.end(), 0) + std::count(result.begin(), result.end(), 0) > 0)
    return false;  // for an empty tensor -1 can't be inferred
  if (graph.layer(id).outputs.size() != 1 || old.text("layout", "nchw") != "nchw" || input_of(graph, id, 3) != kNone)
    return false;
  const Constant* weights = pool ? nullptr : constant_of(graph, input_of(graph, id, 1));
  if (!pool && (weights == nullptr || weights->dims.size() != 3)) return false;

  Attributes attributes = old;
  for (const auto& [name, neutral] : {std::pair<std::string_view, std::int64_t>{"kernel_shape", 1},
                                      {"strides", 1},
                                      {"dilations", 1},
                                      {"output_padding", 0},
                                      {"output_shape", 1}})
    widen(old, attributes, name, neutral);
  if (const std::vector<std::int64_t> pads = old.integers("pads"); pads.size() == 2)
    attributes.set("pads", std::vector<std::int64_t>{0, pads[0], 0, pads[1]});

  const std::string name = graph.layer(id).name;
  const std::string op(graph.layer(id).op->name);
  std::vector<TensorId> inputs = graph.layer(id).inputs;
  inputs[0] = insert_layer(graph, id, "reshape", {x, add_integers(graph, name + ".shape", {0, 0, 1, -1})});
  if (weights != nullptr)
    inputs[1] = add_constant(graph, name + ".weights",
                             reshaped(*weights, {weights->dims[0], weights->dims[1], 1, weights->dims[2]}));
  const TensorId wide = insert_layer(graph, id, op, std::move(inputs), std::move(attributes));
  // Extents 0 and 1 are copied, the height of 1 goes away.
  replace_layer(graph, id, "reshape", {wide, add_integers(graph, name + ".shape", {0, 0, -1})}, {});
  return true;
}

}  // namespace

bool conv_1d(Graph& graph) {
  bool changed = false;
  for (const LayerId id : layers_of(graph))
    if (is_op(graph, id, "conv") || is_op(graph, id, "conv_transpose") || is_op(graph, id, "pool"))
      changed = rewrite(graph, id) || changed;
  return changed;
}

}  // namespace vireo::passes
