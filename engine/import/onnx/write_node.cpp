#include "engine/import/onnx/write_node.h"

#include <onnx/onnx_pb.h>

#include <algorithm>
#include <numeric>
#include <string_view>

#include "engine/api/half.h"
#include "engine/base/text.h"
#include "engine/graph/operator.h"

namespace vireo::importer {
namespace {

using base::str;
using graph::Attributes;
using graph::Graph;
using graph::kNone;
using graph::Layer;
using graph::TensorId;

/// An operator and what ONNX calls it; `mode`: the value of the attribute that tells its family apart. Attributes that
/// are not listed have no ONNX form.
struct Form {
  std::string_view ours, mode, onnx, attributes;
};
constexpr std::string_view kWindow = "kernel_shape strides pads dilations group auto_pad";
constexpr std::string_view kRecurrent =
    "hidden_size direction clip layout linear_before_reset input_forget activations activation_alpha activation_beta";
constexpr Form kForms[] = {
    {"arg_reduce", "max", "ArgMax", "axis keepdims select_last_index"},
    {"arg_reduce", "min", "ArgMin", "axis keepdims select_last_index"},
    {"affine_grid", "", "AffineGrid", "align_corners"},
    {"batch_norm", "", "BatchNormalization", "epsilon training_mode momentum"},
    {"binary", "add", "Add", ""},
    {"binary", "sub", "Sub", ""},
    {"binary", "mul", "Mul", ""},
    {"binary", "div", "Div", ""},
    {"binary", "pow", "Pow", ""},
    {"binary", "mod", "Mod", ""},
    {"binary", "fmod", "Mod", "fmod"},
    {"binary", "min", "Min", ""},
    {"binary", "max", "Max", ""},
    {"binary", "prelu", "PRelu", ""},
    {"binary", "equal", "Equal", ""},
    {"binary", "less", "Less", ""},
    {"binary", "less_equal", "LessOrEqual", ""},
    {"binary", "greater", "Greater", ""},
    {"binary", "greater_equal", "GreaterOrEqual", ""},
    {"binary", "and", "And", ""},
    {"binary", "or", "Or", ""},
    {"binary", "xor", "Xor", ""},
    {"binary", "bitshift_left", "BitShift", "direction"},
    {"binary", "bitshift_right", "BitShift", "direction"},
    {"binary", "bitwise_and", "BitwiseAnd", ""},
    {"binary", "bitwise_or", "BitwiseOr", ""},
    {"binary", "bitwise_xor", "BitwiseXor", ""},
    {"cast", "", "Cast", "to"},
    {"compress", "", "Compress", "axis"},
    {"concat", "", "Concat", "axis"},
    {"constant_of_shape", "", "ConstantOfShape", "value"},
    {"conv", "", "Conv", kWindow},
    {"conv_transpose", "", "ConvTranspose",
     "kernel_shape strides pads dilations group auto_pad output_padding output_shape"},
    {"cumsum", "", "CumSum", "exclusive reverse"},
    {"depth_to_space", "", "DepthToSpace", "blocksize mode"},
    {"dequantize_linear", "", "DequantizeLinear", "axis block_size output_dtype"},
    {"einsum", "", "Einsum", "equation"},
    {"expand", "", "Expand", ""},
    {"eye_like", "", "EyeLike", "k dtype"},
    {"flatten", "", "Flatten", "axis"},
    {"gather", "", "Gather", "axis"},
    {"gather_elements", "", "GatherElements", "axis"},
    {"gather_nd", "", "GatherND", "batch_dims"},
    {"gemm", "", "Gemm", "alpha beta transA transB"},
    {"grid_sample", "", "GridSample", "mode padding_mode align_corners"},
    {"group_norm", "", "GroupNormalization", "epsilon num_groups"},
    {"gru", "", "GRU", kRecurrent},
    {"instance_norm", "", "InstanceNormalization", "epsilon"},
    {"layer_norm", "", "LayerNormalization", "axis epsilon"},
    {"lp_normalize", "", "LpNormalization", "axis p"},
    {"lrn", "", "LRN", "size alpha beta bias"},
    {"lstm", "", "LSTM", kRecurrent},
    {"matmul", "", "MatMul", ""},
    {"mean_variance_normalize", "", "MeanVarianceNormalization", "axes"},
    {"non_max_suppression", "", "NonMaxSuppression", "center_point_box"},
    {"non_zero", "", "NonZero", ""},
    {"one_hot", "", "OneHot", "axis"},
    {"pad", "", "Pad", "mode"},
    {"pool", "max", "MaxPool", "kernel_shape strides pads dilations ceil_mode auto_pad storage_order"},
    {"pool", "average", "AveragePool", "kernel_shape strides pads dilations ceil_mode auto_pad count_include_pad"},
    {"pool", "lp", "LpPool", "kernel_shape strides pads dilations ceil_mode auto_pad p"},
    {"quantize_linear", "", "QuantizeLinear", "axis block_size saturate output_dtype"},
    {"range", "", "Range", ""},
    {"reduce", "sum", "ReduceSum", "keepdims noop_with_empty_axes"},
    {"reduce", "mean", "ReduceMean", "keepdims noop_with_empty_axes"},
    {"reduce", "max", "ReduceMax", "keepdims noop_with_empty_axes"},
    {"reduce", "min", "ReduceMin", "keepdims noop_with_empty_axes"},
    {"reduce", "prod", "ReduceProd", "keepdims noop_with_empty_axes"},
    {"reduce", "l1", "ReduceL1", "keepdims noop_with_empty_axes"},
    {"reduce", "l2", "ReduceL2", "keepdims noop_with_empty_axes"},
    {"reduce", "log_sum", "ReduceLogSum", "keepdims noop_with_empty_axes"},
    {"reduce", "log_sum_exp", "ReduceLogSumExp", "keepdims noop_with_empty_axes"},
    {"reduce", "sum_square", "ReduceSumSquare", "keepdims noop_with_empty_axes"},
    {"reshape", "", "Reshape", "allowzero"},
    {"resize", "", "Resize",
     "mode coordinate_transformation_mode nearest_mode cubic_coeff_a exclude_outside extrapolation_value antialias "
     "axes "
     "keep_aspect_ratio_policy"},
    {"rms_norm", "", "RMSNormalization", "axis epsilon"},
    {"rnn", "", "RNN", kRecurrent},
    {"roi_align", "", "RoiAlign",
     "mode output_height output_width sampling_ratio spatial_scale coordinate_transformation_mode"},
    {"scatter_elements", "", "ScatterElements", "axis reduction"},
    {"scatter_nd", "", "ScatterND", "reduction"},
    {"shape", "", "Shape", "start end"},
    {"size", "", "Size", ""},
    {"slice", "", "Slice", ""},
    {"softmax", "softmax", "Softmax", "axis"},
    {"softmax", "log_softmax", "LogSoftmax", "axis"},
    {"softmax", "hardmax", "Hardmax", "axis"},
    {"space_to_depth", "", "SpaceToDepth", "blocksize"},
    {"split", "", "Split", "axis num_outputs"},
    {"squeeze", "", "Squeeze", ""},
    {"tile", "", "Tile", ""},
    {"top_k", "", "TopK", "axis largest sorted"},
    {"transpose", "", "Transpose", "perm"},
    {"trilu", "", "Trilu", "upper"},
    {"unary", "relu", "Relu", ""},
    {"unary", "leaky_relu", "LeakyRelu", "alpha"},
    {"unary", "sigmoid", "Sigmoid", ""},
    {"unary", "hard_sigmoid", "HardSigmoid", "alpha beta"},
    {"unary", "hard_swish", "HardSwish", ""},
    {"unary", "silu", "silu", "alpha"},  // Sigmoid and Mul: Swish is of opset 24
    {"unary", "mish", "Mish", ""},
    {"unary", "tanh", "Tanh", ""},
    {"unary", "erf", "Erf", ""},
    {"unary", "gelu", "Gelu", "approximate"},
    {"unary", "elu", "Elu", "alpha"},
    {"unary", "celu", "Celu", "alpha"},
    {"unary", "selu", "Selu", "alpha gamma"},
    {"unary", "softplus", "Softplus", ""},
    {"unary", "softsign", "Softsign", ""},
    {"unary", "thresholded_relu", "ThresholdedRelu", "alpha"},
    {"unary", "shrink", "Shrink", "lambd bias"},
    {"unary", "clip", "Clip", ""},
    {"unary", "exp", "Exp", ""},
    {"unary", "log", "Log", ""},
    {"unary", "sqrt", "Sqrt", ""},
    {"unary", "reciprocal", "Reciprocal", ""},
    {"unary", "abs", "Abs", ""},
    {"unary", "neg", "Neg", ""},
    {"unary", "sign", "Sign", ""},
    {"unary", "floor", "Floor", ""},
    {"unary", "ceil", "Ceil", ""},
    {"unary", "round", "Round", ""},
    {"unary", "sin", "Sin", ""},
    {"unary", "cos", "Cos", ""},
    {"unary", "tan", "Tan", ""},
    {"unary", "asin", "Asin", ""},
    {"unary", "acos", "Acos", ""},
    {"unary", "atan", "Atan", ""},
    {"unary", "sinh", "Sinh", ""},
    {"unary", "cosh", "Cosh", ""},
    {"unary", "asinh", "Asinh", ""},
    {"unary", "acosh", "Acosh", ""},
    {"unary", "atanh", "Atanh", ""},
    {"unary", "not", "Not", ""},
    {"unary", "bitwise_not", "BitwiseNot", ""},
    {"unary", "isnan", "IsNaN", ""},
    {"unary", "isinf", "IsInf", "detect_negative detect_positive"},
    {"unary", "identity", "Identity", ""},
    {"unsqueeze", "", "Unsqueeze", ""},
    {"where", "", "Where", ""}};

/// The attribute that tells the members of an operator's family apart, and its value where it is absent.
std::pair<std::string_view, std::string_view> family_of(std::string_view op) {
  if (op == "unary" || op == "binary") return {"function", ""};
  if (op == "pool" || op == "arg_reduce") return {"mode", "max"};
  if (op == "reduce") return {"mode", "sum"};
  if (op == "softmax") return {"mode", "softmax"};
  return {"", ""};
}

bool lists(std::string_view words, std::string_view word) {
  for (std::size_t at = 0; at < words.size();) {
    const std::size_t end = std::min(words.find(' ', at), words.size());
    if (words.substr(at, end - at) == word) return true;
    at = end + 1;
  }
  return false;
}

/// One element without extents; nullptr for types that such a value has no form in.
graph::ConstantPtr one_value(double value, DataType dtype) {
  const auto make = [&]<typename T>(T element) { return graph::make_constant(dtype, {}, &element, sizeof(element)); };
  switch (dtype) {
    case DataType::float32: return make(static_cast<float>(value));
    case DataType::float64: return make(value);
    case DataType::float16: return make(half_from_float(static_cast<float>(value)));
    case DataType::bfloat16: return make(bfloat16_from_float(static_cast<float>(value)));
    case DataType::int64: return make(static_cast<std::int64_t>(value));
    case DataType::uint64: return make(static_cast<std::uint64_t>(value));
    case DataType::int32: return make(static_cast<std::int32_t>(value));
    case DataType::uint32: return make(static_cast<std::uint32_t>(value));
    case DataType::int16: return make(static_cast<std::int16_t>(value));
    case DataType::uint16: return make(static_cast<std::uint16_t>(value));
    case DataType::int8: return make(static_cast<std::int8_t>(value));
    case DataType::uint8:
    case DataType::boolean: return make(static_cast<std::uint8_t>(value));
    default: base::fail(ErrorCode::unsupported, "a value of ", dtype, " can't be written");
  }
}

void set_attribute(onnx::NodeProto& node, const std::string& name, const AttributeValue& value) {
  onnx::AttributeProto& a = *node.add_attribute();
  a.set_name(name);
  if (const auto* integer = std::get_if<std::int64_t>(&value)) {
    a.set_type(onnx::AttributeProto::INT);
    a.set_i(*integer);
  } else if (const auto* real = std::get_if<double>(&value)) {
    a.set_type(onnx::AttributeProto::FLOAT);
    a.set_f(static_cast<float>(*real));
  } else if (const auto* integers = std::get_if<std::vector<std::int64_t>>(&value)) {
    a.set_type(onnx::AttributeProto::INTS);
    for (const std::int64_t item : *integers) a.add_ints(item);
  } else if (const auto* reals = std::get_if<std::vector<double>>(&value)) {
    a.set_type(onnx::AttributeProto::FLOATS);
    for (const double item : *reals) a.add_floats(static_cast<float>(item));
  } else if (const std::string& text = std::get<std::string>(value);
             name == "to" || name == "dtype" || name == "output_dtype") {
    a.set_type(onnx::AttributeProto::INT);
    a.set_i(static_cast<int>(data_type_from(text)));  // the numbers are ONNX's
  } else if (name == "activations") {                 // names separated by commas
    a.set_type(onnx::AttributeProto::STRINGS);
    for (std::size_t at = 0; at <= text.size();) {
      const std::size_t end = std::min(text.find(',', at), text.size());
      a.add_strings(text.substr(at, end - at));
      at = end + 1;
    }
  } else {
    a.set_type(onnx::AttributeProto::STRING);
    a.set_s(text);
  }
}

class Writer {
 public:
  Writer(const Graph& graph, const Layer& layer, OnnxNames& names, onnx::GraphProto& to)
      : graph_(graph), layer_(layer), names_(names), to_(to), attributes_(layer.attributes) {}

