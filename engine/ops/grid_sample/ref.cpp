#include <cstring>

#include <algorithm>
#include <cmath>

#include "engine/ops/shared/reference.h"

namespace vireo::ops {
namespace {

double reflect(double x, double low, double high) {
  const double range = high - low;
  if (range <= 0) return low;
  const double past = x < low ? low - x : x > high ? x - high : 0;
  if (past == 0) return x;
  const double turns = std::floor(past / range), rest = past - turns * range;
  const bool even = std::fmod(turns, 2) == 0;
  if (x < low) return even ? low + rest : high - rest;
  return even ? high - rest : low + rest;
}

/// Coordinates, taps and padding along one axis.
struct Axis {
  std::int64_t extent;
  bool align;
  char mode, padding;  ///< first letters

  [[nodiscard]] double low() const { return align ? 0 : -0.5; }
  [[nodiscard]] double high() const { return static_cast<double>(extent) - (align ? 1 : 0.5); }

  [[nodiscard]] double position(double x) const {
    const auto n = static_cast<double>(extent);
    double at = align ? (x + 1) / 2 * (n - 1) : ((x + 1) * n - 1) / 2;
    if (mode == 'n') at = std::nearbyint(at);
    if (at < low() || at > high()) {
      // Cubic: the taps are moved, and all are beyond the border where the point is three pixels beyond it.
      if (padding == 'b') at = mode == 'c' ? std::clamp(at, -4.0, n + 3) : std::clamp(at, 0.0, n - 1);
      if (padding == 'r') at = reflect(at, low(), high());
    }
    return std::isfinite(at) ? at : -1e6;
  }
  /// Index of a tap inside the axis; -1: reads zero.
  [[nodiscard]] std::int64_t resolve(double tap) const {
    if (tap >= 0 && tap < static_cast<double>(extent)) return static_cast<std::int64_t>(tap);
    if (padding == 'z') return -1;
    if (padding == 'b') return tap < 0 ? 0 : extent - 1;
    return static_cast<std::int64_t>(std::clamp(reflect(tap, low(), high()), 0.0, static_cast<double>(extent - 1)));
  }
};

double cubic_weight(double d) {
  constexpr double a = -0.75;
  d = std::abs(d);
  if (d <= 1) return ((a + 2) * d - (a + 3)) * d * d + 1;
  return d < 2 ? ((a * d - 5 * a) * d + 8 * a) * d - 4 * a : 0;
}

struct Taps {
  std::vector<std::int64_t> index;
  std::vector<double> weight;
};

Taps taps_at(const Axis& axis, double coordinate) {
  const double x = axis.position(coordinate), base = std::floor(x);
  Taps taps;
  const int first = axis.mode == 'c' ? -1 : 0, last = axis.mode == 'n' ? 0 : axis.mode == 'c' ? 2 : 1;
  for (int k = first; k <= last; ++k) {
    const double tap = axis.mode == 'n' ? std::nearbyint(x) : base + k;
    taps.index.push_back(axis.resolve(tap));
    taps.weight.push_back(axis.mode == 'n' ? 1 : axis.mode == 'c' ? cubic_weight(x - tap) : 1 - std::abs(x - tap));
  }
  return taps;
}

}  // namespace

void grid_sample_reference(const EvalContext& c) {
  const View &in = c.inputs[0], &grid = c.inputs[1], &out = c.outputs[0];
  const std::size_t rank = in.dims.size() - 2;
  const char mode = c.attributes.text("mode", "linear")[0], padding = c.attributes.text("padding_mode", "zeros")[0];
  const bool align = c.attributes.integer("align_corners", 0) != 0;
  std::vector<Axis> axes;
  for (std::size_t i = 0; i < rank; ++i) axes.push_back({in.dims[2 + i], align, mode, padding});
  const std::vector<double> points = to_doubles(grid);
  const std::int64_t batch = in.dims[0], channels = in.dims[1], volume = product_from(in.dims, 2),
                     places = product_from(out.dims, 2);
  const Dims strides = strides_of(Dims(in.dims.begin() + 2, in.dims.end()));
  if (out.count() == 0) return;
  if (in.count() == 0) {  // there is no pixel to repeat at the border either
    std::memset(out.data, 0, byte_count(out.dtype, out.dims));
    return;
  }
  dispatch_real(in.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    for (std::int64_t n = 0; n < batch; ++n)
      for (std::int64_t p = 0; p < places; ++p) {
        std::vector<Taps> taps;
        Dims counts;
        for (std::size_t i = 0; i < rank; ++i) {
          const double coordinate = points[(static_cast<std::size_t>(n * places + p) + 1) * rank - 1 - i];
          taps.push_back(taps_at(axes[i], coordinate));
          counts.push_back(static_cast<std::int64_t>(taps.back().index.size()));
        }
        for (std::int64_t ch = 0; ch < channels; ++ch) {
          const T* plane = in.as<T>() + (n * channels + ch) * volume;
          double sum = 0;
          walk_index(counts, [&](const Dims& k) {
            double weight = 1;
            std::int64_t at = 0;
            for (std::size_t i = 0; i < rank; ++i) {
              const auto tap = static_cast<std::size_t>(k[i]);
              if (taps[i].index[tap] < 0) return;
              weight *= taps[i].weight[tap];
              at += taps[i].index[tap] * strides[i];
            }
            if (weight != 0) sum += weight * static_cast<double>(plane[at]);
          });
          out.as<T>()[(n * channels + ch) * places + p] = static_cast<T>(sum);
        }
      }
  });
}

}  // namespace vireo::ops
