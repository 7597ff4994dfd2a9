// The quantised operators of com.microsoft, as ONNX Runtime's tools write them.

#include <algorithm>
#include <cmath>

#include "engine/base/text.h"
#include "engine/import/onnx/quantized.h"

namespace vireo::importer {
namespace {

/// QLinearAdd, QLinearMul: a, a_scale, a_zero, b, b_scale, b_zero, y_scale, y_zero.
void qlinear_binary(Node& node) {
  const TensorId a = dequantize(node, node.input(0), node.input(1), node.optional(2));
  const TensorId b = dequantize(node, node.input(3), node.input(4), node.optional(5));
  const TensorId y = node.binary(node.op_type() == "QLinearAdd" ? "add" : "mul", a, b);
  node.result(0, quantize(node, y, node.input(6), node.optional(7), node.dtype(node.input(0))));
}

/// x, x_scale, x_zero as numbers, and y_scale, y_zero for what `function` makes of them.
template <typename F>
void around(Node& node, F&& function) {
  const TensorId y = function(dequantize(node, node.input(0), node.input(1), node.optional(2)));
  node.result(0, quantize(node, y, node.input(3), node.optional(4), node.dtype(node.input(0))));
}

void qlinear_unary(Node& node) {
  Attributes attributes;
  const bool leaky = node.op_type() == "QLinearLeakyRelu";
  if (leaky) attributes.set("alpha", node.real("alpha", 0.01));
  around(node, [&](TensorId x) { return node.unary(leaky ? "leaky_relu" : "sigmoid", x, std::move(attributes)); });
}

TensorId mean(Node& node, TensorId x, std::vector<std::int64_t> axes, bool keep) {
  Attributes attributes;
  attributes.set("mode", std::string("mean"));
  attributes.set("keepdims", std::int64_t{keep});
  std::vector<TensorId> inputs{x};
  if (!axes.empty()) inputs.push_back(node.integers_constant(axes));
  return node.emit("reduce", std::move(inputs), std::move(attributes));
}

void qlinear_global_average_pool(Node& node) {
  const bool last = node.integer("channels_last", 0) != 0;
  std::vector<std::int64_t> axes;
  for (int i = last ? 1 : 2; i < node.rank(node.input(0)) - (last ? 1 : 0); ++i) axes.push_back(i);
  around(node, [&](TensorId x) { return mean(node, x, axes, true); });
}

void qlinear_reduce_mean(Node& node) {
  around(node, [&](TensorId x) { return mean(node, x, node.integers("axes"), node.integer("keepdims", 1) != 0); });
}

/// The channels of x moved from one end to the other, where they are last.
TensorId turned(Node& node, TensorId x, bool to_last) {
  const std::int64_t rank = node.rank(x);
  std::vector<std::int64_t> order{0};
  if (!to_last) order.push_back(rank - 1);
  for (std::int64_t i = to_last ? 2 : 1; i < (to_last ? rank : rank - 1); ++i) order.push_back(i);
  if (to_last) order.push_back(1);
  Attributes attributes;
  attributes.set("perm", std::move(order));
  return node.emit("transpose", {x}, std::move(attributes));
}

void qlinear_average_pool(Node& node) {
  const bool last = node.integer("channels_last", 0) != 0;
  Attributes attributes = node.copied({"kernel_shape", "strides", "pads", "ceil_mode", "count_include_pad"});
  const std::string mode = node.text("auto_pad", "NOTSET");
  if (mode != "NOTSET") {
    attributes.set("auto_pad", mode);
    attributes.erase("pads");
  }
  attributes.set("mode", std::string("average"));
  around(node, [&](TensorId x) {
    const TensorId y = node.emit("pool", {last ? turned(node, x, false) : x}, std::move(attributes));
    return last ? turned(node, y, true) : y;
  });
}

void qlinear_softmax(Node& node) {
  const bool old = node.integer("opset", 13) < 13;
  const int rank = node.rank(node.input(0));
  const std::int64_t axis = node.axis(node.integer("axis", -1), rank);
  Attributes attributes;
  attributes.set("mode", std::string("softmax"));
  around(node, [&](TensorId x) {
    if (!old || axis == rank - 1) {
      attributes.set("axis", axis);
      return node.emit("softmax", {x}, std::move(attributes));
    }
    Attributes flat;  // all axes from `axis` on are one
    flat.set("axis", axis);
    attributes.set("axis", std::int64_t{1});
    const TensorId rows = node.emit("softmax", {node.emit("flatten", {x}, std::move(flat))}, std::move(attributes));
    return node.emit("reshape", {rows, node.emit("shape", {x})});
  });
}

/// y_scale, y_zero, then tensor, scale, zero for each part.
void qlinear_concat(Node& node) {
  std::vector<TensorId> parts;
  for (int i = 2; i + 1 < node.input_count(); i += 3)
    parts.push_back(dequantize(node, node.input(i), node.input(i + 1), node.optional(i + 2)));
  node.require(!parts.empty(), "it has nothing to join");
  const DataType type = node.dtype(node.input(2));
  Attributes attributes;
  attributes.set("axis", node.axis(node.integer("axis", 0), node.rank(parts[0])));
  const TensorId y = node.emit("concat", std::move(parts), std::move(attributes));
  node.result(0, quantize(node, y, node.input(0), node.optional(1), type));
}

/// condition, x, x_scale, x_zero, y, y_scale, y_zero, z_scale, z_zero.
void qlinear_where(Node& node) {
  const TensorId x = dequantize(node, node.input(1), node.input(2), node.optional(3));
  const TensorId y = dequantize(node, node.input(4), node.input(5), node.optional(6));
  node.result(0, quantize(node, node.emit("where", {node.input(0), x, y}), node.input(7), node.optional(8),
                          node.dtype(node.input(1))));
}

TensorId transposed(Node& node, TensorId x) {
  Attributes attributes;
  attributes.set("perm", std::vector<std::int64_t>{1, 0});
  return node.emit("transpose", {x}, std::move(attributes));
}

/// a, a_scale, a_zero, b, b_scale, b_zero, c?, y_scale?, y_zero?. Without y_scale the result is numbers.
void qgemm(Node& node) {
  TensorId a = node.input(0), b = node.input(3);
  if (node.integer("transA", 0) != 0) a = transposed(node, a);
  if (node.integer("transB", 0) != 0) b = transposed(node, b);
  TensorId sums = integer_product(node, a, b, node.optional(2), node.optional(5));
  if (node.has_input(6)) sums = node.binary("add", sums, node.input(6));
  TensorId scale = node.binary("mul", node.input(1), node.input(4));
  if (const double alpha = node.real("alpha", 1); alpha != 1)
    scale = node.binary("mul", node.scalar(alpha, DataType::float32), scale);
  if (!node.has_input(7)) return node.result(0, dequantize(node, sums, scale, kNone, 1));
  scale = node.binary("div", scale, node.input(7));
  node.result(0, requantize(node, sums, scale, node.optional(8), 1, node.dtype(node.input(0))));
}

TensorId with_bias(Node& node, TensorId x, int bias) {
  return node.has_input(bias) ? node.binary("add", x, node.input(bias)) : x;
}

/// a, b, a_scale, b_scale, a_zero?, b_zero?, bias?.
void matmul_integer_to_float(Node& node) {
  const TensorId y = scaled_product(node, node.input(0), node.input(1), node.input(2), node.input(3), node.optional(4),
                                    node.optional(5));
  node.result(0, with_bias(node, y, 6));
}

/// a (numbers), b, b_scale, b_zero?, bias?.
void dynamic_quantize_matmul(Node& node) {
  const Dynamic a = quantize_dynamically(node, node.input(0));
  const TensorId y = scaled_product(node, a.bytes, node.input(1), a.scale, node.input(2), a.zero, node.optional(3));
  node.result(0, with_bias(node, y, 4));
}

/// Elements of 2 or 4 bits from the bytes of the last axis, the lowest bits first; 8 bits are what they are.
TensorId unpack_bits(Node& node, TensorId bytes, std::int64_t bits) {
  if (bits == 8) return bytes;
  graph::MutableConstant shifts = graph::new_constant(DataType::uint8, {8 / bits}),
                         mask = graph::new_constant(DataType::uint8, {1});
  for (std::int64_t i = 0; i < 8 / bits; ++i) shifts.as<std::uint8_t>()[i] = static_cast<std::uint8_t>(i * bits);
  mask.as<std::uint8_t>()[0] = static_cast<std::uint8_t>((1 << bits) - 1);
  const TensorId apart = node.emit("unsqueeze", {bytes, node.integers_constant({node.rank(bytes)})});
  const TensorId shifted = node.binary("bitshift_right", apart, node.add_constant(shifts.constant));
  const TensorId values = node.binary("bitwise_and", shifted, node.add_constant(mask.constant));
  std::vector<std::int64_t> shape(static_cast<std::size_t>(node.rank(bytes)), 0);
  shape.back() = node.dims(bytes).back() == kUnknown ? -1 : node.dims(bytes).back() * (8 / bits);
  return node.reshape(values, shape);
}

TensorId first_of_last_axis(Node& node, TensorId x, std::int64_t count) {
  const std::int64_t axis = node.rank(x) - 1;
  if (node.dims(x).back() == count) return x;
  return node.emit("slice",
                   {x, node.integers_constant({0}), node.integers_constant({count}), node.integers_constant({axis})});
}

/// a, b [n, blocks, bytes of a block], scales, zero points?, group index?, bias?. The weights become numbers of the
/// type of their scales, (value - zero point) * scale, which later passes fold.
void matmul_nbits(Node& node) {
  const std::int64_t k = node.integer("K", 0), n = node.integer("N", 0), bits = node.integer("bits", 4),
                     block = node.integer("block_size", 0);
  node.require(k > 0 && n > 0 && block > 0, "K, N and block_size must be positive");
  if (bits != 2 && bits != 4 && bits != 8) node.refuse(base::str(bits, " bits; 2, 4 and 8 are supported"));
  node.require(block % (8 / bits) == 0, "block_size is no whole number of bytes");
  const std::int64_t blocks = (k + block - 1) / block;
  const TensorId scales = node.reshape(node.input(2), {n, blocks});
  const DataType type = node.dtype(scales);
  const TensorId values =
      node.cast(unpack_bits(node, node.reshape(node.input(1), {n, blocks, block * bits / 8}), bits), type);
  TensorId zeros = node.scalar(std::exp2(static_cast<double>(bits - 1)), type);
  if (node.has_input(3)) {
    TensorId given = node.input(3);
    const std::int64_t packed = (blocks * bits + 7) / 8;
    if (node.dtype(given) == DataType::uint8)
      given = first_of_last_axis(node, unpack_bits(node, node.reshape(given, {n, packed}), bits), blocks);
    zeros = node.reshape(node.cast(given, type), {n, blocks});
  }
  TensorId weights = kNone;
  if (node.has_input(4)) {  // each entry of the axis that is summed over names its block
    Attributes along;
    along.set("axis", std::int64_t{1});
    const auto of_entry = [&](TensorId x) {
      return node.rank(x) == 0 ? x : node.emit("gather", {x, node.input(4)}, along);
    };
    const TensorId flat = first_of_last_axis(node, node.reshape(values, {n, blocks * block}), k);
    weights = node.binary("mul", node.binary("sub", flat, of_entry(zeros)), of_entry(scales));
  } else {
    const auto of_block = [&](TensorId x) { return node.rank(x) == 0 ? x : node.reshape(x, {n, blocks, 1}); };
    const TensorId scaled = node.binary("mul", node.binary("sub", values, of_block(zeros)), of_block(scales));
    weights = first_of_last_axis(node, node.reshape(scaled, {n, blocks * block}), k);
  }
  Attributes attributes;
  attributes.set("trans_b", std::int64_t{1});
  const TensorId y =
      node.emit("matmul", {node.input(0), node.cast(weights, node.dtype(node.input(0)))}, std::move(attributes));
  node.result(0, with_bias(node, y, 5));
}

/// Whether a key counts, for the queries of all heads: from lengths [batch] or marks [batch, keys].
TensorId key_mask(Node& node, TensorId mask, TensorId x) {
  const std::int64_t keys = node.dims(x)[1];
  if (node.rank(mask) == 2) {
    const TensorId marks = node.binary("greater", mask, node.scalar(0, node.dtype(mask)));
    return node.emit("unsqueeze", {marks, node.integers_constant({1, 2})});
  }
  if (node.rank(mask) != 1 || keys == kUnknown || node.dims(mask) != Dims{node.dims(x)[0]})
    node.refuse("a mask that is neither [batch, keys] nor the lengths [batch] of a known number of keys");
  graph::MutableConstant places = graph::new_constant(node.dtype(mask), {keys});
  for (std::int64_t i = 0; i < keys; ++i) {
    if (node.dtype(mask) == DataType::int32) places.as<std::int32_t>()[i] = static_cast<std::int32_t>(i);
    else places.as<std::int64_t>()[i] = i;
  }
  const TensorId lengths = node.emit("unsqueeze", {mask, node.integers_constant({1, 2, 3})});
  return node.binary("less", node.add_constant(places.constant), lengths);
}

/// x, weight [in, 3 * hidden], bias, x_scale, weight_scale, mask?, x_zero?, weight_zero?, past?.
void qattention(Node& node) {
  if (node.has_input(8) || node.wants_output(1)) node.refuse("keys and values of earlier calls");
  if (node.integer("do_rotary", 0) != 0) node.refuse("rotary embeddings");
  const std::int64_t heads = node.integer("num_heads", 0);
  node.require(heads > 0, "num_heads must be positive");
  const TensorId x = node.input(0);
  const TensorId product =
      scaled_product(node, x, node.input(1), node.input(3), node.input(4), node.optional(6), node.optional(7));
  Attributes parts;
  parts.set("axis", std::int64_t{2});
  parts.set("num_outputs", std::int64_t{3});
  const std::int64_t width = node.dims(node.input(1)).back();
  if (width != kUnknown) parts.set("split", std::vector<std::int64_t>{width / 3, width / 3, width - 2 * (width / 3)});
  std::vector<TensorId> inputs =
      node.emit_many("split", {node.binary("add", product, node.input(2))}, std::move(parts), 3);
  if (node.has_input(5)) inputs.push_back(key_mask(node, node.input(5), x));
  Attributes attributes;
  attributes.set("q_num_heads", heads);
  attributes.set("kv_num_heads", heads);
  attributes.set("is_causal", node.integer("unidirectional", 0));
  if (node.has("scale")) attributes.set("scale", node.real("scale", 0));
  node.result(0, node.emit("attention", std::move(inputs), std::move(attributes)));
}

/// Entry `index` of the first axis, which is left out; `count` is its extent.
TensorId entry(Node& node, TensorId x, std::int64_t index, std::int64_t count) {
  if (x == kNone) return kNone;
  const TensorId axis = node.integers_constant({0});
  if (count > 1)
    x = node.emit("slice", {x, node.integers_constant({index}), node.integers_constant({index + 1}), axis});
  return node.emit("squeeze", {x, axis});
}

/// x [sequence, batch, in] with 0 where it doesn't count for the range that it is quantised by: behind the longest
/// sequence.
TensorId counted(Node& node, TensorId x, TensorId lengths) {
  const std::int64_t steps = node.dims(x)[0];
  if (lengths == kNone || steps == kUnknown) return x;
  graph::MutableConstant places = graph::new_constant(DataType::int32, {steps, 1, 1});
  for (std::int64_t i = 0; i < steps; ++i) places.as<std::int32_t>()[i] = static_cast<std::int32_t>(i);
  Attributes longest;
  longest.set("mode", std::string("max"));
  longest.set("keepdims", std::int64_t{1});
  const TensorId ends = node.emit("reduce", {node.cast(lengths, DataType::int32)}, std::move(longest));
  const TensorId inside = node.binary("less", node.add_constant(places.constant), ends);
  return node.emit("where", {inside, x, node.scalar(0, node.dtype(x))});
}

/// One direction of DynamicQuantizeLSTM: the input part of all steps is one product, the rest an operator of its own.
std::vector<TensorId> lstm_direction(Node& node, const Dynamic& x, std::int64_t d, std::int64_t count,
                                     Attributes attributes) {
  const auto own = [&](int input) { return entry(node, node.optional(input), d, count); };
  TensorId gates = scaled_product(node, x.bytes, own(1), x.scale, own(8), x.zero, own(9));
  if (const TensorId bias = own(3); bias != kNone) {
    const std::int64_t columns = node.dims(node.input(1)).back();
    const TensorId first = first_of_last_axis(node, bias, columns);
    const TensorId second = node.emit("slice", {bias, node.integers_constant({columns}),
                                                node.integers_constant({2 * columns}), node.integers_constant({0})});
    gates = node.binary("add", gates, node.binary("add", first, second));
  }
  std::vector<TensorId> inputs{gates, own(2), own(10), own(11), node.optional(4), own(5), own(6), own(7)};
  while (inputs.back() == kNone) inputs.pop_back();
  return node.emit_many("dynamic_quantize_lstm", std::move(inputs), std::move(attributes), 3);
}

/// x, w [directions, in, 4 * hidden], r, b?, lengths?, h?, c?, p?, w_scale, w_zero, r_scale, r_zero.
void dynamic_quantize_lstm(Node& node) {
  if (node.integer("layout", 0) != 0) node.refuse("layout 1");
  const std::string direction = node.text("direction", "forward");
  const std::int64_t count = direction == "bidirectional" ? 2 : 1;
  node.require(node.dims(node.input(1))[0] == count, "the weights are for another number of directions");
  if (node.dims(node.input(1)).back() == kUnknown) node.refuse("weights whose extents are not known");
  const std::vector<std::string> names = node.texts("activations");
  if (!names.empty() && names.size() != static_cast<std::size_t>(3 * count)) node.fail("three activations a direction");
  if (node.has("activation_alpha") || node.has("activation_beta")) node.refuse("parameters of activations");
  const Dynamic x = quantize_dynamically(node, counted(node, node.input(0), node.optional(4)));
  std::vector<TensorId> results[3];
  for (std::int64_t d = 0; d < count; ++d) {
    Attributes attributes = node.copied({"clip", "input_forget"});
    attributes.set("direction", std::string(direction == "reverse" || d == 1 ? "reverse" : "forward"));
    std::string own;
    for (std::size_t k = 0; k < 3 && !names.empty(); ++k)
      own += (k ? "," : "") + names[static_cast<std::size_t>(d) * 3 + k];
    if (!own.empty()) attributes.set("activations", own);
    const std::vector<TensorId> outputs = lstm_direction(node, x, d, count, std::move(attributes));
    for (std::size_t k = 0; k < 3; ++k)
      results[k].push_back(node.emit("unsqueeze", {outputs[k], node.integers_constant({k == 0 ? 1 : 0})}));
  }
  for (int k = 0; k < 3; ++k) {
    Attributes along;
    along.set("axis", std::int64_t{k == 0 ? 1 : 0});
    node.result(k, count == 1 ? results[k][0] : node.emit("concat", results[k], std::move(along)));
  }
}

constexpr std::string_view kDomain = "com.microsoft";
constexpr Row kRows[] = {{"QLinearAdd", qlinear_binary, kDomain},
                         {"QLinearMul", qlinear_binary, kDomain},
                         {"QLinearSigmoid", qlinear_unary, kDomain},
                         {"QLinearLeakyRelu", qlinear_unary, kDomain},
                         {"QLinearGlobalAveragePool", qlinear_global_average_pool, kDomain},
                         {"QLinearAveragePool", qlinear_average_pool, kDomain},
                         {"QLinearReduceMean", qlinear_reduce_mean, kDomain},
                         {"QLinearSoftmax", qlinear_softmax, kDomain},
                         {"QLinearConcat", qlinear_concat, kDomain},
                         {"QLinearWhere", qlinear_where, kDomain},
                         {"QGemm", qgemm, kDomain},
                         {"MatMulIntegerToFloat", matmul_integer_to_float, kDomain},
                         {"DynamicQuantizeMatMul", dynamic_quantize_matmul, kDomain},
                         {"DynamicQuantizeLSTM", dynamic_quantize_lstm, kDomain},
                         {"MatMulNBits", matmul_nbits, kDomain},
                         {"QAttention", qattention, kDomain}};

}  // namespace

std::span<const Row> quantized_microsoft_rows() { return kRows; }

}  // namespace vireo::importer
