#pragma once
// The extents of a convolution or transposed convolution, read from attributes and shapes: what the shape rule, the
// reference and the kernels agree on. Spatial axes are always three here (depth, height, width); those that a problem
// of lower rank lacks have extent, kernel, stride and dilation 1. Value type, any thread.

#include <array>
#include <cstdint>

#include "engine/ops/shared/shape.h"

namespace vireo::ops {

using Spatial = std::array<std::int64_t, 3>;

struct ConvGeometry {
  int rank = 2;       ///< spatial axes that the problem has; they are the last of the three
  bool nhwc = false;  ///< activations are channels-last
  std::int64_t batch = 0, cin = 0, cout = 0, groups = 1;
  Spatial in{1, 1, 1}, out{1, 1, 1}, kernel{1, 1, 1}, stride{1, 1, 1}, dilation{1, 1, 1};
  Spatial pad_begin{0, 0, 0}, pad_end{0, 0, 0};

  [[nodiscard]] std::int64_t cin_per_group() const { return cin / groups; }
  [[nodiscard]] std::int64_t cout_per_group() const { return cout / groups; }
  [[nodiscard]] std::int64_t taps() const { return kernel[0] * kernel[1] * kernel[2]; }  ///< at most 2^28
  [[nodiscard]] std::int64_t out_pixels() const { return out[0] * out[1] * out[2]; }
  [[nodiscard]] std::int64_t in_pixels() const { return in[0] * in[1] * in[2]; }
  /// Extents of the output tensor in the problem's layout and rank.
  [[nodiscard]] Dims output_dims() const;
};

enum class Direction { forward, transposed };

/// Checks everything and throws Error(invalid_model) with what is wrong and what is accepted. Extents of x may be
/// unknown; output extents that depend on them then are kUnknown, and the paddings of auto_pad are 0. Weights are
/// [cout, cin / groups, kernel…] (forward) or [cin, cout / groups, kernel…] (transposed).
[[nodiscard]] ConvGeometry conv_geometry(const Attributes& attributes, const Dims& x, const Dims& w,
                                         Direction direction);

/// Shape rule of weights that aren't static, but have the rank of x.
void infer_late_weights(InferContext& context, Direction direction);

/// Shape rule of both directions: types, bias, residual, output.
void infer_conv(InferContext& context, Direction direction);

/// Strides, in elements, of one activation tensor of a geometry: batch, channel, depth, height, width. Dense.
struct ActivationStrides {
  std::int64_t batch, channel;
  Spatial space;
};
[[nodiscard]] ActivationStrides activation_strides(bool nhwc, std::int64_t channels, const Spatial& extents);

}  // namespace vireo::ops
