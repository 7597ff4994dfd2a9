#include <cmath>

#include "engine/ops/shared/reference.h"

namespace vireo::ops {
namespace {

/// A small input, broadcast to the whole shape, read by flat position.
struct Spread {
  std::vector<double> values;
  std::vector<std::int64_t> offsets;  ///< of one block of the normalised axes (or of all, when it varies outside them)
  bool whole = false;
  [[nodiscard]] double at(std::int64_t flat, std::int64_t inner) const {
    return values[static_cast<std::size_t>(offsets[static_cast<std::size_t>(whole ? flat : inner)])];
  }
};

Spread spread(const View& view, const Dims& dims, std::size_t axis) {
  Spread s{to_doubles(view), {}, false};
  const Dims strides = broadcast_strides(view.dims, dims);
  for (std::size_t i = 0; i < axis; ++i) s.whole = s.whole || strides[i] != 0;
  const auto skip = static_cast<std::ptrdiff_t>(s.whole ? 0 : axis);
  const Dims extents(dims.begin() + skip, dims.end()), steps(strides.begin() + skip, strides.end());
  walk<1>(extents, {steps}, [&](const auto& at) { s.offsets.push_back(at[0]); });
  return s;
}

}  // namespace

void layer_norm_reference(const EvalContext& c) {
  const View &in = c.inputs[0], &out = c.outputs[0];
  const std::size_t axis = wrap_axis(c.attributes.integer("axis", -1), in.dims.size());
  const std::int64_t outer = product(in.dims, 0, axis), inner = product_from(in.dims, axis);
  const double epsilon = c.attributes.real("epsilon", 1e-5);
  const bool any = has_output(c, 1) || has_output(c, 2);
  if (in.count() == 0 && (outer == 0 || !any)) return;
  const Spread scale = spread(c.inputs[1], in.dims, axis);
  const bool has_bias = has_input(c, 2);
  const Spread bias = has_bias ? spread(c.inputs[2], in.dims, axis) : Spread{};
  dispatch_real(in.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    for (std::int64_t o = 0; o < outer; ++o) {
      const T* x = in.as<T>() + o * inner;
      T* y = out.as<T>() + o * inner;
      double mean = 0, var = 0;
      for (std::int64_t i = 0; i < inner; ++i) mean += static_cast<double>(x[i]);
      mean /= static_cast<double>(inner);
      for (std::int64_t i = 0; i < inner; ++i)
        var += (static_cast<double>(x[i]) - mean) * (static_cast<double>(x[i]) - mean);
      const double factor = 1 / std::sqrt(var / static_cast<double>(inner) + epsilon);
      for (std::int64_t i = 0; i < inner && out.present(); ++i) {
        const double value = (static_cast<double>(x[i]) - mean) * factor * scale.at(o * inner + i, i);
        y[i] = static_cast<T>(has_bias ? value + bias.at(o * inner + i, i) : value);
      }
      if (has_output(c, 1)) c.outputs[1].as<float>()[o] = static_cast<float>(mean);
      if (has_output(c, 2)) c.outputs[2].as<float>()[o] = static_cast<float>(factor);
    }
  });
}

}  // namespace vireo::ops
