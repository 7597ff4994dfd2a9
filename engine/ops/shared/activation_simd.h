#pragma once
// Activation functions over vectors. activate<kind>(x, alpha, beta) is one of them, visit_activation(spec, f) calls
// f.template operator()<kind>() so that the choice stands outside the loops. Errors: those of engine/simd/math.h, about
// 7 ulp of the result or 2e-7 of max(1, |x|), whichever is larger.

#include "engine/ops/shared/activation.h"
#include "engine/simd/math.h"
#include "engine/simd/piecewise.h"

namespace vireo::ops {

template <Activation kKind, class V>
VIREO_INLINE V activate(V x, V alpha, V beta) {
  const V zero = V::zero();
  const V one = V::set(1);
  if constexpr (kKind == Activation::relu) {
    return max(zero, x);
  } else if constexpr (kKind == Activation::leaky_relu) {
    return select(less(x, zero), x * alpha, x);
  } else if constexpr (kKind == Activation::clip) {
    return min(beta, max(alpha, x));
  } else if constexpr (kKind == Activation::sigmoid) {
    return simd::sigmoid(x);
  } else if constexpr (kKind == Activation::silu) {
    return x * simd::sigmoid(x);
  } else if constexpr (kKind == Activation::hard_sigmoid) {
    return min(one, max(zero, fma(x, alpha, beta)));
  } else if constexpr (kKind == Activation::hard_swish) {
    return x * min(one, max(zero, fma(x, V::set(1.0f / 6.0f), V::set(0.5f))));
  } else if constexpr (kKind == Activation::mish) {
    // tanh(log(1 + w)) = (w^2 + 2w) / (w^2 + 2w + 2) with w = e^x; from 20 on it is 1.
    const V w = simd::exp(min(V::set(20.0f), x));
    const V q = w * (w + V::set(2));
    return x * (q * reciprocal(q + V::set(2)));
  } else if constexpr (kKind == Activation::tanh) {
    return simd::tanh(x);
  } else if constexpr (kKind == Activation::erf) {
    return simd::erf(x);
  } else if constexpr (kKind == Activation::gelu && V::kTables) {
    return simd::times_distribution(x, simd::kHalfErf);
  } else if constexpr (kKind == Activation::gelu_tanh && V::kTables) {
    return simd::times_distribution(x, simd::kHalfTanh);
  } else if constexpr (kKind == Activation::gelu) {
    const V half = x * V::set(0.5f);
    return fma(half, simd::erf(x * V::set(0.707106781f)), half);
  } else if constexpr (kKind == Activation::gelu_tanh) {
    // (1 + tanh y) / 2 = sigmoid(2y)
    const V y = x * fma(x * x, V::set(0.0713548163f), V::set(1.59576912f));
    return x * simd::sigmoid(y);
  } else if constexpr (kKind == Activation::elu) {
    return select(less(x, zero), alpha * simd::expm1(x), x);
  } else if constexpr (kKind == Activation::celu) {
    return select(less(x, zero), alpha * simd::expm1(x / alpha), x);
  } else if constexpr (kKind == Activation::selu) {
    return beta * select(less(x, zero), alpha * simd::expm1(x), x);
  } else if constexpr (kKind == Activation::softplus) {
    return max(zero, x) + simd::log1p_unit(simd::exp(zero - abs(x)));
  } else if constexpr (kKind == Activation::softsign) {
    return x / (one + abs(x));
  } else if constexpr (kKind == Activation::thresholded_relu) {
    return select(less(alpha, x), x, zero);
  } else {
    return x;
  }
}

template <class F>
VIREO_INLINE void visit_activation(Activation kind, F&& f) {
  switch (kind) {
    case Activation::none: return f.template operator()<Activation::none>();
    case Activation::relu: return f.template operator()<Activation::relu>();
    case Activation::leaky_relu: return f.template operator()<Activation::leaky_relu>();
    case Activation::clip: return f.template operator()<Activation::clip>();
    case Activation::sigmoid: return f.template operator()<Activation::sigmoid>();
    case Activation::silu: return f.template operator()<Activation::silu>();
    case Activation::hard_sigmoid: return f.template operator()<Activation::hard_sigmoid>();
    case Activation::hard_swish: return f.template operator()<Activation::hard_swish>();
    case Activation::mish: return f.template operator()<Activation::mish>();
    case Activation::tanh: return f.template operator()<Activation::tanh>();
    case Activation::erf: return f.template operator()<Activation::erf>();
    case Activation::gelu: return f.template operator()<Activation::gelu>();
    case Activation::gelu_tanh: return f.template operator()<Activation::gelu_tanh>();
    case Activation::elu: return f.template operator()<Activation::elu>();
    case Activation::celu: return f.template operator()<Activation::celu>();
    case Activation::selu: return f.template operator()<Activation::selu>();
    case Activation::softplus: return f.template operator()<Activation::softplus>();
    case Activation::softsign: return f.template operator()<Activation::softsign>();
    case Activation::thresholded_relu: return f.template operator()<Activation::thresholded_relu>();
  }
}

}  // namespace vireo::ops
