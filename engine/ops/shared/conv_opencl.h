#pragma once
// Convolutions and transposed convolutions on OpenCL devices: what their kernels read of a problem, and the two
// families that both operators have. Used when a launch is prepared; any thread.

#include <string>

#include "engine/ops/shared/conv_geometry.h"
#include "engine/ops/shared/opencl.h"

namespace vireo::ops {

/// Of a tensor with a pitch, over up to three spatial axes.
[[nodiscard]] ActivationStrides activation_strides_of(const graph::Desc& desc, bool nhwc);

struct OpenclConv {
  ConvGeometry g;
  Direction direction = Direction::forward;
  ActivationStrides x, y, r;  ///< with pitches; r where there is a residual
  ActivationSpec activation;
  bool bias = false, residual = false, residual_before = false;
  std::int64_t residual_channels = 0;

  [[nodiscard]] double flops() const;
};
/// Why kernels can't have this: types, extents; empty where they can. The weights may be unknown.
[[nodiscard]] std::string refuse_conv_opencl(const Problem& problem, Direction direction);
/// The same, and where weights or bias aren't known.
[[nodiscard]] std::string refuse_packed_conv_opencl(const Problem& problem, Direction direction);
[[nodiscard]] OpenclConv read_conv_opencl(const Problem& problem, Direction direction);

/// Adds state 0, weights as [group][panel][tap][input channel][output channel of the panel], and state 1, the bias in
/// float32 as [group][output channel]. Taps x input channels are padded to a multiple of `rows`, the output channels of
/// a group to one of `columns`, which is the width of a panel; or there is one panel.
enum class Panels { one, many };
void pack_conv_opencl(OpenclLaunch& launch, const Problem& problem, const OpenclConv& conv, std::int64_t rows,
                      std::int64_t columns, Panels panels);

/// An item an output element: any layout, rank, grouping, weights known or not.
[[nodiscard]] Launch prepare_conv_any_opencl(const Problem& problem, Direction direction);
[[nodiscard]] double predict_conv_any_opencl(const Problem& problem, Direction direction);
/// Some pixels of some channels for each item, from packed weights; not for groups of one or two outputs.
[[nodiscard]] std::string refuse_conv_direct_opencl(const Problem& problem, Direction direction);
[[nodiscard]] Launch prepare_conv_direct_opencl(const Problem& problem, Direction direction);
[[nodiscard]] double predict_conv_direct_opencl(const Problem& problem, Direction direction);

/// The arguments that kernels of all families begin with, conv_any.cl says which; and flags.
void conv_shape_arguments(KernelCall& call, const OpenclConv& conv);
[[nodiscard]] int conv_flags(const OpenclConv& conv);
/// Products and sums in a second that all of a device may reach in float, for want of a better number: what is
/// predicted serves only to compare tactics of one device.
[[nodiscard]] double opencl_flops(const device::Target& target);

}  // namespace vireo::ops
