#pragma once
// Which two samples of a row or column of the picture lie around each one of the resized picture, and their weights:
// the arithmetic of OpenCV's INTER_LINEAR on 8-bit samples, to the last bit, on the CPU (resample.h) and on devices
// (frame_block.h) alike. Pure functions.

#include <cstdint>
#include <vector>

namespace vireo::preprocess {

constexpr int kWeightBits = 11;
constexpr int kWhole = 1 << kWeightBits;  ///< weights of both samples together

/// Appends, for each of `to`, the first sample's number * 4096 + the weight of the second, of kWhole. A column outside
/// of the `from` samples is the one at the edge, alone; rows may be -1 or `from` - 1 with a weight, to be clamped when
/// they are read.
void add_taps(int from, int to, bool columns, std::vector<std::int32_t>& taps);

[[nodiscard]] constexpr int first_of(std::int32_t tap) noexcept { return tap >> 12; }
[[nodiscard]] constexpr int weight_of(std::int32_t tap) noexcept { return tap & 4095; }

}  // namespace vireo::preprocess