  std::string write() {
    const auto [key, fallback] = family_of(layer_.op->name);
    const std::string mode = key.empty() ? "" : attributes_.text(key, fallback);
    if (!key.empty()) attributes_.erase(key);
    const Form* form = std::find_if(std::begin(kForms), std::end(kForms),
                                    [&](const Form& f) { return f.ours == layer_.op->name && f.mode == mode; });
    if (form == std::end(kForms)) return mode.empty() ? "has no ONNX form" : str("of '", mode, "' has no ONNX form");
    for (const TensorId t : layer_.inputs) inputs_.push_back(t == kNone ? "" : name(t));
    for (const TensorId t : layer_.outputs) outputs_.push_back(name(t));
    if (mode == "fmod") attributes_.set("fmod", std::int64_t{1});
    if (mode == "bitshift_left" || mode == "bitshift_right")
      attributes_.set("direction", std::string(mode == "bitshift_left" ? "LEFT" : "RIGHT"));
    if (form->onnx == "Clip") move_bounds();
    if (form->onnx == "Split") move_sizes();
    if (form->onnx == "MatMul") write_product_operands();
    const bool scaled = form->onnx == "MatMul" && attributes_.has("alpha");
    const double alpha = attributes_.real("alpha", 1);
    if (scaled) attributes_.erase("alpha");
    if (form->onnx == "ConstantOfShape") fill_type_ = attributes_.text("dtype", "float32"), attributes_.erase("dtype");
    for (const auto& [attribute, value] : attributes_.all())
      if (!lists(form->attributes, attribute)) return str("with attribute '", attribute, "' has no ONNX form");
    if (form->onnx == "silu") {
      write_silu();
      return "";
    }
    if (scaled && alpha != 1) {
      const std::string product = names_.fresh();
      write_one(form->onnx, inputs_, {product});
      write_one("Mul", {product, scalar(alpha, graph_.tensor(layer_.outputs[0]).dtype)}, outputs_);
      return "";
    }
    write_one(form->onnx, inputs_, outputs_);
    return "";
  }

