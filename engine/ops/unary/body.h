#pragma once
// Vector body of unary: streams rows, bound by memory for cheap functions and by arithmetic from exp up.

#include "engine/ops/shared/activation_simd.h"
#include "engine/ops/unary/functions_light.h"
#include "engine/ops/unary/kernels.h"

namespace vireo::ops {

/// How the functions that fused layers know are called there.
constexpr Activation activation_of(UnaryFunction f, bool tanh_gelu) {
  using U = UnaryFunction;
  switch (f) {
    case U::relu: return Activation::relu;
    case U::leaky_relu: return Activation::leaky_relu;
    case U::clip: return Activation::clip;
    case U::sigmoid: return Activation::sigmoid;
    case U::hard_sigmoid: return Activation::hard_sigmoid;
    case U::hard_swish: return Activation::hard_swish;
    case U::mish: return Activation::mish;
    case U::tanh: return Activation::tanh;
    case U::erf: return Activation::erf;
    case U::gelu: return tanh_gelu ? Activation::gelu_tanh : Activation::gelu;
    case U::elu: return Activation::elu;
    case U::celu: return Activation::celu;
    case U::selu: return Activation::selu;
    case U::softplus: return Activation::softplus;
    case U::softsign: return Activation::softsign;
    case U::thresholded_relu: return Activation::thresholded_relu;
    default: return Activation::none;
  }
}

template <UnaryFunction kFunction, bool kTanh, class V>
VIREO_INLINE V evaluate(V x, V a, V b) {
  using U = UnaryFunction;
  constexpr Activation kind = activation_of(kFunction, kTanh);
  const V zero = V::zero(), one = V::set(1);
  if constexpr (kind != Activation::none) return activate<kind>(x, a, b);
  else if constexpr (kFunction == U::silu) return x * simd::sigmoid(a * x);
  else if constexpr (kFunction == U::exp) return simd::exp(x);
  else if constexpr (kFunction == U::log) return simd::log(x);
  else if constexpr (kFunction == U::sqrt) return sqrt(x);
  else if constexpr (kFunction == U::rsqrt) return one / sqrt(x);
  else if constexpr (kFunction == U::reciprocal) return one / x;
  else if constexpr (kFunction == U::abs) return abs(x);
  else if constexpr (kFunction == U::neg) return zero - x;
  else if constexpr (kFunction == U::sign) return select(less(x, zero), zero - one, select(less(zero, x), one, x));
  else if constexpr (kFunction == U::floor) return floor(x);
  else if constexpr (kFunction == U::ceil) return ceil(x);
  else if constexpr (kFunction == U::round) return round(x);
  else if constexpr (kFunction == U::shrink) return select(less(x, zero - a), x + b, select(less(a, x), x - b, zero));
  else return x;
}

template <UnaryFunction kFunction, bool kTanh, class V>
void unary_tile(const graph::TileArgs& args) noexcept {
  const auto& s = *static_cast<const UnaryState*>(args.state);
  const float* x = static_cast<const float*>(args.inputs[0]);
  float* y = static_cast<float*>(args.outputs[0]);
  const V a = V::set(s.a), b = V::set(s.b);
  constexpr int w = V::kWidth;
  for_rows<2>(s.loop, args.tile, [&](const std::int64_t* at, std::int64_t n) {
    const float* from = x + at[0];
    float* to = y + at[1];
    std::int64_t i = 0;
    for (; i + 2 * w <= n; i += 2 * w) {
      const V p = evaluate<kFunction, kTanh>(V::load(from + i), a, b),
              q = evaluate<kFunction, kTanh>(V::load(from + i + w), a, b);
      p.store(to + i);
      q.store(to + i + w);
    }
    for (; i + w <= n; i += w) evaluate<kFunction, kTanh>(V::load(from + i), a, b).store(to + i);
    if (i < n) {
      const auto tail = V::tail(static_cast<int>(n - i));
      evaluate<kFunction, kTanh>(V::load(from + i, tail), a, b).store(to + i, tail);
    }
  });
}

template <class V>
graph::TileFunction unary_tile_for(UnaryFunction f, bool tanh_gelu) {
  using U = UnaryFunction;
  switch (f) {
#define VIREO_ROW(name) \
  case U::name: return &unary_tile<U::name, false, V>;
    VIREO_ROW(relu)
        VIREO_ROW(leaky_relu) VIREO_ROW(sigmoid) VIREO_ROW(hard_sigmoid) VIREO_ROW(hard_swish) VIREO_ROW(silu)
            VIREO_ROW(mish) VIREO_ROW(tanh) VIREO_ROW(erf) VIREO_ROW(elu) VIREO_ROW(celu) VIREO_ROW(selu)
                VIREO_ROW(softplus) VIREO_ROW(softsign) VIREO_ROW(thresholded_relu) VIREO_ROW(shrink) VIREO_ROW(clip)
                    VIREO_ROW(exp) VIREO_ROW(log) VIREO_ROW(sqrt) VIREO_ROW(rsqrt) VIREO_ROW(reciprocal) VIREO_ROW(abs)
                        VIREO_ROW(neg) VIREO_ROW(sign) VIREO_ROW(floor) VIREO_ROW(ceil) VIREO_ROW(round)
                            VIREO_ROW(identity)
#undef VIREO_ROW
                                case U::gelu : return tanh_gelu
                                               ? &unary_tile<U::gelu, true, V>
                                               : &unary_tile<U::gelu, false, V>;
    default: return nullptr;
  }
}

}  // namespace vireo::ops
