#pragma once
// Scaling and shifting the outputs (or inputs) of a layer with constant weights by changing the weights: what
// batch_norm, scale_bias and image_input share.

#include <optional>
#include <vector>

#include "engine/passes/edit.h"

namespace vireo::passes {

/// The weighted layers: conv, conv_transpose, gemm, matmul with a constant second input.
[[nodiscard]] bool is_weighted(const Graph& graph, LayerId layer);
/// How many output channels a weighted layer has.
[[nodiscard]] std::int64_t output_channels(const Graph& graph, LayerId layer);
/// Which axis of the layer's output they are on, for an output of that rank.
[[nodiscard]] std::size_t channel_axis(const Graph& graph, LayerId layer, std::size_t rank);
/// Nothing follows the sum yet: no activation, no residual.
[[nodiscard]] bool is_plain(const Graph& graph, LayerId layer);

/// output = output * scale + shift, per output channel. The layer must be plain and its bias, if any, constant
/// (otherwise false, and nothing changes). One value stands for all channels.
bool scale_output(Graph& graph, LayerId layer, std::vector<double> scale, std::vector<double> shift);

/// A constant that varies along one axis of a tensor of `rank` at most: its values (one for a scalar), else empty.
/// With -1 for the axis, only scalars are taken.
[[nodiscard]] std::vector<double> channel_values(const Constant& constant, std::size_t rank, std::int64_t axis,
                                                 std::int64_t channels);

/// A binary layer read as y = x * scale + shift.
struct Affine {
  TensorId x = kNone;
  std::vector<double> scale, shift;  ///< one value for all channels, or one for each
};
/// Nothing when the layer is none, or its constant varies along more than `axis` (-1: along anything).
[[nodiscard]] std::optional<Affine> affine_of(const Graph& graph, LayerId layer, std::size_t rank, std::int64_t axis,
                                              std::int64_t channels);

}  // namespace vireo::passes
