#include <algorithm>
#include <cmath>
#include <limits>

#include "engine/base/narrow.h"
#include "engine/ops/shared/quantization.h"

namespace vireo::ops {
namespace {

struct Range {
  double low, high;
};

/// What the integers of a type hold; nothing for floats.
Range range_of_type(DataType type) {
  switch (type) {
    case DataType::int8: return {-128, 127};
    case DataType::uint8: return {0, 255};
    case DataType::int16: return {-32768, 32767};
    case DataType::uint16: return {0, 65535};
    case DataType::int4: return {-8, 7};
    case DataType::uint4: return {0, 15};
    case DataType::int2: return {-2, 1};
    case DataType::uint2: return {0, 3};
    default: return {0, 0};
  }
}

/// The quotient (or product), rounded to the type that it is computed in.
double ratio(DataType precision, bool multiply, double x, double scale) {
  const auto rounded = [&](auto tag) {
    using T = typename decltype(tag)::type;
    using Wider = std::conditional_t<std::is_same_v<T, double>, double, float>;
    const auto a = static_cast<Wider>(static_cast<T>(static_cast<Wider>(x))),
               b = static_cast<Wider>(static_cast<T>(static_cast<Wider>(scale)));
    return static_cast<double>(static_cast<Wider>(static_cast<T>(multiply ? a * b : a / b)));
  };
  double result = 0;
  dispatch_real(precision, [&](auto tag) { result = rounded(tag); });
  return result;
}

}  // namespace

void quantize_linear_reference(const EvalContext& c) {
  const View &in = c.inputs[0], &out = c.outputs[0];
  if (out.count() == 0) return;
  const QuantizationGroups groups(c.attributes, in.dims, c.inputs[1].dims);
  const std::vector<double> scale = to_doubles(c.inputs[1]);
  const std::vector<double> zero = zero_points(c, scale.size());
  const DataType precision = data_type_from(c.attributes.text("precision", "float32"));
  const bool multiply = c.attributes.integer("multiply", 0) != 0;
  const auto overflow =
      c.attributes.integer("saturate", 1) != 0 ? base::Overflow::saturates : base::Overflow::is_special;
  const auto [low, high] = range_of_type(out.dtype);
  const std::vector<double> x = to_doubles(in);
  std::vector<double> y(out.count() > 0 && high > 0 ? x.size() : 0);
  for (std::size_t i = 0; i < x.size(); ++i) {
    const std::size_t g = groups.of(static_cast<std::int64_t>(i));
    const double quotient = ratio(precision, multiply, x[i], scale[g]);
    if (high > 0) {
      const double value = std::nearbyint(quotient) + zero[g];
      y[i] = std::isnan(value) ? 0 : std::clamp(value, low, high);
    } else {
      out.as<std::uint8_t>()[i] = base::narrow_bits(out.dtype, quotient + zero[g], overflow);
    }
  }
  if (high > 0) from_doubles(y, out);
}

}  // namespace vireo::ops
