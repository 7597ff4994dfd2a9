#include <cmath>

#include "engine/base/narrow.h"
#include "engine/ops/cast/cast.h"
#include "engine/ops/shared/reference.h"

namespace vireo::ops {
namespace {

/// Saturates to 64 bits (NaN gives 0), then wraps to the narrower type, as processors do.
template <typename To>
To to_integer(double x) {
  if (std::isnan(x)) return 0;
  if constexpr (std::is_same_v<To, std::uint64_t>)
    if (x >= 0x1p63) return x >= 0x1p64 ? ~std::uint64_t{0} : static_cast<std::uint64_t>(x);
  if (x >= 0x1p63) return static_cast<To>(INT64_MAX);
  if (x < -0x1p63) return static_cast<To>(INT64_MIN);
  return static_cast<To>(static_cast<std::int64_t>(x));
}

template <typename To, typename From>
To convert(From x) {
  if constexpr (std::is_same_v<To, bool>) return static_cast<double>(x) != 0;
  else if constexpr (kIsReal<From> && !kIsReal<To>) return to_integer<To>(static_cast<double>(x));
  else if constexpr (kIsReal<From>)
    return static_cast<To>(static_cast<std::conditional_t<std::is_same_v<From, double>, double, float>>(x));
  else return static_cast<To>(x);
}

/// Narrow types hold few numbers: each conversion from them goes through a table of 256.
template <typename To>
void from_narrow(const View& in, To* y) {
  To table[256];
  for (int bits = 0; bits < 256; ++bits)
    table[bits] = convert<To>(base::narrow_value(in.dtype, static_cast<std::uint8_t>(bits)));
  const auto* x = in.as<std::uint8_t>();
  for (std::int64_t i = 0, n = in.count(); i < n; ++i) y[i] = table[x[i]];
}

template <typename From>
void to_narrow(const From* x, const View& out, const NarrowCast& how) {
  auto* y = out.as<std::uint8_t>();
  for (std::int64_t i = 0, n = out.count(); i < n; ++i) {
    double value = 0;
    if constexpr (std::is_integral_v<From>) {  // 64 bits are more than a double holds; the low ones count
      const bool whole = base::file_bits(out.dtype) < 8 && out.dtype != DataType::float4e2m1;
      value = whole ? static_cast<double>(static_cast<std::uint64_t>(x[i]) & 0xff) : static_cast<double>(x[i]);
    } else {
      value = static_cast<double>(x[i]);
    }
    y[i] = base::narrow_bits(out.dtype, value, how.overflow, how.rounding);
  }
}

}  // namespace

NarrowCast narrow_cast(const Attributes& attributes) {
  const std::string rounding = attributes.text("round_mode", "up");
  if (rounding != "up" && rounding != "down" && rounding != "nearest")
    throw Error(ErrorCode::invalid_model, "round_mode is \"" + rounding + "\"; accepted: up, down, nearest");
  return {attributes.integer("saturate", 1) != 0 ? base::Overflow::saturates : base::Overflow::is_special,
          rounding == "up"     ? base::PowerRounding::up
          : rounding == "down" ? base::PowerRounding::down
                               : base::PowerRounding::nearest};
}

void cast_reference(const EvalContext& c) {
  const View &in = c.inputs[0], &out = c.outputs[0];
  if (in.dtype == out.dtype) return copy_elements(in, out);
  if (is_narrow(out.dtype)) {
    const NarrowCast how = narrow_cast(c.attributes);
    if (!is_narrow(in.dtype))
      return dispatch_any(in.dtype, [&](auto from) { to_narrow(in.as<typename decltype(from)::type>(), out, how); });
    const std::vector<double> values = to_doubles(in);
    return to_narrow(values.data(), out, how);
  }
  if (is_narrow(in.dtype))
    return dispatch_any(out.dtype, [&](auto to) { from_narrow(in, out.as<typename decltype(to)::type>()); });
  dispatch_any(in.dtype, [&](auto from) {
    using From = typename decltype(from)::type;
    dispatch_any(out.dtype, [&](auto to) {
      using To = typename decltype(to)::type;
      const From* x = in.as<From>();
      To* y = out.as<To>();
      for (std::int64_t i = 0, n = in.count(); i < n; ++i) y[i] = convert<To>(x[i]);
    });
  });
}

}  // namespace vireo::ops
