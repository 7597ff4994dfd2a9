#include <cmath>

#include "engine/ops/binary/functions.h"
#include "engine/ops/shared/reference.h"

namespace vireo::ops {
namespace {

using F = BinaryFunction;

double real_value(F f, double x, double y) {
  switch (f) {
    case F::add: return x + y;
    case F::sub: return x - y;
    case F::mul: return x * y;
    case F::div: return x / y;
    case F::pow: return std::pow(x, y);
    case F::fmod: return std::fmod(x, y);
    case F::mod: {
      const double r = std::fmod(x, y);
      return r != 0 && (r < 0) != (y < 0) ? r + y : r;
    }
    case F::min: return std::isnan(x) || x < y ? x : y;
    case F::max: return std::isnan(x) || x > y ? x : y;
    case F::prelu: return x < 0 ? x * y : x;
    default: return 0;
  }
}

/// Integers wrap around; division truncates; division by zero gives 0.
template <typename T>
T integer_value(F f, T x, T y) {
  using U = std::make_unsigned_t<T>;
  using W = std::uint64_t;  // small types would be promoted to signed int
  const W a = static_cast<U>(x), b = static_cast<U>(y);
  constexpr W bits = sizeof(T) * 8;
  switch (f) {
    case F::add: return static_cast<T>(a + b);
    case F::sub: return static_cast<T>(a - b);
    case F::mul: return static_cast<T>(a * b);
    case F::div:
      if (y == T{0}) return 0;
      if constexpr (std::is_signed_v<T>)
        if (y == T{-1}) return static_cast<T>(W{0} - a);
      return static_cast<T>(x / y);
    case F::mod:
    case F::fmod: {
      if (y == T{0}) return 0;
      if constexpr (std::is_signed_v<T>)
        if (y == T{-1}) return 0;
      const T r = static_cast<T>(x % y);
      return f == F::mod && r != T{0} && (r < T{0}) != (y < T{0}) ? static_cast<T>(r + y) : r;
    }
    case F::min: return x < y ? x : y;
    case F::max: return x > y ? x : y;
    case F::prelu: return x < T{0} ? static_cast<T>(a * b) : x;
    case F::bitshift_left: return b >= bits ? T{0} : static_cast<T>(a << b);
    case F::bitshift_right: return b >= bits ? T{0} : static_cast<T>(a >> b);
    case F::bitwise_and: return static_cast<T>(a & b);
    case F::bitwise_or: return static_cast<T>(a | b);
    case F::bitwise_xor: return static_cast<T>(a ^ b);
    default: return 0;
  }
}

template <typename T>
bool compare(F f, T x, T y) {
  switch (f) {
    case F::equal: return x == y;
    case F::less: return x < y;
    case F::less_equal: return x <= y;
    case F::greater: return x > y;
    default: return x >= y;
  }
}

/// The exponent of pow may have another type than the base.
void power(const EvalContext& c, const std::array<Dims, 2>& strides) {
  dispatch_number(c.inputs[0].dtype, [&](auto base) {
    using T = typename decltype(base)::type;
    dispatch_number(c.inputs[1].dtype, [&](auto exponent) {
      using E = typename decltype(exponent)::type;
      const T* x = c.inputs[0].as<T>();
      const E* y = c.inputs[1].as<E>();
      T* out = c.outputs[0].as<T>();
      walk<2>(c.outputs[0].dims, strides, [&](const auto& at) {
        const double value = std::pow(static_cast<double>(x[at[0]]), static_cast<double>(y[at[1]]));
        *out++ = static_cast<T>(value);
      });
    });
  });
}

}  // namespace

void binary_reference(const EvalContext& c) {
  const F f = binary_function_from(c.attributes.text("function", ""));
  const Dims& dims = c.outputs[0].dims;
  const std::array<Dims, 2> strides{broadcast_strides(c.inputs[0].dims, dims),
                                    broadcast_strides(c.inputs[1].dims, dims)};
  if (f == F::pow) return power(c, strides);
  dispatch_any(moved_as(c.inputs[0].dtype), [&](auto tag) {
    using T = typename decltype(tag)::type;
    const T *x = c.inputs[0].as<T>(), *y = c.inputs[1].as<T>();
    if (is_comparison(f)) {
      bool* out = c.outputs[0].as<bool>();
      walk<2>(dims, strides, [&](const auto& at) { *out++ = compare(f, x[at[0]], y[at[1]]); });
      return;
    }
    T* out = c.outputs[0].as<T>();
    walk<2>(dims, strides, [&](const auto& at) {
      const T a = x[at[0]], b = y[at[1]];
      if constexpr (std::is_same_v<T, bool>)
        *out++ = f == F::logical_and ? a && b : f == F::logical_or ? a || b : a != b;
      else if constexpr (kIsReal<T>)
        *out++ = static_cast<T>(real_value(f, static_cast<double>(a), static_cast<double>(b)));
      else *out++ = integer_value<T>(f, a, b);
    });
  });
}

}  // namespace vireo::ops
