#include "engine/ops/grid_sample/taps.h"

#include <algorithm>
#include <cmath>

namespace vireo::ops {
namespace {

double mirrored(double x, double low, double high) noexcept {
  const double range = high - low;
  if (range <= 0) return low;
  if (x >= low && x <= high) return x;
  const bool below = x < low;
  const double past = below ? low - x : x - high;
  const double turns = std::floor(past / range), rest = past - turns * range;
  // Even: the coordinate runs from the first edge; odd: from the other one.
  const bool even = std::fmod(turns, 2) == 0;
  return below == even ? low + rest : high - rest;
}

struct AxisTaps {
  std::int64_t index[4];
  double weight[4];
};

// Without calls into the C library, which would cost more than everything else; |x| must be less than 2^31 (a NaN never
// gets here).
double nearest_small(double x) noexcept {
  constexpr double kMagic = 6755399441055744.0;  // 1.5 * 2^52: the sum has no bits below one
  return (x + kMagic) - kMagic;
}
double floor_small(double x) noexcept {
  const auto whole = static_cast<double>(static_cast<std::int64_t>(x));
  return whole > x ? whole - 1 : whole;
}
bool is_small(double x) noexcept { return x > -1e9 && x < 1e9; }

double cubic(double d) noexcept {
  constexpr double a = -0.75;
  d = std::abs(d);
  if (d <= 1) return ((a + 2) * d - (a + 3)) * d * d + 1;
  return d < 2 ? ((a * d - 5 * a) * d + 8 * a) * d - 4 * a : 0;
}

constexpr int taps_of(SampleMode mode) { return mode == SampleMode::nearest ? 1 : mode == SampleMode::linear ? 2 : 4; }

/// One axis of the sampled map.
struct Axis {
  std::int64_t extent;
  double n, low, high;
  bool align;
  SamplePadding padding;
};

template <SampleMode kMode>
inline AxisTaps axis_taps(const Axis& axis, double coordinate) noexcept {
  constexpr int kCount = taps_of(kMode), kBefore = kMode == SampleMode::cubic ? 1 : 0;
  const double n = axis.n;
  double x = axis.align ? (coordinate + 1) / 2 * (n - 1) : ((coordinate + 1) * n - 1) / 2;
  if (kMode == SampleMode::nearest) x = is_small(x) ? nearest_small(x) : std::nearbyint(x);
  if (x < axis.low || x > axis.high) {
    constexpr double kBeyond = kMode == SampleMode::cubic ? 4 : 0;  // where all taps are moved to the border
    if (axis.padding == SamplePadding::border) x = std::clamp(x, -kBeyond, n - 1 + kBeyond);
    if (axis.padding == SamplePadding::reflection) x = mirrored(x, axis.low, axis.high);
  }
  double base;
  if (is_small(x)) {
    base = kMode == SampleMode::nearest ? nearest_small(x) : floor_small(x);
  } else {
    if (!std::isfinite(x)) x = -1e6;
    base = kMode == SampleMode::nearest ? std::nearbyint(x) : std::floor(x);
  }
  AxisTaps taps;
  for (int k = 0; k < kCount; ++k) {
    const double distance = x - (base + (k - kBefore));
    taps.weight[k] = kMode == SampleMode::nearest  ? 1
                     : kMode == SampleMode::linear ? 1 - std::abs(distance)
                                                   : cubic(distance);
  }
  if (base - kBefore >= 0 && base - kBefore + kCount <= n) {
    for (int k = 0; k < kCount; ++k) taps.index[k] = static_cast<std::int64_t>(base) + (k - kBefore);
    return taps;
  }
  for (int k = 0; k < kCount; ++k) {
    double tap = base + (k - kBefore);
    taps.index[k] = -1;
    if (tap < 0 || tap >= n) {
      if (axis.padding == SamplePadding::zeros) continue;
      if (axis.padding == SamplePadding::reflection) tap = mirrored(tap, axis.low, axis.high);
      tap = std::clamp(tap, 0.0, n - 1);
    }
    taps.index[k] = static_cast<std::int64_t>(tap);
  }
  return taps;
}

template <SampleMode kMode, int kRank>
void fill_taps(const SampleAxes& axes, const float* coordinates, std::int64_t points, std::int64_t* index,
               float* weight) noexcept {
  constexpr int kEach = taps_of(kMode);
  // Missing axes have one tap at 0; the innermost axis comes last.
  Axis axis[kRank];
  for (int i = 0; i < kRank; ++i) {
    const auto n = static_cast<double>(axes.extent[i]);
    axis[i] = {axes.extent[i], n, axes.align ? 0 : -0.5, n - (axes.align ? 1 : 0.5), axes.align, axes.padding};
  }
  for (std::int64_t point = 0; point < points; ++point, coordinates += kRank) {
    AxisTaps a{{0}, {1}}, b{{0}, {1}};
    if constexpr (kRank > 2) a = axis_taps<kMode>(axis[0], coordinates[2]);
    if constexpr (kRank > 1) b = axis_taps<kMode>(axis[kRank - 2], coordinates[1]);
    const AxisTaps c = axis_taps<kMode>(axis[kRank - 1], coordinates[0]);
    for (int i = 0; i < (kRank > 2 ? kEach : 1); ++i)
      for (int j = 0; j < (kRank > 1 ? kEach : 1); ++j) {
        const bool inside = a.index[i] >= 0 && b.index[j] >= 0;
        const double before = a.weight[i] * b.weight[j];
        const std::int64_t row =
            (kRank > 1 ? a.index[i] * axis[kRank - 2 < 0 ? 0 : kRank - 2].extent + b.index[j] : 0) *
            axis[kRank - 1].extent;
        for (int k = 0; k < kEach; ++k) {
          const float product = inside && c.index[k] >= 0 ? static_cast<float>(before * c.weight[k]) : 0;
          *weight++ = product;
          *index++ = product == 0 ? -1 : row + c.index[k];
        }
      }
  }
}

template <SampleMode kMode>
void fill_taps(const SampleAxes& axes, const float* coordinates, std::int64_t points, std::int64_t* index,
               float* weight) noexcept {
  if (axes.rank == 1) return fill_taps<kMode, 1>(axes, coordinates, points, index, weight);
  if (axes.rank == 2) return fill_taps<kMode, 2>(axes, coordinates, points, index, weight);
  fill_taps<kMode, 3>(axes, coordinates, points, index, weight);
}

}  // namespace

void sample_taps(const SampleAxes& axes, const float* coordinates, std::int64_t points, std::int64_t* index,
                 float* weight) noexcept {
  switch (axes.mode) {
    case SampleMode::nearest: return fill_taps<SampleMode::nearest>(axes, coordinates, points, index, weight);
    case SampleMode::linear: return fill_taps<SampleMode::linear>(axes, coordinates, points, index, weight);
    case SampleMode::cubic: return fill_taps<SampleMode::cubic>(axes, coordinates, points, index, weight);
  }
}

}  // namespace vireo::ops
