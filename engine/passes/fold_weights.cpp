#include "engine/passes/fold_weights.h"

#include <algorithm>

#include "engine/graph/operator.h"

namespace vireo::passes {
namespace {

bool is_matrix(const Graph& graph, LayerId id) { return is_op(graph, id, "gemm") || is_op(graph, id, "matmul"); }

/// Axis of the weights that runs over the output channels; for conv_transpose within a group.
std::size_t weight_axis(const Graph& graph, LayerId id) {
  const Attributes& attributes = graph.layer(id).attributes;
  const std::size_t rank = constant_of(graph, input_of(graph, id, 1))->dims.size();
  if (is_op(graph, id, "conv")) return 0;
  if (is_op(graph, id, "conv_transpose")) return 1;
  const bool transposed = attributes.integer(is_op(graph, id, "gemm") ? "transB" : "trans_b", 0) != 0;
  return transposed ? rank - 2 : rank - 1;
}

ConstantPtr scaled_weights(const Graph& graph, LayerId id, const std::vector<double>& scale) {
  const Constant& weights = *constant_of(graph, input_of(graph, id, 1));
  const std::size_t axis = weight_axis(graph, id);
  std::vector<double> values = reals_of(weights);
  std::int64_t inner = 1;
  for (std::size_t i = axis + 1; i < weights.dims.size(); ++i) inner *= weights.dims[i];
  const std::int64_t extent = weights.dims[axis];
  // The output channels of a transposed convolution are group by group; so are the input channels, the outermost axis.
  const bool grouped = is_op(graph, id, "conv_transpose");
  const std::int64_t groups = grouped ? graph.layer(id).attributes.integer("group", 1) : 1;
  const std::int64_t inputs_per_group = grouped ? std::max<std::int64_t>(1, weights.dims[0] / groups) : 1;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const auto index = static_cast<std::int64_t>(i);
    std::int64_t channel = index / inner % extent;
    if (grouped) channel += index / (inner * extent) / inputs_per_group * extent;
    values[i] *= scale.size() == 1 ? scale[0] : scale[static_cast<std::size_t>(channel)];
  }
  return constant_from(values, weights.dims, weights.dtype);
}

}  // namespace

bool is_weighted(const Graph& graph, LayerId id) {
  if (id == kNone || !graph.layer(id).alive()) return false;
  const bool convolution = is_op(graph, id, "conv") || is_op(graph, id, "conv_transpose");
  if (!convolution && !is_matrix(graph, id)) return false;
  const Constant* weights = constant_of(graph, input_of(graph, id, 1));
  return weights != nullptr && (weights->dtype == DataType::float32 || weights->dtype == DataType::float64) &&
         weights->dims.size() >= 2 && (convolution || weights->dims.size() == 2);
}

std::int64_t output_channels(const Graph& graph, LayerId id) {
  const Constant& weights = *constant_of(graph, input_of(graph, id, 1));
  const std::int64_t extent = weights.dims[weight_axis(graph, id)];
  return is_op(graph, id, "conv_transpose") ? extent * graph.layer(id).attributes.integer("group", 1) : extent;
}

std::size_t channel_axis(const Graph& graph, LayerId id, std::size_t rank) {
  if (is_matrix(graph, id) || graph.layer(id).attributes.text("layout", "nchw") == "nhwc") return rank - 1;
  return 1;
}

bool is_plain(const Graph& graph, LayerId id) {
  const Attributes& attributes = graph.layer(id).attributes;
  return attributes.text("activation", "").empty() && attributes.text("residual", "").empty() &&
         input_of(graph, id, 3) == kNone;
}

bool scale_output(Graph& graph, LayerId id, std::vector<double> scale, std::vector<double> shift) {
  const TensorId bias_tensor = input_of(graph, id, 2);
  const Constant* bias = constant_of(graph, bias_tensor);
  if (!is_weighted(graph, id) || !is_plain(graph, id) || (bias_tensor != kNone && bias == nullptr)) return false;
  const auto channels = static_cast<std::size_t>(output_channels(graph, id));
  const DataType dtype = constant_of(graph, input_of(graph, id, 1))->dtype;
  bool shifts = false, scales = false;
  for (const double value : shift) shifts = shifts || value != 0;
  for (const double value : scale) scales = scales || value != 1;
  const double beta = is_op(graph, id, "gemm") ? graph.layer(id).attributes.real("beta", 1) : 1;
  std::vector<double> values(channels, 0.0);
  Dims dims{static_cast<std::int64_t>(channels)};
  if (bias != nullptr) {
    const std::vector<double> old = reals_of(*bias);
    if (old.size() != channels && old.size() != 1) return false;
    if (old.size() == channels && (bias->dims.empty() || bias->dims.back() != dims[0]))
      return false;  // a column of a gemm
    for (std::size_t c = 0; c < channels; ++c) values[c] = beta * old[old.size() == 1 ? 0 : c];
  }
  for (std::size_t c = 0; c < channels; ++c)
    values[c] = values[c] * scale[scale.size() == 1 ? 0 : c] + shift[shift.size() == 1 ? 0 : c];
  if (scales) set_constant_input(graph, id, 1, scaled_weights(graph, id, scale));
  if (bias != nullptr || shifts) {
    set_constant_input(graph, id, 2, constant_from(values, dims, dtype));
    if (beta != 1) graph.layer(id).attributes.erase("beta");
  }
  graph.infer(id);
  return true;
}

std::vector<double> channel_values(const Constant& constant, std::size_t rank, std::int64_t axis,
                                   std::int64_t channels) {
  if (constant.dims.size() > rank) return {};
  if (constant.count() == 1) return reals_of(constant);
  if (axis < 0 || constant.count() != channels) return {};
  const auto offset = static_cast<std::int64_t>(rank - constant.dims.size());
  const std::int64_t own = axis - offset;
  if (own < 0 || constant.dims[static_cast<std::size_t>(own)] != channels) return {};
  return reals_of(constant);
}

std::optional<Affine> affine_of(const Graph& graph, LayerId id, std::size_t rank, std::int64_t axis,
                                std::int64_t channels) {
  if (!is_op(graph, id, "binary")) return std::nullopt;
  const std::string function = function_of(graph, id);
  for (const int slot : {1, 0}) {
    const Constant* constant = constant_of(graph, input_of(graph, id, slot));
    const TensorId x = input_of(graph, id, 1 - slot);
    if (constant == nullptr || tensor_of(graph, x).constant) continue;
    if (!tensor_of(graph, x).ranked || rank_of(graph, x) != rank) return std::nullopt;
    std::vector<double> values = channel_values(*constant, rank, axis, channels);
    if (values.empty()) return std::nullopt;
    if (function == "add") return Affine{x, {1}, values};
    if (function == "mul") return Affine{x, values, {0}};
    const bool right = slot == 1;
    if (function == "sub") {
      if (right) std::transform(values.begin(), values.end(), values.begin(), [](double v) { return -v; });
      return Affine{x, {right ? 1.0 : -1.0}, values};
    }
    if (function == "div" && right) {
      if (std::find(values.begin(), values.end(), 0.0) != values.end()) return std::nullopt;
      std::transform(values.begin(), values.end(), values.begin(), [](double v) { return 1 / v; });
      return Affine{x, values, {0}};
    }
    return std::nullopt;
  }
  return std::nullopt;
}

}  // namespace vireo::passes
