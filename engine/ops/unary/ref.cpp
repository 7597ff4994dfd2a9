#include <algorithm>
#include <cmath>

#include "engine/ops/shared/reference.h"
#include "engine/ops/unary/functions.h"

namespace vireo::ops {
namespace {

double softplus(double x) { return std::max(x, 0.0) + std::log1p(std::exp(-std::abs(x))); }
double sigmoid(double x) { return x >= 0 ? 1 / (1 + std::exp(-x)) : std::exp(x) / (1 + std::exp(x)); }

double gelu(double x, bool tanh_form) {
  if (tanh_form) return 0.5 * x * (1 + std::tanh(std::sqrt(2 / M_PI) * (x + 0.044715 * x * x * x)));
  return 0.5 * x * (1 + std::erf(x / std::sqrt(2.0)));
}

double evaluate(const UnaryParameters& p, double x) {
  using F = UnaryFunction;
  switch (p.function) {
    case F::relu: return std::max(x, 0.0);
    case F::leaky_relu: return x < 0 ? p.a * x : x;
    case F::sigmoid: return sigmoid(x);
    case F::hard_sigmoid: return std::clamp(p.a * x + p.b, 0.0, 1.0);
    case F::hard_swish: return x * std::clamp(x / 6 + 0.5, 0.0, 1.0);
    case F::silu: return x * sigmoid(p.a * x);
    case F::mish: return x * std::tanh(softplus(x));
    case F::tanh: return std::tanh(x);
    case F::erf: return std::erf(x);
    case F::gelu: return gelu(x, p.tanh_gelu);
    case F::elu: return x < 0 ? p.a * std::expm1(x) : x;
    case F::celu: return std::max(x, 0.0) + std::min(0.0, p.a * std::expm1(x / p.a));
    case F::selu: return p.b * (x > 0 ? x : p.a * std::expm1(x));
    case F::softplus: return softplus(x);
    case F::softsign: return x / (1 + std::abs(x));
    case F::thresholded_relu: return x > p.a ? x : 0;
    case F::shrink: return x < -p.a ? x + p.b : x > p.a ? x - p.b : 0;
    case F::clip: return std::min(std::max(x, p.a), p.b);
    case F::exp: return std::exp(x);
    case F::log: return std::log(x);
    case F::sqrt: return std::sqrt(x);
    case F::rsqrt: return 1 / std::sqrt(x);
    case F::reciprocal: return 1 / x;
    case F::abs: return std::abs(x);
    case F::neg: return -x;
    case F::sign: return x > 0 ? 1 : x < 0 ? -1 : x;
    case F::floor: return std::floor(x);
    case F::ceil: return std::ceil(x);
    case F::round: return std::nearbyint(x);
    case F::sin: return std::sin(x);
    case F::cos: return std::cos(x);
    case F::tan: return std::tan(x);
    case F::asin: return std::asin(x);
    case F::acos: return std::acos(x);
    case F::atan: return std::atan(x);
    case F::sinh: return std::sinh(x);
    case F::cosh: return std::cosh(x);
    case F::asinh: return std::asinh(x);
    case F::acosh: return std::acosh(x);
    case F::atanh: return std::atanh(x);
    default: return x;
  }
}

/// Integers: exact where the function is; clip bounds outside the type's range do not bind.
template <typename T>
T evaluate_integer(const UnaryParameters& p, T x) {
  using F = UnaryFunction;
  using U = std::make_unsigned_t<T>;
  switch (p.function) {
    case F::relu: return std::max<T>(x, 0);
    case F::neg: return static_cast<T>(U{0} - static_cast<U>(x));
    case F::abs: return x < T{0} ? static_cast<T>(U{0} - static_cast<U>(x)) : x;
    case F::sign: return static_cast<T>((x > T{0}) - (x < T{0}));
    case F::bitwise_not: return static_cast<T>(~x);
    case F::clip: {
      const auto real = static_cast<double>(x);
      T y = real < p.a ? static_cast<T>(p.a) : x;
      return static_cast<double>(y) > p.b ? static_cast<T>(p.b) : y;
    }
    case F::identity: case F::floor: case F::ceil: case F::round: return x;
    default: return static_cast<T>(evaluate(p, static_cast<double>(x)));
  }
}

void test_reals(const UnaryParameters& p, const View& in, const View& out) {
  bool* y = out.as<bool>();
  dispatch_real(in.dtype, [&](auto tag) {
    const auto* x = in.as<typename decltype(tag)::type>();
    for (std::int64_t i = 0, n = in.count(); i < n; ++i) {
      const auto v = static_cast<double>(x[i]);
      y[i] = p.function == UnaryFunction::isnan ? std::isnan(v) : std::isinf(v) && (v < 0 ? p.a != 0 : p.b != 0);
    }
  });
}

}  // namespace

void unary_reference(const EvalContext& c) {
  const UnaryParameters p = unary_parameters(c.attributes);
  const View &in = c.inputs[0], &out = c.outputs[0];
  const std::int64_t n = in.count();
  if (p.function == UnaryFunction::isnan || p.function == UnaryFunction::isinf) return test_reals(p, in, out);
  if (p.function == UnaryFunction::identity) return copy_elements(in, out);
  if (p.function == UnaryFunction::logical_not) {
    for (std::int64_t i = 0; i < n; ++i) out.as<bool>()[i] = !in.as<bool>()[i];
  } else if (is_float(in.dtype)) {
    dispatch_real(in.dtype, [&](auto tag) {
      using T = typename decltype(tag)::type;
      for (std::int64_t i = 0; i < n; ++i)
        out.as<T>()[i] = static_cast<T>(evaluate(p, static_cast<double>(in.as<T>()[i])));
    });
  } else {
    dispatch_integer(in.dtype, [&](auto tag) {
      using T = typename decltype(tag)::type;
      for (std::int64_t i = 0; i < n; ++i) out.as<T>()[i] = evaluate_integer<T>(p, in.as<T>()[i]);
    });
  }
}

}  // namespace vireo::ops
