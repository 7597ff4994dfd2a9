// Operators that compute each element by itself, with broadcasting.

#include <algorithm>
#include <cmath>
#include <limits>

#include "engine/base/text.h"
#include "engine/import/onnx/handlers.h"
#include "engine/import/onnx/sequence.h"

namespace vireo::importer {
namespace {

struct Function {
  std::string_view onnx, ours;
  std::initializer_list<std::string_view> attributes = {};
};

const Function kUnary[] = {{"Relu", "relu"},
                           {"Sigmoid", "sigmoid"},
                           {"Tanh", "tanh"},
                           {"Erf", "erf"},
                           {"HardSwish", "hard_swish"},
                           {"Mish", "mish"},
                           {"Softplus", "softplus"},
                           {"Softsign", "softsign"},
                           {"Exp", "exp"},
                           {"Log", "log"},
                           {"Sqrt", "sqrt"},
                           {"Reciprocal", "reciprocal"},
                           {"Abs", "abs"},
                           {"Neg", "neg"},
                           {"Sign", "sign"},
                           {"Floor", "floor"},
                           {"Ceil", "ceil"},
                           {"Round", "round"},
                           {"Sin", "sin"},
                           {"Cos", "cos"},
                           {"Tan", "tan"},
                           {"Asin", "asin"},
                           {"Acos", "acos"},
                           {"Atan", "atan"},
                           {"Sinh", "sinh"},
                           {"Cosh", "cosh"},
                           {"Asinh", "asinh"},
                           {"Acosh", "acosh"},
                           {"Atanh", "atanh"},
                           {"Not", "not"},
                           {"BitwiseNot", "bitwise_not"},
                           {"IsNaN", "isnan"},
                           {"IsInf", "isinf", {"detect_negative", "detect_positive"}}};

const Function kBinary[] = {{"Add", "add"},
                            {"Sub", "sub"},
                            {"Mul", "mul"},
                            {"Div", "div"},
                            {"Equal", "equal"},
                            {"Less", "less"},
                            {"LessOrEqual", "less_equal"},
                            {"Greater", "greater"},
                            {"GreaterOrEqual", "greater_equal"},
                            {"And", "and"},
                            {"Or", "or"},
                            {"Xor", "xor"},
                            {"BitwiseAnd", "bitwise_and"},
                            {"BitwiseOr", "bitwise_or"},
                            {"BitwiseXor", "bitwise_xor"}};

const Function* find(std::span<const Function> table, std::string_view name) {
  for (const Function& row : table)
    if (row.onnx == name) return &row;
  return nullptr;
}

void plain_unary(Node& node) {
  const Function& function = *find(kUnary, node.op_type());
  node.result(0, node.unary(function.ours, node.input(0), node.copied(function.attributes)));
}

/// Before opset 7 the second input was broadcast only on request, from `axis` on instead of from the last axis;
/// converters have kept the attributes in newer files.
TensorId old_broadcast(Node& node, TensorId a, TensorId b) {
  if (node.integer("broadcast", 0) == 0 || !node.has("axis")) return b;
  const int rank_a = node.rank(a);
  const int rank_b = node.rank(b);
  const std::int64_t axis = node.axis(node.integer("axis", 0), rank_a);
  const std::int64_t trailing = rank_a - axis - rank_b;
  node.require(trailing >= 0, base::str("broadcasting rank ", rank_b, " from axis ", axis, " of rank ", rank_a));
  if (trailing == 0) return b;
  std::vector<std::int64_t> shape(static_cast<std::size_t>(rank_b), 0);
  if (node.info(b).constant) shape = node.dims(b);
  shape.insert(shape.end(), static_cast<std::size_t>(trailing), 1);
  return node.reshape(b, shape);
}

void plain_binary(Node& node) {
  const TensorId a = node.input(0);
  node.result(0, node.binary(find(kBinary, node.op_type())->ours, a, old_broadcast(node, a, node.input(1))));
}

void pow(Node& node) {
  const TensorId a = node.input(0);
  const TensorId b = old_broadcast(node, a, node.input(1));
  const DataType type = node.dtype(a);
  if (is_integer(type) && is_float(node.dtype(b))) {
    return node.result(0, node.cast(node.binary("pow", node.cast(a, node.dtype(b)), b), type));
  }
  node.result(0, node.binary("pow", a, node.cast(b, type)));
}

void mod(Node& node) {
  node.result(0, node.binary(node.integer("fmod", 0) != 0 ? "fmod" : "mod", node.input(0), node.input(1)));
}

void bit_shift(Node& node) {
  const std::string direction = node.text("direction", "");
  node.require(direction == "LEFT" || direction == "RIGHT",
               "attribute 'direction' should be LEFT or RIGHT, not '" + direction + "'");
  node.result(0, node.binary(direction == "LEFT" ? "bitshift_left" : "bitshift_right", node.input(0), node.input(1)));
}

void prelu(Node& node) {
  const TensorId x = node.input(0);
  TensorId slope = node.input(1);
  const int rank = node.rank(x);
  const Dims extents = node.dims(slope);
  // One slope per channel, written as a vector: opset < 7, and later files that still do it.
  const bool per_channel = extents.size() == 1 && extents[0] > 1 && rank > 2;
  const Dims& dims = node.dims(x);
  if (per_channel && (node.opset() < 7 || (dims[1] == extents[0] && dims.back() != extents[0]))) {
    std::vector<std::int64_t> shape(static_cast<std::size_t>(rank - 1), 1);
    shape[0] = extents[0];
    slope = node.reshape(slope, shape);
  }
  node.result(0, node.binary("prelu", x, slope));
}

/// Sum, Mean, Max, Min of any number of inputs.
void chain(Node& node) {
  const std::string& op = node.op_type();
  const std::string_view function = op == "Max" ? "max" : op == "Min" ? "min" : "add";
  TensorId total = node.input(0);
  for (int i = 1; i < node.input_count(); ++i) total = node.binary(function, total, node.input(i));
  if (op == "Mean" && node.input_count() > 1) {
    total = node.binary("div", total, node.scalar(node.input_count(), node.dtype(total)));
  }
  node.result(0, total);
}

void clip(Node& node) {
  TensorId x = node.input(0);
  Attributes bounds;
  if (node.opset() < 11) {
    // The old defaults are the largest floats: no bound at all.
    const double limit = std::numeric_limits<float>::max();
    if (node.real("min", -limit) > -limit) bounds.set("min", node.real("min", 0));
    if (node.real("max", limit) < limit) bounds.set("max", node.real("max", 0));
    return node.result(0, node.unary("clip", x, std::move(bounds)));
  }
  const ConstantPtr low = node.constant(1);
  const ConstantPtr high = node.constant(2);
  const bool known = (low || !node.has_input(1)) && (high || !node.has_input(2));
  const bool single = (!low || low->count() == 1) && (!high || high->count() == 1);
  if (known && single && is_float(node.dtype(x))) {
    const double least = low ? graph::to_reals(*low)[0] : -std::numeric_limits<double>::infinity();
    const double most = high ? graph::to_reals(*high)[0] : std::numeric_limits<double>::infinity();
    if (std::isfinite(least)) bounds.set("min", std::min(least, most));
    if (std::isfinite(most)) bounds.set("max", most);
    return node.result(0, node.unary("clip", x, std::move(bounds)));
  }
  if (node.has_input(1)) x = node.binary("max", x, node.input(1));
  if (node.has_input(2)) x = node.binary("min", x, node.input(2));
  node.result(0, x);
}

/// Activations with parameters: their ONNX defaults are written out.
void parametric(Node& node) {
  struct Parameters {
    std::string_view onnx, ours, first, second;
    double first_value, second_value;
  };
  static constexpr Parameters kTable[] = {
      {"LeakyRelu", "leaky_relu", "alpha", "", 0.01, 0},
      {"Elu", "elu", "alpha", "", 1, 0},
      {"Celu", "celu", "alpha", "", 1, 0},
      {"ThresholdedRelu", "thresholded_relu", "alpha", "", 1, 0},
      {"HardSigmoid", "hard_sigmoid", "alpha", "beta", 0.2, 0.5},
      {"Selu", "selu", "alpha", "gamma", 1.67326319217681884765625, 1.05070102214813232421875},
      {"Shrink", "shrink", "lambd", "bias", 0.5, 0},
  };
  for (const Parameters& row : kTable) {
    if (row.onnx != node.op_type()) continue;
    Attributes attributes;
    attributes.set(row.first, node.real(row.first, row.first_value));
    if (!row.second.empty()) attributes.set(row.second, node.real(row.second, row.second_value));
    return node.result(0, node.unary(row.ours, node.input(0), std::move(attributes)));
  }
}

void gelu(Node& node) {
  Attributes attributes;
  attributes.set("approximate", node.text("approximate", "none"));
  node.result(0, node.unary("gelu", node.input(0), std::move(attributes)));
}

void swish(Node& node) {
  const double alpha = node.real("alpha", 1);
  const TensorId x = node.input(0);
  if (alpha == 1) return node.result(0, node.unary("silu", x));
  node.result(0,
              node.binary("mul", x, node.unary("sigmoid", node.binary("mul", x, node.scalar(alpha, node.dtype(x))))));
}

void scaled_tanh(Node& node) {
  const TensorId x = node.input(0);
  const TensorId inner = node.binary("mul", x, node.scalar(node.real("beta", 1), node.dtype(x)));
  node.result(0, node.binary("mul", node.unary("tanh", inner), node.scalar(node.real("alpha", 1), node.dtype(x))));
}

void parametric_softplus(Node& node) {
  const TensorId x = node.input(0);
  const TensorId inner = node.binary("mul", x, node.scalar(node.real("beta", 1), node.dtype(x)));
  node.result(0, node.binary("mul", node.unary("softplus", inner), node.scalar(node.real("alpha", 1), node.dtype(x))));
}

/// Affine of the experimental operators: alpha * x + beta.
void affine(Node& node) {
  const TensorId x = node.input(0);
  const TensorId scaled = node.binary("mul", x, node.scalar(node.real("alpha", 1), node.dtype(x)));
  node.result(0, node.binary("add", scaled, node.scalar(node.real("beta", 0), node.dtype(x))));
}

void cast(Node& node) {
  DataType to = DataType::undefined;
  if (node.op_type() == "CastLike") {
    to = node.dtype(node.input(1));
  } else if (node.opset() < 6) {
    std::string name = node.text("to", "");
    std::transform(name.begin(), name.end(), name.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    to = name == "float"    ? DataType::float32
         : name == "double" ? DataType::float64
         : name == "bool"   ? DataType::boolean
                            : data_type_from(name);
  } else {
    const std::int64_t number = node.integer("to", 0);
    to = dtype_from_onnx(number);
    if (to == DataType::undefined) node.refuse("a cast to " + onnx_dtype_name(number));
  }
  if (to == DataType::undefined) node.refuse("a cast to an element type that is not supported");
  if (!is_narrow(to)) return node.result(0, node.cast(node.input(0), to));
  Attributes attributes = node.copied({"saturate", "round_mode"});
  attributes.set("to", std::string(to_string(to)));
  node.result(0, node.emit("cast", {node.input(0)}, std::move(attributes)));
}

void where(Node& node) { node.result(0, node.emit("where", {node.input(0), node.input(1), node.input(2)})); }

void identity(Node& node) {
  if (const Sequence* const sequence = node.find_sequence(0)) return node.sequence_result(0, *sequence);
  node.result(0, node.input(0));
}

std::vector<Row> make_rows() {
  std::vector<Row> rows;
  for (const Function& function : kUnary) rows.push_back({function.onnx, plain_unary});
  for (const Function& function : kBinary) rows.push_back({function.onnx, plain_binary});
  for (const std::string_view name : {"LeakyRelu", "Elu", "Celu", "ThresholdedRelu", "HardSigmoid", "Selu", "Shrink"})
    rows.push_back({name, parametric});
  for (const std::string_view name : {"Sum", "Mean", "Max", "Min"}) rows.push_back({name, chain});
  const Row others[] = {{"Pow", pow},
                        {"Mod", mod},
                        {"BitShift", bit_shift},
                        {"PRelu", prelu},
                        {"Clip", clip},
                        {"Gelu", gelu},
                        {"Swish", swish},
                        {"ScaledTanh", scaled_tanh},
                        {"ParametricSoftplus", parametric_softplus},
                        {"Affine", affine},
                        {"Cast", cast},
                        {"CastLike", cast},
                        {"Where", where},
                        {"Identity", identity}};
  rows.insert(rows.end(), std::begin(others), std::end(others));
  return rows;
}

}  // namespace

std::span<const Row> elementwise_rows() {
  static const std::vector<Row> rows = make_rows();
  return rows;
}

}  // namespace vireo::importer
