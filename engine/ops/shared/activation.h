#pragma once
// Activation functions as attributes name them and as kernels fuse them. The scalar form here is the specification; the
// vector form is in activation_simd.h. Light on purpose: kernel bodies include it. Immutable values, any thread.

#include <cstdint>

namespace vireo::graph {
class Attributes;
}

namespace vireo::ops {

enum class Activation : std::uint8_t {
  none,
  relu,
  leaky_relu,  ///< x < 0 ? alpha x : x
  clip,        ///< alpha = min, beta = max (relu6 is clip 0, 6)
  sigmoid,
  silu,          ///< x sigmoid(x)
  hard_sigmoid,  ///< clip(alpha x + beta, 0, 1)
  hard_swish,    ///< x clip(x / 6 + 1/2, 0, 1)
  mish,          ///< x tanh(softplus(x))
  tanh,
  erf,
  gelu,              ///< x (1 + erf(x / sqrt 2)) / 2
  gelu_tanh,         ///< the tanh approximation of gelu
  elu,               ///< x < 0 ? alpha (e^x - 1) : x
  celu,              ///< x < 0 ? alpha (e^(x / alpha) - 1) : x
  selu,              ///< beta (x < 0 ? alpha (e^x - 1) : x); beta is ONNX's gamma
  softplus,          ///< log(1 + e^x)
  softsign,          ///< x / (1 + |x|)
  thresholded_relu,  ///< x > alpha ? x : 0
};

struct ActivationSpec {
  Activation kind = Activation::none;
  float alpha = 0, beta = 0;
  friend bool operator==(const ActivationSpec&, const ActivationSpec&) = default;
};

/// The function of that name with its ONNX default parameters; false when the name is none of the above. "" is none,
/// and "relu6" is clip 0, 6.
[[nodiscard]] bool activation_from(const char* name, ActivationSpec& spec) noexcept;
/// Reads `activation`, `alpha`, `beta` of a fused layer. Throws Error(unsupported) naming an unknown function.
/// Not for operators whose own `alpha` means something else (gemm, matmul): pass own_alpha = true there, and the
/// parameters are read from `activation_alpha`, `activation_beta`.
[[nodiscard]] ActivationSpec activation_of(const graph::Attributes& attributes, bool own_alpha = false);
[[nodiscard]] double apply(const ActivationSpec& spec, double x) noexcept;
/// True for none, relu and clip, which are max(lo, min(x, hi)).
[[nodiscard]] bool is_clamp(const ActivationSpec& spec, float& lo, float& hi) noexcept;

}  // namespace vireo::ops
