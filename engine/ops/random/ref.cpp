#include <algorithm>
#include <cmath>
#include <numbers>

#include "engine/ops/random/random.h"

namespace vireo::ops {
namespace {

/// SplitMix64's finaliser: every bit of the result depends on every bit of x.
std::uint64_t mix(std::uint64_t x) {
  x += 0x9e3779b97f4a7c15u;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
  return x ^ (x >> 31);
}

/// In [0, 1), exact in float32.
template <typename R>
R uniform24(std::uint64_t bits) {
  return static_cast<R>(bits >> 40) * static_cast<R>(0x1p-24);
}

/// Box and Muller's transform of two numbers of 32 bits, the first in (0, 1].
template <typename R>
R normal(std::uint64_t bits) {
  const R radius = (static_cast<R>(bits >> 32) + 1) * static_cast<R>(0x1p-32),
          turn = static_cast<R>(static_cast<std::uint32_t>(bits)) * static_cast<R>(0x1p-32);
  return std::sqrt(-2 * std::log(radius)) * std::cos(2 * std::numbers::pi_v<R> * turn);
}

}  // namespace

RandomDraw random_draw(const Attributes& a, const Dims& dims) {
  const bool is_normal = a.text("distribution", "uniform") == "normal";
  const double low = a.real("low", 0);
  return {.dims = dims,
          .start = mix(static_cast<std::uint64_t>(a.integer("seed", 0))),
          .is_normal = is_normal,
          .offset = is_normal ? a.real("mean", 0) : low,
          .factor = is_normal ? a.real("scale", 1) : a.real("high", 1) - low};
}

template <typename T>
void draw_elements(const RandomDraw& s, std::int64_t first, std::int64_t end, T* y) noexcept {
  using R = std::conditional_t<std::is_same_v<T, double>, double, float>;
  const R offset = static_cast<R>(s.offset), factor = static_cast<R>(s.factor);
  const std::int64_t row = s.dims.empty() ? 1 : s.dims.back();
  for (std::int64_t at = first; at < end;) {
    std::uint64_t prefix = s.start;  // of the row: its index, outermost axis first
    std::int64_t left = at / row, before = 1;
    for (std::size_t i = 0; i + 1 < s.dims.size(); ++i) before *= s.dims[i];
    for (std::size_t i = 0; i + 1 < s.dims.size(); ++i) {
      before /= s.dims[i];
      prefix = mix(prefix ^ static_cast<std::uint64_t>(left / before));
      left %= before;
    }
    const std::int64_t stop = std::min(end, (at / row + 1) * row);
    for (std::int64_t j = at % row; at < stop; ++at, ++j) {
      const std::uint64_t bits = s.dims.empty() ? prefix : mix(prefix ^ static_cast<std::uint64_t>(j));
      y[at] = static_cast<T>(offset + factor * (s.is_normal ? normal<R>(bits) : uniform24<R>(bits)));
    }
  }
}

void draw_floats(const RandomDraw& s, std::int64_t first, std::int64_t end, float* y) noexcept {
  draw_elements(s, first, end, y);
}

void random_reference(const EvalContext& c) {
  const View& out = c.outputs[0];
  const RandomDraw draw = random_draw(c.attributes, out.dims);
  dispatch_real(out.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    if (out.count() > 0) draw_elements(draw, 0, out.count(), out.as<T>());
  });
}

}  // namespace vireo::ops
