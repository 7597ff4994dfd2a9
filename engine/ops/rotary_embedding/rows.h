#pragma once
// One head of one entry. Light: kernel bodies include it.

#include <cstdint>

namespace vireo::ops {

struct RotaryRows {
  /// y = x turned, halves against each other.
  void (*halves)(float* y, const float* x, const float* cos, const float* sin, std::int64_t half) noexcept;
};
[[nodiscard]] RotaryRows rotary_rows_avx2();
[[nodiscard]] RotaryRows rotary_rows_avx512();
[[nodiscard]] RotaryRows rotary_rows_portable();

}  // namespace vireo::ops
