#include <limits>

#include "engine/ops/cases.h"

namespace vireo::ops {

std::vector<Case> unary_cases() {
  std::vector<Case> list;
  for (const char* f :
       {"relu",   "leaky_relu", "sigmoid", "hard_sigmoid", "hard_swish", "silu",     "mish",     "tanh",
        "erf",    "gelu",       "elu",     "celu",         "selu",       "softplus", "softsign", "thresholded_relu",
        "shrink", "exp",        "abs",     "neg",          "sign",       "floor",    "ceil",     "round",
        "sin",    "cos",        "atan",    "sinh",         "cosh",       "asinh",    "identity", "sqrt",
        "log",    "reciprocal", "rsqrt"})
    list.push_back({.name = f, .inputs = {{3, 67}}, .attributes = attributes({{"function", f}})});
  list.push_back({.name = "gelu_tanh",
                  .inputs = {{5, 33}},
                  .attributes = attributes({{"function", "gelu"}, {"approximate", "tanh"}})});
  list.push_back({.name = "clip",
                  .inputs = {{257}},
                  .attributes = attributes({{"function", "clip"}, {"min", -0.5}, {"max", 0.25}})});
  list.push_back(
      {.name = "clip_below", .inputs = {{15}}, .attributes = attributes({{"function", "clip"}, {"min", 0.0}})});
  list.push_back({.name = "scalar", .inputs = {{}}, .attributes = attributes({{"function", "silu"}})});
  list.push_back({.name = "one", .inputs = {{1}}, .attributes = attributes({{"function", "sigmoid"}})});
  list.push_back({.name = "one_channel", .inputs = {{2, 3, 5, 1}}, .attributes = attributes({{"function", "relu"}})});
  list.push_back({.name = "empty", .inputs = {{2, 0, 3}}, .attributes = attributes({{"function", "exp"}})});
  list.push_back({.name = "large",
                  .inputs = {{1, 40, 40, 19}},
                  .attributes = attributes({{"function", "silu"}, {"layout", "nhwc"}})});
  list.push_back({.name = "int64_neg",
                  .inputs = {{9}},
                  .attributes = attributes({{"function", "neg"}}),
                  .dtypes = {DataType::int64}});
  for (const char* f : {"abs", "sign", "bitwise_not"})
    list.push_back(
        {.name = f, .inputs = {{3, 5}}, .attributes = attributes({{"function", f}}), .dtypes = {DataType::int32}});
  list.push_back({.name = "clip_bytes",
                  .inputs = {{19}},
                  .attributes = attributes({{"function", "clip"}, {"min", -2.0}, {"max", 6.0}}),
                  .dtypes = {DataType::int8}});
  list.push_back({.name = "clip_int64",
                  .inputs = {{2, 9}},
                  .attributes = attributes({{"function", "clip"}, {"min", 0.0}}),
                  .dtypes = {DataType::int64}});
  list.push_back({.name = "not",
                  .inputs = {{4, 9}},
                  .attributes = attributes({{"function", "not"}}),
                  .dtypes = {DataType::boolean}});
  constexpr double inf = std::numeric_limits<double>::infinity(), nan = std::numeric_limits<double>::quiet_NaN();
  for (const char* f : {"isnan", "isinf"})
    list.push_back({.name = f,
                    .inputs = {{7}},
                    .attributes = attributes({{"function", f}}),
                    .constants = {{0, {0, nan, -1, inf, -inf, 3, -nan}}}});
  list.push_back({.name = "isinf_positive",
                  .inputs = {{3}},
                  .attributes = attributes({{"function", "isinf"}, {"detect_negative", std::int64_t{0}}}),
                  .constants = {{0, {inf, -inf, 1}}}});
  list.push_back({.name = "half_tanh",
                  .inputs = {{9}},
                  .attributes = attributes({{"function", "tanh"}}),
                  .dtypes = {DataType::float16}});
  return list;
}

}  // namespace vireo::ops
