// Layers that work element by element.

#include <tuple>

#include "engine/network/adding.h"

namespace vireo {
namespace {

using network::Adding;
using network::given;
using network::Tensor;
using Activation = NetworkLayers::Activation;

struct Function {
  const char* name;
  const char *alpha, *beta;  ///< attributes that the parameters become; null: it takes none
};

Function function_of(Activation kind) {
  switch (kind) {
    case Activation::relu: return {"relu"};
    case Activation::sigmoid: return {"sigmoid"};
    case Activation::tanh: return {"tanh"};
    case Activation::leaky_relu: return {"leaky_relu", "alpha"};
    case Activation::elu: return {"elu", "alpha"};
    case Activation::selu: return {"selu", "alpha", "gamma"};
    case Activation::celu: return {"celu", "alpha"};
    case Activation::softsign: return {"softsign"};
    case Activation::softplus: return {"softplus"};
    case Activation::clip: return {"clip", "min", "max"};
    case Activation::hard_sigmoid: return {"hard_sigmoid", "alpha", "beta"};
    case Activation::hard_swish: return {"hard_swish"};
    case Activation::scaled_tanh: return {"tanh"};
    case Activation::thresholded_relu: return {"thresholded_relu", "alpha"};
    case Activation::gelu:
    case Activation::gelu_tanh: return {"gelu"};
    case Activation::silu: return {"silu"};
    case Activation::mish: return {"mish"};
  }
  return {""};
}

const char* name_of(NetworkLayers::Unary function) {
  using Unary = NetworkLayers::Unary;
  switch (function) {
    case Unary::exp: return "exp";
    case Unary::log: return "log";
    case Unary::sqrt: return "sqrt";
    case Unary::reciprocal: return "reciprocal";
    case Unary::abs: return "abs";
    case Unary::neg: return "neg";
    case Unary::sin: return "sin";
    case Unary::cos: return "cos";
    case Unary::tan: return "tan";
    case Unary::sinh: return "sinh";
    case Unary::cosh: return "cosh";
    case Unary::asin: return "asin";
    case Unary::acos: return "acos";
    case Unary::atan: return "atan";
    case Unary::asinh: return "asinh";
    case Unary::acosh: return "acosh";
    case Unary::atanh: return "atanh";
    case Unary::ceil: return "ceil";
    case Unary::floor: return "floor";
    case Unary::round: return "round";
    case Unary::erf: return "erf";
    case Unary::sign: return "sign";
    case Unary::logical_not: return "not";
    case Unary::is_nan: return "isnan";
    case Unary::is_inf: return "isinf";
  }
  return "";
}

const char* name_of(NetworkLayers::Elementwise function) {
  using Elementwise = NetworkLayers::Elementwise;
  switch (function) {
    case Elementwise::sum: return "add";
    case Elementwise::difference: return "sub";
    case Elementwise::product: return "mul";
    case Elementwise::quotient:
    case Elementwise::floor_quotient: return "div";
    case Elementwise::remainder: return "mod";
    case Elementwise::maximum: return "max";
    case Elementwise::minimum: return "min";
    case Elementwise::power: return "pow";
    case Elementwise::equal: return "equal";
    case Elementwise::less: return "less";
    case Elementwise::less_equal: return "less_equal";
    case Elementwise::greater: return "greater";
    case Elementwise::greater_equal: return "greater_equal";
    case Elementwise::logical_and: return "and";
    case Elementwise::logical_or: return "or";
    case Elementwise::logical_xor: return "xor";
  }
  return "";
}

/// outer * function(inner * x).
Tensor scaled(Adding& adding, const char* function, Tensor x, std::optional<double> outer,
              std::optional<double> inner) {
  if (inner) x = adding.binary("mul", x, adding.scalar(adding.dtype(x), *inner, "beta"), "inner");
  if (!outer) return adding.unary(function, x);
  const Tensor value = adding.unary(function, x, "function");
  return adding.binary("mul", value, adding.scalar(adding.dtype(value), *outer, "alpha"));
}

}  // namespace

Tensor NetworkLayers::add_activation(Tensor input, Activation kind, const ActivationParameters& parameters,
                                     const std::string& name) {
  Adding adding(*graph_, *notes_, "activation", name);
  return adding.one({input}, [&] {
    const Function function = function_of(kind);
    if (kind == Activation::scaled_tanh || kind == Activation::softplus)
      return scaled(adding, function.name, input, parameters.alpha, parameters.beta);
    graph::Attributes attributes;
    attributes.set("function", std::string(function.name));
    if (kind == Activation::gelu_tanh) attributes.set("approximate", std::string("tanh"));
    for (const auto& [value, attribute, what] :
         {std::tuple(parameters.alpha, function.alpha, "alpha"), std::tuple(parameters.beta, function.beta, "beta")}) {
      if (!value) continue;
      adding.require(attribute != nullptr, "has the parameter ", what, " = ", *value, ", which ", function.name,
                     " doesn't take");
      attributes.set(attribute, *value);
    }
    return adding.put_all("unary", {input}, std::move(attributes), 1)[0];
  });
}

Tensor NetworkLayers::add_parametric_relu(Tensor input, Tensor slope, const std::string& name) {
  Adding adding(*graph_, *notes_, "parametric_relu", name);
  return adding.one({input, slope}, [&] { return adding.binary("prelu", input, slope); });
}

Tensor NetworkLayers::add_unary(Tensor input, Unary function, const std::string& name) {
  Adding adding(*graph_, *notes_, "unary", name);
  return adding.one({input}, [&] { return adding.unary(name_of(function), input); });
}

Tensor NetworkLayers::add_elementwise(Tensor a, Tensor b, Elementwise function, const std::string& name) {
  Adding adding(*graph_, *notes_, "elementwise", name);
  return adding.one({a, b}, [&] {
    if (function != Elementwise::floor_quotient) return adding.binary(name_of(function), a, b);
    if (given(a) && is_float(adding.dtype(a))) return adding.unary("floor", adding.binary("div", a, b, "quotient"));
    // What is left when the remainder is gone divides without one.
    const Tensor whole = adding.binary("sub", a, adding.binary("mod", a, b, "remainder"), "whole");
    return adding.binary("div", whole, b);
  });
}

Tensor NetworkLayers::add_scale(Tensor input, const Scale& options, const std::string& name) {
  Adding adding(*graph_, *notes_, "scale", name);
  return adding.one({input, options.scale, options.shift, options.power}, [&] {
    const std::int64_t rank = adding.rank(input, "input");
    const std::int64_t channel = options.mode == ScaleMode::channel ? adding.axis(options.channel_axis, rank) : 0;
    struct Step {
      const char *function, *what;
      Tensor by;
    };
    std::vector<Step> steps;
    for (const Step& step : {Step{"mul", "scale", options.scale}, Step{"add", "shift", options.shift},
                             Step{"pow", "power", options.power}})
      if (given(step.by)) steps.push_back(step);
    if (steps.empty()) return adding.unary("identity", input);
    Tensor value = input;
    for (std::size_t k = 0; k < steps.size(); ++k) {
      const auto& [function, what, by] = steps[k];
      const Dims &dims = adding.of(by).dims, &full = adding.of(input).dims;
      const std::int64_t own = adding.rank(by, what);
      Tensor fitting = by;
      if (options.mode == ScaleMode::uniform) {
        adding.require(own <= rank && (!is_static(dims) || element_count(dims) == 1), "the ", what, " is ", dims,
                       "; accepted: one element");
      } else if (options.mode == ScaleMode::channel) {
        const std::int64_t channels = full[static_cast<std::size_t>(channel)];
        adding.require(own == 1 && (dims[0] == channels || dims[0] == kUnknown || channels == kUnknown), "the ", what,
                       " is ", dims, "; accepted: ", Dims{channels}, ", one for each entry of axis ", channel);
        network::Ints shape(static_cast<std::size_t>(rank - channel), 1);
        shape[0] = -1;
        if (shape.size() > 1)
          fitting = adding.put("reshape", {by, adding.integers(shape, "shape")}, {}, base::str(what, ".reshape"));
      } else {
        bool fits = own <= rank;
        for (std::int64_t i = 1; fits && i <= own; ++i) {
          const std::int64_t extent = dims[static_cast<std::size_t>(own - i)],
                             wanted = full[static_cast<std::size_t>(rank - i)];
          fits = extent == 1 || extent == wanted || extent == kUnknown || wanted == kUnknown;
        }
        adding.require(fits, "the ", what, " is ", dims, ", which doesn't broadcast to the input ", full);
      }
      value = adding.binary(function, value, fitting, k + 1 < steps.size() ? what : "");
    }
    return value;
  });
}

Tensor NetworkLayers::add_select(Tensor condition, Tensor a, Tensor b, const std::string& name) {
  Adding adding(*graph_, *notes_, "select", name);
  return adding.one({condition, a, b}, [&] { return adding.put("where", {condition, a, b}); });
}

Tensor NetworkLayers::add_identity(Tensor input, const std::string& name) {
  Adding adding(*graph_, *notes_, "identity", name);
  return adding.one({input}, [&] { return adding.unary("identity", input); });
}

Tensor NetworkLayers::add_cast(Tensor input, DataType to, const std::string& name) {
  Adding adding(*graph_, *notes_, "cast", name);
  return adding.one({input}, [&] { return adding.put("cast", {input}, {{"to", std::string(to_string(to))}}); });
}

}  // namespace vireo
