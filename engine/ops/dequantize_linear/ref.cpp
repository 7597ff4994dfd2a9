#include "engine/base/narrow.h"
#include "engine/ops/shared/quantization.h"

namespace vireo::ops {
namespace {

/// Rounded to float where the result is of no more, as every implementation of the field computes it.
double product(DataType type, double x, double zero, double scale) {
  if (type == DataType::float64) return (x - zero) * scale;
  return static_cast<double>(static_cast<float>(x - zero) * static_cast<float>(scale));
}

}  // namespace

void dequantize_linear_reference(const EvalContext& c) {
  const View &in = c.inputs[0], &out = c.outputs[0];
  if (out.count() == 0) return;
  const QuantizationGroups groups(c.attributes, in.dims, c.inputs[1].dims);
  const std::vector<double> scale = to_doubles(c.inputs[1]);
  const std::vector<double> zero = zero_points(c, scale.size());
  const auto fill = [&](auto from, auto to) {
    using From = decltype(from);
    using To = typename decltype(to)::type;
    double table[256];
    if constexpr (std::is_same_v<From, int>)
      for (int i = 0; i < 256; ++i)
        table[i] = static_cast<double>(base::narrow_value(in.dtype, static_cast<std::uint8_t>(i)));
    for (std::int64_t i = 0, n = in.count(); i < n; ++i) {
      const std::size_t g = groups.of(i);
      double x = 0;
      if constexpr (std::is_same_v<From, int>) x = table[in.as<std::uint8_t>()[i]];
      else x = static_cast<double>(in.as<typename From::type>()[i]);
      out.as<To>()[i] = static_cast<To>(product(out.dtype, x, zero[g], scale[g]));
    }
  };
  dispatch_real(out.dtype, [&](auto to) {
    if (is_narrow(in.dtype)) fill(0, to);
    else dispatch_integer(in.dtype, [&](auto from) { fill(from, to); });
  });
}

}  // namespace vireo::ops
