#pragma once
// Scale and zero point of unsigned bytes that cover a range of numbers, in the arithmetic of ONNX Runtime. Any thread.

#include <algorithm>
#include <cmath>
#include <cstdint>

namespace vireo::ops {

struct DynamicRange {
  float scale = 1;
  std::uint8_t zero = 0;
};

/// `least` <= 0 <= `greatest`; a range of one number has scale 1.
[[nodiscard]] inline DynamicRange dynamic_range(float least, float greatest) {
  DynamicRange range;
  if (greatest != least) range.scale = (greatest - least) / 255.0f;
  const float zero = 0.0f - least / range.scale;
  range.zero = zero > 0 ? static_cast<std::uint8_t>(std::nearbyint(std::min(zero, 255.0f))) : std::uint8_t{0};
  return range;
}

}  // namespace vireo::ops
