#include <cmath>
#include <limits>

#include "engine/ops/resize/plan.h"
#include "engine/ops/shared/reference.h"

namespace vireo::ops {
namespace {

/// Resamples one axis of a dense block: outer × axis.in × inner → outer × axis.out × inner.
std::vector<double> resample(const std::vector<double>& x, const ResizeAxis& axis, std::int64_t outer,
                             std::int64_t inner) {
  std::vector<double> y(static_cast<std::size_t>(outer * axis.out * inner));
  const std::int64_t taps = axis.taps;
  for (std::int64_t b = 0; b < outer; ++b)
    for (std::int64_t o = 0; o < axis.out; ++o)
      for (std::int64_t i = 0; i < inner; ++i) {
        double sum = 0;
        for (std::int64_t k = 0; k < taps; ++k) {
          const auto tap = static_cast<std::size_t>(o * taps + k);
          const double w = axis.weights.empty() ? 1 : axis.weights[tap];
          if (w != 0) sum += w * x[static_cast<std::size_t>((b * axis.in + axis.indices[tap]) * inner + i)];
        }
        y[static_cast<std::size_t>((b * axis.out + o) * inner + i)] = sum;
      }
  return y;
}

/// Nearest moves elements whatever their type is.
void nearest(const View& in, const View& out, const std::vector<ResizeAxis>& axes) {
  const Dims strides = strides_of(in.dims);
  dispatch_bytes(in.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    T* y = out.as<T>();
    walk_index(out.dims, [&](const Dims& o) {
      std::int64_t at = 0;
      for (std::size_t i = 0; i < axes.size(); ++i)
        at += (axes[i].identity ? o[i] : axes[i].indices[static_cast<std::size_t>(o[i])]) * strides[i];
      *y++ = in.as<T>()[at];
    });
  });
}

void extrapolate(const View& out, const std::vector<ResizeAxis>& axes, double value) {
  dispatch_number(out.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    T* y = out.as<T>();
    walk_index(out.dims, [&](const Dims& o) {
      bool outside = false;
      for (std::size_t i = 0; i < axes.size(); ++i)
        outside = outside || (!axes[i].outside.empty() && axes[i].outside[static_cast<std::size_t>(o[i])]);
      if (outside) *y = static_cast<T>(value);
      ++y;
    });
  });
}

template <typename T>
T rounded(double value) {
  if constexpr (kIsReal<T>) return static_cast<T>(value);
  constexpr auto low =
      static_cast<double>(std::numeric_limits<std::conditional_t<kIsReal<T>, std::int32_t, T>>::lowest());
  constexpr auto high =
      static_cast<double>(std::numeric_limits<std::conditional_t<kIsReal<T>, std::int32_t, T>>::max());
  if (value <= low) return static_cast<T>(low);
  if (value >= high) return static_cast<T>(high);
  return static_cast<T>(std::nearbyint(value));
}

}  // namespace

void resize_reference(const EvalContext& c) {
  const View &in = c.inputs[0], &out = c.outputs[0];
  ResizeRequest request{.in = in.dims};
  if (has_input(c, 1)) request.roi = read_reals(c.inputs[1]);
  if (has_input(c, 3)) request.sizes = read_integers(c.inputs[3]);
  if (has_input(c, 2) && request.sizes.empty()) request.scales = read_reals(c.inputs[2]);
  if (out.count() == 0) return;
  const std::vector<ResizeAxis> axes = resize_axes(c.attributes, request);
  if (c.attributes.text("mode", "nearest") == "nearest") {
    nearest(in, out, axes);
  } else {
    std::vector<double> values = to_doubles(in);
    Dims dims = in.dims;
    for (std::size_t i = 0; i < axes.size(); ++i) {
      if (axes[i].identity) continue;
      values = resample(values, axes[i], product(dims, 0, i), product_from(dims, i + 1));
      dims[i] = axes[i].out;
    }
    dispatch_number(out.dtype, [&](auto tag) {
      using T = typename decltype(tag)::type;
      for (std::size_t i = 0; i < values.size(); ++i) out.as<T>()[i] = rounded<T>(values[i]);
    });
  }
  extrapolate(out, axes, c.attributes.real("extrapolation_value", 0.0));
}

}  // namespace vireo::ops