 private:
  [[nodiscard]] const std::string& name(TensorId t) const { return names_.of[static_cast<std::size_t>(t)]; }

  std::string constant(const graph::Constant& value) {
    onnx::TensorProto& tensor = *to_.add_initializer();
    tensor.set_name(names_.fresh());
    tensor.set_data_type(static_cast<int>(value.dtype));
    for (const std::int64_t extent : value.dims) tensor.add_dims(extent);
    tensor.set_raw_data(reinterpret_cast<const char*>(value.read()), value.bytes());
    return tensor.name();
  }
  std::string scalar(double value, DataType dtype) { return constant(*one_value(value, dtype)); }

  onnx::NodeProto& write_one(std::string_view op, const std::vector<std::string>& inputs,
                             const std::vector<std::string>& outputs) {
    onnx::NodeProto& node = *to_.add_node();
    node.set_op_type(std::string(op));
    node.set_name(layer_.name);
    for (const std::string& input : inputs) node.add_input(input);
    for (const std::string& output : outputs) node.add_output(output);
    if (op == "Mul" && layer_.op->name == std::string_view("matmul")) return node;
    if (op == "ConstantOfShape") {
      onnx::AttributeProto& a = *node.add_attribute();
      a.set_name("value");
      a.set_type(onnx::AttributeProto::TENSOR);
      const DataType dtype = data_type_from(fill_type_);
      const graph::ConstantPtr value = one_value(attributes_.real("value", 0), dtype);
      a.mutable_t()->add_dims(1);
      a.mutable_t()->set_data_type(static_cast<int>(dtype));
      a.mutable_t()->set_raw_data(reinterpret_cast<const char*>(value->read()), value->bytes());
      return node;
    }
    for (const auto& [attribute, value] : attributes_.all()) set_attribute(node, attribute, value);
    return node;
  }

