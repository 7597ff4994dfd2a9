#pragma once
// Which pixels a grid point reads, and their weights. Computed in double as in the reference, so that roundings choose
// the same of two pixels. Pure functions.

#include <cstdint>
#include <string>

#include "engine/graph/tactic.h"

namespace vireo::ops {

enum class SampleMode : std::uint8_t { nearest, linear, cubic };
enum class SamplePadding : std::uint8_t { zeros, border, reflection };

inline constexpr int kMaxSampleRank = 3;

struct SampleAxes {
  int rank = 0;
  std::int64_t extent[kMaxSampleRank] = {};  ///< outermost first
  bool align = false;
  SampleMode mode = SampleMode::linear;
  SamplePadding padding = SamplePadding::zeros;

  [[nodiscard]] int taps_of_axis() const {
    return mode == SampleMode::nearest ? 1 : mode == SampleMode::linear ? 2 : 4;
  }
  [[nodiscard]] int taps() const {
    int count = 1;
    for (int i = 0; i < rank; ++i) count *= taps_of_axis();
    return count;
  }
};

/// The taps of points [point][tap], from their coordinates (innermost axis first): index of the pixel, and weight. What
/// is outside, or weighs nothing, has weight 0 and index -1, and must not be read.
void sample_taps(const SampleAxes& axes, const float* coordinates, std::int64_t points, std::int64_t* index,
                 float* weight) noexcept;

/// On OpenCL devices.
[[nodiscard]] std::string refuse_grid_sample_opencl(const graph::Problem& problem);
[[nodiscard]] graph::Launch prepare_grid_sample_opencl(const graph::Problem& problem);

}  // namespace vireo::ops
