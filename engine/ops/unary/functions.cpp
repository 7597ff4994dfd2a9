#include "engine/ops/unary/functions.h"

#include <limits>
#include <string>

namespace vireo::ops {
namespace {
constexpr std::string_view kNames[] = {
    "relu",   "leaky_relu",  "sigmoid", "hard_sigmoid", "hard_swish", "silu",     "mish",       "tanh",
    "erf",    "gelu",        "elu",     "celu",         "selu",       "softplus", "softsign",   "thresholded_relu",
    "shrink", "clip",        "exp",     "log",          "sqrt",       "rsqrt",    "reciprocal", "abs",
    "neg",    "sign",        "floor",   "ceil",         "round",      "sin",      "cos",        "tan",
    "asin",   "acos",        "atan",    "sinh",         "cosh",       "asinh",    "acosh",      "atanh",
    "not",    "bitwise_not", "isnan",   "isinf",        "identity"};
}

UnaryFunction unary_function_from(std::string_view name) noexcept {
  for (std::size_t i = 0; i < std::size(kNames); ++i)
    if (kNames[i] == name) return static_cast<UnaryFunction>(i);
  return UnaryFunction::unknown;
}

UnaryParameters unary_parameters(const graph::Attributes& attributes) {
  UnaryParameters p;
  p.function = unary_function_from(attributes.text("function", ""));
  constexpr double inf = std::numeric_limits<double>::infinity();
  switch (p.function) {
    case UnaryFunction::leaky_relu: p.a = attributes.real("alpha", 0.01); break;
    case UnaryFunction::hard_sigmoid: p.a = attributes.real("alpha", 0.2); p.b = attributes.real("beta", 0.5); break;
    case UnaryFunction::silu:
    case UnaryFunction::elu:
    case UnaryFunction::celu:
    case UnaryFunction::thresholded_relu: p.a = attributes.real("alpha", 1.0); break;
    case UnaryFunction::selu:
      p.a = attributes.real("alpha", 1.67326319217681884765625);
      p.b = attributes.real("gamma", 1.05070102214813232421875);
      break;
    case UnaryFunction::shrink: p.a = attributes.real("lambd", 0.5); p.b = attributes.real("bias", 0.0); break;
    case UnaryFunction::clip: p.a = attributes.real("min", -inf); p.b = attributes.real("max", inf); break;
    case UnaryFunction::isinf:
      p.a = static_cast<double>(attributes.integer("detect_negative", 1));
      p.b = static_cast<double>(attributes.integer("detect_positive", 1));
      break;
    case UnaryFunction::gelu: p.tanh_gelu = attributes.text("approximate", "none") == "tanh"; break;
    default: break;
  }
  return p;
}

}  // namespace vireo::ops