  void move_bounds() {
    for (const char* bound : {"min", "max"}) {
      const bool there = attributes_.has(bound);
      inputs_.push_back(there ? scalar(attributes_.real(bound, 0), graph_.tensor(layer_.inputs[0]).dtype) : "");
      attributes_.erase(bound);
    }
    while (inputs_.back().empty()) inputs_.pop_back();
  }

  void move_sizes() {
    if (!attributes_.has("split")) return;
    const std::vector<std::int64_t> sizes = attributes_.integers("split");
    inputs_.push_back(constant(*graph::make_constant(DataType::int64, {static_cast<std::int64_t>(sizes.size())},
                                                     sizes.data(), sizes.size() * sizeof(std::int64_t))));
    attributes_.erase("split");
  }

  /// Transposed operands are layers of their own in ONNX; an operand of unknown rank keeps the attribute, and is
  /// refused.
  void write_product_operands() {
    for (int k = 0; k < 2; ++k) {
      const char* key = k == 0 ? "trans_a" : "trans_b";
      const graph::Tensor& t = graph_.tensor(layer_.inputs[static_cast<std::size_t>(k)]);
      if (attributes_.integer(key, 0) != 0) {
        if (!t.ranked || t.dims.size() < 2) continue;
        std::vector<std::int64_t> perm(t.dims.size());
        std::iota(perm.begin(), perm.end(), 0);
        std::swap(perm[perm.size() - 1], perm[perm.size() - 2]);
        onnx::NodeProto& node = *to_.add_node();
        node.set_op_type("Transpose");
        node.set_name(layer_.name + "/" + key);
        node.add_input(inputs_[static_cast<std::size_t>(k)]);
        inputs_[static_cast<std::size_t>(k)] = names_.fresh();
        node.add_output(inputs_[static_cast<std::size_t>(k)]);
        set_attribute(node, "perm", perm);
      }
      attributes_.erase(key);
    }
  }

  /// x * sigmoid(alpha * x)
  void write_silu() {
    const double alpha = attributes_.real("alpha", 1);
    attributes_ = {};
    std::string inner = inputs_[0];
    if (alpha != 1) {
      const std::string product = names_.fresh();
      write_one("Mul", {inner, scalar(alpha, graph_.tensor(layer_.inputs[0]).dtype)}, {product});
      inner = product;
    }
    const std::string gate = names_.fresh();
    write_one("Sigmoid", {inner}, {gate});
    write_one("Mul", {inputs_[0], gate}, outputs_);
  }

  const Graph& graph_;
  const Layer& layer_;
  OnnxNames& names_;
  onnx::GraphProto& to_;
  Attributes attributes_;
  std::vector<std::string> inputs_, outputs_;
  std::string fill_type_;
};

}  // namespace

std::string write_node(const Graph& graph, const Layer& layer, OnnxNames& names, onnx::GraphProto& to) {
  return Writer(graph, layer, names, to).write();
}

}  // namespace vireo::importer
