#pragma once
// deform_conv: its extents, the points that a tap reads, reference and tactics.

#include <cmath>

#include "engine/ops/shared/conv_geometry.h"
#include "engine/ops/shared/reference.h"

namespace vireo::ops {

struct DeformConv {
  ConvGeometry g;  ///< of rank 2
  std::int64_t offset_groups = 1;
};
/// Throws Error(invalid_model) like conv_geometry.
[[nodiscard]] DeformConv deform_conv_shape(const Attributes& attributes, const Dims& x, const Dims& w);

/// The four pixels around a point and their weights: 0 outside of the image, where another of the four is named.
struct DeformPoint {
  std::int64_t pixels[4];
  float weights[4];
  bool inside;  ///< one of the four
};
[[nodiscard]] inline DeformPoint deform_point(double y, double x, std::int64_t height, std::int64_t width) noexcept {
  DeformPoint point{};
  if (!(y > -1 && x > -1 && y < static_cast<double>(height) && x < static_cast<double>(width))) return point;
  const double top = std::floor(y), left = std::floor(x);
  const double down = y - top, right = x - left;
  const auto first_row = static_cast<std::int64_t>(top), first_column = static_cast<std::int64_t>(left);
  for (int k = 0; k < 4; ++k) {
    const std::int64_t row = first_row + k / 2, column = first_column + k % 2;
    const bool inside = row >= 0 && column >= 0 && row < height && column < width;
    const std::int64_t near_row = row < 0        ? 0
                                  : row < height ? row
                                                 : height - 1,
                       near_column = column < 0       ? 0
                                     : column < width ? column
                                                      : width - 1;
    point.pixels[k] = near_row * width + near_column;
    if (!inside) continue;
    point.inside = true;
    point.weights[k] = static_cast<float>((k / 2 ? down : 1 - down) * (k % 2 ? right : 1 - right));
  }
  return point;
}

void deform_conv_reference(const EvalContext&);
[[nodiscard]] std::span<const Tactic> deform_conv_tactics();

}  // namespace vireo::ops
