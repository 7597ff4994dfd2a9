#include <cmath>
#include <numbers>

#include "engine/ops/shared/reference.h"

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
double uniform24(std::uint64_t bits) { return static_cast<double>(bits >> 40) * 0x1p-24; }

/// Box and Muller's transform of two numbers of 32 bits, the first in (0, 1].
double normal(std::uint64_t bits) {
  const double radius = (static_cast<double>(bits >> 32) + 1) * 0x1p-32, turn = static_cast<double>(bits & 0xffffffffu);
  return std::sqrt(-2 * std::log(radius)) * std::cos(2 * std::numbers::pi * turn * 0x1p-32);
}

}  // namespace

void random_reference(const EvalContext& c) {
  const View& out = c.outputs[0];
  const Attributes& a = c.attributes;
  const bool is_normal = a.text("distribution", "uniform") == "normal";
  const double low = a.real("low", 0), high = a.real("high", 1), mean = a.real("mean", 0), scale = a.real("scale", 1);
  const std::uint64_t start = mix(static_cast<std::uint64_t>(a.integer("seed", 0)));
  dispatch_real(out.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    T* y = out.as<T>();
    walk_index(out.dims, [&](const Dims& index) {
      std::uint64_t bits = start;
      for (const std::int64_t i : index) bits = mix(bits ^ static_cast<std::uint64_t>(i));
      *y++ = static_cast<T>(is_normal ? mean + scale * normal(bits) : low + (high - low) * uniform24(bits));
    });
  });
}

}  // namespace vireo::ops
