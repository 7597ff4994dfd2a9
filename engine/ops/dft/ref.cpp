#include <algorithm>

#include "engine/ops/dft/dft.h"

namespace vireo::ops {

DftShape dft_shape(const Attributes& a, const Dims& x, const Dims& y, std::size_t axis, std::int64_t length) {
  DftShape s;
  s.inverse = a.integer("inverse", 0) != 0;
  s.one_sided = a.integer("onesided", 0) != 0;
  s.in_extent = x[axis];
  s.out_extent = s.wanted = y[axis];
  s.components = x.back();
  s.out_components = y.back();
  s.outer = product(x, 0, axis);
  s.inner = product(x, axis + 1, x.size() - 1);
  s.points = length > 0 ? length : s.inverse && s.one_sided ? y[axis] : x[axis];
  const bool half_in = s.inverse && s.one_sided;
  s.given = std::min(s.in_extent, half_in ? s.points / 2 + 1 : s.points);
  return s;
}

void dft_reference(const EvalContext& c) {
  const View &in = c.inputs[0], &out = c.outputs[0];
  const auto rank = static_cast<std::int64_t>(in.dims.size());
  const std::int64_t at = has_input(c, 2) ? read_integers(c.inputs[2]).at(0) : -2;
  const std::size_t axis = wrap_axis(at, in.dims.size());
  if (static_cast<std::int64_t>(axis) + 1 == rank)
    throw Error(ErrorCode::invalid_argument, "dft: axis " + std::to_string(at) + " holds the components");
  if (out.count() == 0) return;
  const DftShape s =
      dft_shape(c.attributes, in.dims, out.dims, axis, has_input(c, 1) ? read_integers(c.inputs[1]).at(0) : 0);
  const bool to_real = s.inverse && s.one_sided;
  const std::int64_t entries = to_real ? s.points : s.given;
  std::vector<double> x(static_cast<std::size_t>(2 * entries)), y(static_cast<std::size_t>(2 * s.wanted));
  dispatch_real(in.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    for (std::int64_t o = 0; o < s.outer; ++o)
      for (std::int64_t i = 0; i < s.inner; ++i) {
        std::fill(x.begin(), x.end(), 0.0);
        const auto part = [&](std::int64_t k, int p) {
          return static_cast<double>(in.as<T>()[((o * s.in_extent + k) * s.inner + i) * s.components + p]);
        };
        for (std::int64_t k = 0; k < s.given; ++k) {
          const bool own = to_real && (k == 0 || 2 * k == s.points);  // a real signal has no imaginary part there
          const double re = part(k, 0), im = s.components == 2 && !own ? part(k, 1) : 0;
          x[static_cast<std::size_t>(2 * k)] = re;
          x[static_cast<std::size_t>(2 * k + 1)] = im;
          if (!to_real || own) continue;
          x[static_cast<std::size_t>(2 * (s.points - k))] = re;
          x[static_cast<std::size_t>(2 * (s.points - k) + 1)] = -im;
        }
        fourier_reference(x, s.points, s.inverse, y);
        for (std::int64_t k = 0; k < s.wanted; ++k)
          for (std::int64_t p = 0; p < s.out_components; ++p)
            out.as<T>()[((o * s.out_extent + k) * s.inner + i) * s.out_components + p] =
                static_cast<T>(y[static_cast<std::size_t>(2 * k + p)]);
      }
  });
}

}  // namespace vireo::ops
