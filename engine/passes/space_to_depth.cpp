// The "focus" stem: four slices of every second row and column, joined along the channels, then a convolution. The same
// convolution with twice the kernel, stride and padding reads the image itself.

#include "engine/graph/operator.h"
#include "engine/passes/edit.h"
#include "engine/passes/list.h"

namespace vireo::passes {
namespace {

/// Every second row and column of an image, from (row, column) on.
struct Phase {
  TensorId image = kNone;
  std::int64_t start[2] = {-1, -1};
};

/// Follows slices with step 2 along axes 2 and 3 to the image.
std::optional<Phase> phase_of(const Graph& graph, TensorId tensor) {
  Phase phase;
  while (phase.start[0] < 0 || phase.start[1] < 0) {
    const LayerId id = producer_of(graph, tensor, "slice");
    if (id == kNone) return std::nullopt;
    const TensorId x = input_of(graph, id, 0);
    const auto starts = integers_of(graph, input_of(graph, id, 1)), ends = integers_of(graph, input_of(graph, id, 2));
    const auto axes = integers_of(graph, input_of(graph, id, 3)), steps = integers_of(graph, input_of(graph, id, 4));
    if (!starts || !ends || !axes || !steps || !tensor_of(graph, x).is_static() || rank_of(graph, x) != 4)
      return std::nullopt;
    for (std::size_t i = 0; i < axes->size(); ++i) {
      const std::int64_t axis = (*axes)[i] < 0 ? (*axes)[i] + 4 : (*axes)[i];
      if (axis < 2 || (*steps)[i] != 2 || (*starts)[i] < 0 || (*starts)[i] > 1) return std::nullopt;
      const std::int64_t extent = tensor_of(graph, x).dims[static_cast<std::size_t>(axis)];
      if (extent % 2 != 0 || (*ends)[i] < extent || phase.start[axis - 2] >= 0) return std::nullopt;
      phase.start[axis - 2] = (*starts)[i];
    }
    tensor = x;
  }
  phase.image = tensor;
  return phase;
}

bool rewrite(Graph& graph, LayerId conv) {
  const LayerId join = producer_of(graph, input_of(graph, conv, 0), "concat");
  if (join == kNone || only_reader(graph, output_of(graph, join)) != conv || graph.layer(join).inputs.size() != 4)
    return false;
  if (graph.layer(join).attributes.integer("axis", 0) != 1) return false;
  const Constant* weights = constant_of(graph, input_of(graph, conv, 1));
  Attributes attributes = graph.layer(conv).attributes;
  const auto all = [&attributes](std::string_view name, std::int64_t value) {
    for (const std::int64_t v : attributes.integers(name))
      if (v != value) return false;
    return true;
  };
  if (weights == nullptr || weights->dtype != DataType::float32 || weights->dims.size() != 4 ||
      attributes.integer("group", 1) != 1 || !all("dilations", 1) ||
      attributes.text("auto_pad", "NOTSET") != "NOTSET" || attributes.text("layout", "nchw") != "nchw")
    return false;
  Phase phases[4];
  for (int k = 0; k < 4; ++k) {
    const auto phase = phase_of(graph, input_of(graph, join, k));
    if (!phase || (k > 0 && phase->image != phases[0].image)) return false;
    phases[k] = *phase;
  }
  const Dims& image = tensor_of(graph, phases[0].image).dims;
  const std::int64_t channels = image[1], outputs = weights->dims[0], height = weights->dims[2],
                     width = weights->dims[3];
  if (weights->dims[1] != 4 * channels) return false;

  const graph::MutableConstant wide =
      graph::new_constant(DataType::float32, {outputs, channels, 2 * height, 2 * width});
  const float* from = weights->as<float>();
  float* to = wide.as<float>();  // zeros; two slices may be the same
  for (std::int64_t m = 0; m < outputs; ++m)
    for (std::int64_t k = 0; k < 4; ++k)
      for (std::int64_t c = 0; c < channels; ++c)
        for (std::int64_t i = 0; i < height; ++i)
          for (std::int64_t j = 0; j < width; ++j)
            to[((m * channels + c) * 2 * height + 2 * i + phases[k].start[0]) * 2 * width + 2 * j +
               phases[k].start[1]] += from[((m * 4 * channels + k * channels + c) * height + i) * width + j];

  for (const std::string_view name : {"strides", "pads"}) {
    std::vector<std::int64_t> values = attributes.integers(name);
    if (values.empty()) values.assign(name == "pads" ? 4 : 2, name == "pads" ? 0 : 1);
    for (std::int64_t& value : values) value *= 2;
    attributes.set(name, values);
  }
  attributes.set("kernel_shape", std::vector<std::int64_t>{2 * height, 2 * width});
  graph.layer(conv).attributes = std::move(attributes);
  graph.set_input(conv, 0, phases[0].image);
  set_constant_input(graph, conv, 1, wide.constant);
  graph.infer(conv);
  return true;
}

}  // namespace

bool space_to_depth(Graph& graph) {
  bool changed = false;
  for (const LayerId id : layers_of(graph))
    if (is_op(graph, id, "conv")) changed = rewrite(graph, id) || changed;
  return changed;
}

}  // namespace vireo::passes
