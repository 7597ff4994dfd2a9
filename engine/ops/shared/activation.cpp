#include "engine/ops/shared/activation.h"

#include <cmath>
#include <cstring>
#include <limits>

#include "engine/api/error.h"
#include "engine/graph/attributes.h"

namespace vireo::ops {
namespace {

struct Row {
  const char* name;
  Activation kind;
  float alpha, beta;
};

constexpr float kInfinity = std::numeric_limits<float>::infinity();

constexpr Row kRows[] = {
    {"", Activation::none, 0, 0},
    {"relu", Activation::relu, 0, 0},
    {"leaky_relu", Activation::leaky_relu, 0.01f, 0},
    {"clip", Activation::clip, -kInfinity, kInfinity},
    {"relu6", Activation::clip, 0, 6},
    {"sigmoid", Activation::sigmoid, 0, 0},
    {"silu", Activation::silu, 0, 0},
    {"hard_sigmoid", Activation::hard_sigmoid, 0.2f, 0.5f},
    {"hard_swish", Activation::hard_swish, 0, 0},
    {"mish", Activation::mish, 0, 0},
    {"tanh", Activation::tanh, 0, 0},
    {"erf", Activation::erf, 0, 0},
    {"gelu", Activation::gelu, 0, 0},
    {"gelu_tanh", Activation::gelu_tanh, 0, 0},
    {"elu", Activation::elu, 1, 0},
    {"celu", Activation::celu, 1, 0},
    {"selu", Activation::selu, 1.67326319217681884765625f, 1.05070102214813232421875f},
    {"softplus", Activation::softplus, 0, 0},
    {"softsign", Activation::softsign, 0, 0},
    {"thresholded_relu", Activation::thresholded_relu, 1, 0},
};

}  // namespace

bool activation_from(const char* name, ActivationSpec& spec) noexcept {
  for (const Row& row : kRows) {
    if (std::strcmp(row.name, name) == 0) {
      spec = {row.kind, row.alpha, row.beta};
      return true;
    }
  }
  return false;
}

ActivationSpec activation_of(const graph::Attributes& attributes, bool own_alpha) {
  const std::string name = attributes.text("activation", "");
  ActivationSpec spec;
  if (!activation_from(name.c_str(), spec)) {
    std::string known;
    for (const Row& row : kRows) known += std::string(known.empty() ? "" : " ") + row.name;
    throw Error(ErrorCode::unsupported, "attribute activation is \"" + name + "\"; accepted: " + known);
  }
  spec.alpha = static_cast<float>(attributes.real(own_alpha ? "activation_alpha" : "alpha", spec.alpha));
  spec.beta = static_cast<float>(attributes.real(own_alpha ? "activation_beta" : "beta", spec.beta));
  return spec;
}

double apply(const ActivationSpec& spec, double x) noexcept {
  const double alpha = spec.alpha, beta = spec.beta;
  const auto unit = [](double y) { return y < 0 ? 0.0 : y > 1 ? 1.0 : y; };
  const auto softplus = [](double y) { return std::fmax(y, 0.0) + std::log1p(std::exp(-std::fabs(y))); };
  switch (spec.kind) {
    case Activation::none: return x;
    case Activation::relu: return x < 0 ? 0.0 : x;
    case Activation::leaky_relu: return x < 0 ? alpha * x : x;
    case Activation::clip: x = x < alpha ? alpha : x; return x > beta ? beta : x;
    case Activation::sigmoid: return 1 / (1 + std::exp(-x));
    case Activation::silu: return x / (1 + std::exp(-x));
    case Activation::hard_sigmoid: return unit(alpha * x + beta);
    case Activation::hard_swish: return x * unit(x / 6 + 0.5);
    case Activation::mish: return std::isnan(x) ? x : x * std::tanh(softplus(x));
    case Activation::tanh: return std::tanh(x);
    case Activation::erf: return std::erf(x);
    case Activation::gelu: return 0.5 * x * (1 + std::erf(x * 0.70710678118654752440));
    case Activation::gelu_tanh: return 0.5 * x * (1 + std::tanh(0.79788456080286535588 * (x + 0.044715 * x * x * x)));
    case Activation::elu: return x < 0 ? alpha * std::expm1(x) : x;
    case Activation::celu: return x < 0 ? alpha * std::expm1(x / alpha) : x;
    case Activation::selu: return beta * (x < 0 ? alpha * std::expm1(x) : x);
    case Activation::softplus: return std::isnan(x) ? x : softplus(x);
    case Activation::softsign: return x / (1 + std::fabs(x));
    case Activation::thresholded_relu: return x > alpha ? x : 0.0;
  }
  return x;
}

bool is_clamp(const ActivationSpec& spec, float& lo, float& hi) noexcept {
  lo = -kInfinity;
  hi = kInfinity;
  if (spec.kind == Activation::relu) lo = 0;
  if (spec.kind == Activation::clip) {
    lo = spec.alpha;
    hi = spec.beta;
  }
  return spec.kind == Activation::none || spec.kind == Activation::relu || spec.kind == Activation::clip;
}

}  // namespace vireo::ops
