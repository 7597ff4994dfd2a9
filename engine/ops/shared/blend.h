#pragma once
// Interpolation between four pixels of many channels, for pictures that lie channels-last: deform_conv and roi_align.
// Light; pure functions.

#include <cstdint>

namespace vireo::ops {

/// to[i] = the sum of from[k][i] * weights[k] over four k, added to what is there where `add`.
using BlendRun = void (*)(float* to, const float* const* from, const float* weights, std::int64_t count, bool add);
[[nodiscard]] BlendRun blend_portable();
[[nodiscard]] BlendRun blend_avx2();
[[nodiscard]] BlendRun blend_avx512();

}  // namespace vireo::ops
