#include <algorithm>
#include <cmath>

#include "engine/ops/shared/reference.h"

namespace vireo::ops {

void mel_weight_matrix_reference(const EvalContext& c) {
  const View& out = c.outputs[0];
  const std::int64_t bins = out.dims[0], bands = out.dims[1];
  const auto length = static_cast<double>(read_integers(c.inputs[1]).at(0)),
             rate = static_cast<double>(read_integers(c.inputs[2]).at(0));
  const auto mel = [](double hertz) { return 2595 * std::log10(1 + hertz / 700); };
  const double low = mel(read_reals(c.inputs[3]).at(0)), high = mel(read_reals(c.inputs[4]).at(0));
  const double step = (high - low) / (static_cast<double>(bands) + 2);
  // The bin that edge k of the triangles falls into; triangle k has its top at edge k + 1.
  const auto edge = [&](std::int64_t k) {
    const double hertz = 700 * (std::pow(10.0, (low + static_cast<double>(k) * step) / 2595) - 1);
    const double bin = std::floor((length + 1) * hertz / rate);
    return static_cast<std::int64_t>(std::isfinite(bin) ? std::clamp(bin, -1e12, 1e12) : -1);
  };
  dispatch_number(out.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    T* y = out.as<T>();
    std::fill(y, y + out.count(), T(0));
    for (std::int64_t k = 0; k < bands; ++k) {
      const std::int64_t left = edge(k), top = edge(k + 1), right = edge(k + 2);
      const auto put = [&](std::int64_t bin, double value) {
        if (bin >= 0 && bin < bins) y[bin * bands + k] = static_cast<T>(value);
      };
      if (top == left) put(top, 1);
      for (std::int64_t bin = std::max<std::int64_t>(left, 0); top > left && bin <= std::min(top, bins - 1); ++bin)
        put(bin, static_cast<double>(bin - left) / static_cast<double>(top - left));
      for (std::int64_t bin = std::max<std::int64_t>(top, 0); bin < std::min(right, bins); ++bin)
        put(bin, static_cast<double>(right - bin) / static_cast<double>(right - top));
    }
  });
}

}  // namespace vireo::ops
