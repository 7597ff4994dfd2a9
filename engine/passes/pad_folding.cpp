// Padding of the spatial axes becomes part of the convolution or pooling after it, where that pads with the same
// value. Zero channels after the others that only serve to be added to a convolution go away: its residual may have
// fewer channels.

#include <algorithm>
#include <limits>

#include "engine/graph/operator.h"
#include "engine/passes/edit.h"
#include "engine/passes/list.h"

namespace vireo::passes {
namespace {

struct Padding {
  std::vector<std::int64_t> begin, end;  ///< one per axis of the tensor
  double value = 0;
};

std::optional<Padding> padding_of(const Graph& graph, LayerId id) {
  if (graph.layer(id).attributes.text("mode", "constant") != "constant") return std::nullopt;
  const auto pads = integers_of(graph, input_of(graph, id, 1));
  const Tensor& x = tensor_of(graph, input_of(graph, id, 0));
  if (!pads || !x.ranked || x.dtype != DataType::float32) return std::nullopt;
  const std::size_t rank = x.dims.size();
  std::vector<std::int64_t> axes;
  if (input_of(graph, id, 3) != kNone) {
    const auto given = integers_of(graph, input_of(graph, id, 3));
    if (!given) return std::nullopt;
    axes = *given;
  } else {
    for (std::size_t i = 0; i < rank; ++i) axes.push_back(static_cast<std::int64_t>(i));
  }
  Padding padding{std::vector<std::int64_t>(rank, 0), std::vector<std::int64_t>(rank, 0), 0};
  for (std::size_t i = 0; i < axes.size(); ++i) {
    const auto axis = static_cast<std::size_t>(axes[i] < 0 ? axes[i] + static_cast<std::int64_t>(rank) : axes[i]);
    padding.begin[axis] += (*pads)[i];
    padding.end[axis] += (*pads)[axes.size() + i];
  }
  if (input_of(graph, id, 2) != kNone) {
    const auto value = scalar_of(graph, input_of(graph, id, 2));
    if (!value) return std::nullopt;
    padding.value = *value;
  }
  return padding;
}

/// Values that are never below zero, so that padding with zeros can't win a maximum it should not.
bool is_non_negative(const Graph& graph, TensorId tensor) {
  const LayerId id = tensor_of(graph, tensor).producer;
  if (id == kNone) return false;
  const Attributes& attributes = graph.layer(id).attributes;
  if (is_op(graph, id, "unary")) {
    const std::string function = function_of(graph, id);
    return function == "relu" || function == "sigmoid" || function == "hard_sigmoid" ||
           (function == "clip" && attributes.real("min", -1) >= 0);
  }
  if (is_op(graph, id, "conv") && attributes.text("residual", "") != "after") {
    const std::string activation = attributes.text("activation", "");
    return activation == "relu" || activation == "sigmoid" ||
           (activation == "clip" && attributes.real("alpha", -1) >= 0);
  }
  return is_op(graph, id, "pool") && attributes.text("mode", "") == "max" &&
         is_non_negative(graph, input_of(graph, id, 0));
}

/// Whether the reader, once it pads by itself, treats the border as the padding layer did.
bool accepts(const Graph& graph, LayerId reader, const Padding& padding, TensorId x,
             const std::vector<std::int64_t>& pads) {
  const Attributes& attributes = graph.layer(reader).attributes;
  if (is_op(graph, reader, "conv")) return padding.value == 0;
  if (graph.layer(reader).outputs.size() != 1 || attributes.integer("ceil_mode", 0) != 0) return false;
  const bool pads_already = std::any_of(pads.begin(), pads.end(), [](std::int64_t p) { return p != 0; });
  const std::string mode = attributes.text("mode", "max");
  if (mode == "max") {
    const bool lowest = padding.value <= -static_cast<double>(std::numeric_limits<float>::max());
    // A window that lies in the border alone would have no maximum.
    const std::vector<std::int64_t> kernel = attributes.integers("kernel_shape");
    const std::size_t spatial = kernel.size();
    const std::size_t first = padding.begin.size() - spatial - (attributes.text("layout", "nchw") == "nhwc" ? 1 : 0);
    for (std::size_t i = 0; i < spatial; ++i)
      if (padding.begin[first + i] + (pads_already ? pads[i] : 0) >= kernel[i] ||
          padding.end[first + i] + (pads_already ? pads[spatial + i] : 0) >= kernel[i])
        return false;
    return lowest || (padding.value == 0 && is_non_negative(graph, x));
  }
  return mode == "average" && padding.value == 0 && (!pads_already || attributes.integer("count_include_pad", 0) != 0);
}

bool fold(Graph& graph, LayerId reader) {
  const LayerId id = producer_of(graph, input_of(graph, reader, 0), "pad");
  if (id == kNone) return false;
  const auto padding = padding_of(graph, id);
  Attributes& attributes = graph.layer(reader).attributes;
  if (!padding || attributes.text("auto_pad", "NOTSET") != "NOTSET") return false;
  const std::size_t rank = padding->begin.size();
  if (rank < 3) return false;
  const std::size_t first = attributes.text("layout", "nchw") == "nhwc" ? 1 : 2;
  const std::size_t spatial = rank - 2;
  for (std::size_t i = 0; i < rank; ++i) {
    const bool inside = i >= first && i < first + spatial;
    if (padding->begin[i] < 0 || padding->end[i] < 0 || (!inside && (padding->begin[i] != 0 || padding->end[i] != 0)))
      return false;
  }
  std::vector<std::int64_t> pads = attributes.integers("pads");
  pads.resize(2 * spatial, 0);
  if (!accepts(graph, reader, *padding, input_of(graph, id, 0), pads)) return false;
  for (std::size_t i = 0; i < spatial; ++i) {
    pads[i] += padding->begin[first + i];
    pads[spatial + i] += padding->end[first + i];
  }
  attributes.set("pads", pads);
  if (is_op(graph, reader, "pool") && attributes.text("mode", "max") == "average")
    attributes.set("count_include_pad", std::int64_t{1});
  graph.set_input(reader, 0, input_of(graph, id, 0));
  graph.infer(reader);
  return true;
}

bool narrow_residual(Graph& graph, LayerId conv) {
  const TensorId residual = input_of(graph, conv, 3);
  const LayerId id = residual == kNone ? kNone : producer_of(graph, residual, "pad");
  const Attributes& attributes = graph.layer(conv).attributes;
  if (id == kNone || attributes.text("layout", "nchw") != "nhwc" || attributes.integer("group", 1) != 1) return false;
  if (!tensor_of(graph, input_of(graph, conv, 1)).constant || tensor_of(graph, residual).dims.size() > 4) return false;
  const auto padding = padding_of(graph, id);
  if (!padding || padding->value != 0) return false;
  const std::size_t channels = padding->begin.size() - 1;
  for (std::size_t i = 0; i <= channels; ++i)
    if (padding->begin[i] != 0 || padding->end[i] < 0 || (i < channels && padding->end[i] != 0)) return false;
  graph.set_input(conv, 3, input_of(graph, id, 0));
  graph.infer(conv);
  return true;
}

}  // namespace

bool pad_folding(Graph& graph) {
  bool changed = false;
  for (const LayerId id : layers_of(graph))
    if (is_op(graph, id, "conv") || is_op(graph, id, "pool")) {
      changed = fold(graph, id) || changed;
      changed = (is_op(graph, id, "conv") && narrow_residual(graph, id)) || changed;
    }
  return changed;
}

}  // namespace vireo::passes
