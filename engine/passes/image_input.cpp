// What networks do to their input images before the first convolution – conversion to float, scales and shifts by
// channel, channels last – becomes one layer, which can hand its rows on to the convolution. The convolution pads what
// is scaled and shifted already, as before: nothing about its border changes.

#include "engine/graph/operator.h"
#include "engine/passes/edit.h"
#include "engine/passes/fold_weights.h"
#include "engine/passes/list.h"

namespace vireo::passes {
namespace {

/// The tensor's only writer, when nothing else needs the tensor.
LayerId step_before(const Graph& graph, TensorId tensor, std::string_view op) {
  return used_once(graph, tensor) ? producer_of(graph, tensor, op) : kNone;
}

bool to_channels_last(const Graph& graph, LayerId transpose) {
  return transpose != kNone && perm_of(graph, transpose) == std::vector<std::int64_t>{0, 2, 3, 1};
}

double at(const std::vector<double>& values, std::size_t channel) { return values[values.size() == 1 ? 0 : channel]; }

struct Head {
  TensorId image = kNone;
  bool planes = false;
  std::vector<double> scale, shift;  ///< by channel
  int steps = 0;                     ///< layers that it replaces, without transposes
};

/// Walks up from the tensor that a channels-last convolution reads.
Head head_of(const Graph& graph, TensorId end) {
  Head head{end};
  const auto channels = tensor_of(graph, end).dims[3];
  head.scale.assign(static_cast<std::size_t>(channels), 1.0);
  head.shift.assign(static_cast<std::size_t>(channels), 0.0);
  LayerId id = producer_of(graph, end, "transpose");
  if (to_channels_last(graph, id)) {
    head.planes = true;
    head.image = input_of(graph, id, 0);
  }
  // The last tensor may have other readers; those before it may not.
  const auto before = [&](std::string_view op) {
    return head.image == end ? producer_of(graph, end, op) : step_before(graph, head.image, op);
  };
  for (id = before("binary"); id != kNone; id = before("binary")) {
    const auto affine = affine_of(graph, id, 4, head.planes ? 1 : 3, channels);
    if (!affine || !same_known_dims(graph, affine->x, output_of(graph, id)) || !are_tame_factors(affine->scale) ||
        !are_tame_summands(affine->shift))
      return head;
    for (std::size_t c = 0; c < head.scale.size(); ++c) {
      head.shift[c] += head.scale[c] * at(affine->shift, c);
      head.scale[c] *= at(affine->scale, c);
    }
    head.image = affine->x;
    ++head.steps;
  }
  id = before("cast");
  if (id == kNone || tensor_of(graph, input_of(graph, id, 0)).dtype != DataType::uint8) return head;
  head.image = input_of(graph, id, 0);
  ++head.steps;
  id = head.planes ? kNone : step_before(graph, head.image, "transpose");
  if (to_channels_last(graph, id)) {
    head.planes = true;
    head.image = input_of(graph, id, 0);
  }
  return head;
}

/// Scale and shift as float32 are as exact as the layers that they replace, also all of those together.
bool is_faithful(const Head& head) { return are_tame_factors(head.scale) && are_tame_summands(head.shift); }

bool rewrite(Graph& graph, LayerId conv) {
  const TensorId end = input_of(graph, conv, 0);
  const Tensor& tensor = tensor_of(graph, end);
  if (graph.layer(conv).attributes.text("layout", "nchw") != "nhwc" || tensor.constant || tensor.producer == kNone)
    return false;
  if (!tensor.is_static() || tensor.dims.size() != 4 || tensor.dtype != DataType::float32) return false;
  const Head head = head_of(graph, end);
  if (head.steps == 0 || tensor_of(graph, head.image).constant) return false;
  // Floats are taken from the network's inputs only: elsewhere scale and shift may be handed on by rows themselves.
  const Tensor& image = tensor_of(graph, head.image);
  if (image.dtype != DataType::uint8 && (image.dtype != DataType::float32 || image.producer != kNone)) return false;
  if (!is_faithful(head)) return false;
  const Dims dims{static_cast<std::int64_t>(head.scale.size())};
  const std::string name = graph.layer(conv).name;
  const TensorId scale = add_constant(graph, name + ".scale", constant_from(head.scale, dims, DataType::float32));
  const TensorId shift = add_constant(graph, name + ".shift", constant_from(head.shift, dims, DataType::float32));
  Attributes attributes;
  attributes.set("layout", std::string(head.planes ? "nchw" : "nhwc"));
  const LayerId fresh = replace_layer(graph, tensor_of(graph, end).producer, "image_input", {head.image, scale, shift},
                                      std::move(attributes));
  graph.layer(fresh).name = name + ".image";
  return true;
}

}  // namespace

bool image_input(Graph& graph) {
  bool changed = false;
  for (const LayerId id : layers_of(graph))
    if (graph.layer(id).alive() && is_op(graph, id, "conv")) changed = rewrite(graph, id) || changed;
  return changed;
}

}  // namespace vireo::passes
