#pragma once
// Convolutions as products on Hopper's tensor cores (hopper.h): 1x1 windows are rows of a matrix as they lie, others
// are gathered by the copy engine (im2col maps). Any thread.

#include "engine/ops/shared/conv_geometry.h"
#include "engine/ops/shared/hopper.h"

namespace vireo::ops {

/// Why the copy engine can't have this convolution's pixels; empty where it can.
[[nodiscard]] std::string refuse_hopper_pixels(const ConvGeometry& g);
/// The pixels of input `input`, whose rows are `pitch` elements apart.
[[nodiscard]] HopperSource hopper_pixels(const ConvGeometry& g, int input, std::int64_t pitch);
/// Depth of the product in slices of 64.
[[nodiscard]] std::int64_t hopper_depth(const ConvGeometry& g);
/// Weights of one output channel after the other as [window][channels, rounded up to 64], halfs: channel o from
/// to + o * row on. What lies between stays as it is.
void pack_hopper_weights(const ConvGeometry& g, const std::uint16_t* from, std::uint16_t* to, std::int64_t row);

}  // namespace vireo::ops
