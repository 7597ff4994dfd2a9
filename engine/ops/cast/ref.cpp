#include <cmath>

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

}  // namespace

void cast_reference(const EvalContext& c) {
  const View &in = c.inputs[0], &out = c.outputs[0];
  if (in.dtype == out.dtype) return copy_elements(in, out);
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
