// The com.microsoft operators that exports of ONNX Runtime contain, as far as they are simple: other forms of ONNX
// operators, and fusions of them, which become separate layers that the passes join again.

#include <algorithm>
#include <cmath>

#include "engine/base/text.h"
#include "engine/import/onnx/handlers.h"
#include "engine/import/onnx/parts.h"

namespace vireo::importer {
namespace {

/// The activation of a fusion, as a separate layer. `values`: its parameters, in ONNX's order.
TensorId activate(Node& node, TensorId x, const std::string& name, const std::vector<double>& values) {
  struct Activation {
    std::string_view onnx, ours, first, second;
    double first_value = 0, second_value = 0;
  };
  static constexpr Activation kTable[] = {{"Relu", "relu"},
                                          {"Sigmoid", "sigmoid"},
                                          {"Tanh", "tanh"},
                                          {"Softplus", "softplus"},
                                          {"Softsign", "softsign"},
                                          {"HardSwish", "hard_swish"},
                                          {"Gelu", "gelu"},
                                          {"LeakyRelu", "leaky_relu", "alpha", "", 0.01},
                                          {"Elu", "elu", "alpha", "", 1},
                                          {"ThresholdedRelu", "thresholded_relu", "alpha", "", 1},
                                          {"Clip", "clip", "min", "max", 0, 6},
                                          {"HardSigmoid", "hard_sigmoid", "alpha", "beta", 0.2, 0.5}};
  if (name.empty()) return x;
  for (const Activation& row : kTable) {
    if (row.onnx != name) continue;
    Attributes attributes;
    if (!row.first.empty()) attributes.set(row.first, values.empty() ? row.first_value : values[0]);
    if (!row.second.empty()) attributes.set(row.second, values.size() < 2 ? row.second_value : values[1]);
    return node.unary(row.ours, x, std::move(attributes));
  }
  node.refuse("activation '" + name + "'");
}

/// The same of attributes `activation`, `activation_alpha`, `activation_beta`.
TensorId activate(Node& node, TensorId x) {
  std::vector<double> values;
  if (node.has("activation_alpha")) values.push_back(node.real("activation_alpha", 0));
  if (node.has("activation_beta")) values.push_back(node.real("activation_beta", 0));
  return activate(node, x, node.text("activation", ""), values);
}

/// FusedConv; also NhwcConv and NhwcFusedConv, whose weights are those of Conv.
void fused_conv(Node& node) {
  Attributes attributes = node.copied({"kernel_shape", "strides", "pads", "dilations", "group"});
  if (node.op_type().starts_with("Nhwc")) attributes.set("layout", std::string("nhwc"));
  if (node.text("auto_pad", "NOTSET") != "NOTSET") {
    attributes.set("auto_pad", node.text("auto_pad", "NOTSET"));
    attributes.erase("pads");
  }
  std::vector<TensorId> inputs{node.input(0), node.input(1)};
  if (node.has_input(2)) inputs.push_back(node.input(2));
  TensorId y = node.emit("conv", std::move(inputs), std::move(attributes));
  if (node.has_input(3)) y = node.binary("add", y, node.input(3));
  node.result(0, activate(node, y, node.text("activation", ""), node.reals("activation_params")));
}

void fused_gemm(Node& node) {
  Attributes attributes = node.copied({"alpha", "beta", "transA", "transB"});
  std::vector<TensorId> inputs{node.input(0), node.input(1)};
  if (node.has_input(2)) inputs.push_back(node.input(2));
  node.result(0, activate(node, node.emit("gemm", std::move(inputs), std::move(attributes))));
}

/// The padding of ConvTranspose as an input.
void conv_transpose_with_pads(Node& node) {
  Attributes attributes = node.copied({"kernel_shape", "strides", "dilations", "group", "output_padding"});
  if (node.text("auto_pad", "NOTSET") != "NOTSET") attributes.set("auto_pad", node.text("auto_pad", "NOTSET"));
  if (node.has_input(2)) {
    const auto pads = node.known_integers(2);
    if (!pads) node.refuse("pads that are not known at import");
    attributes.set("pads", *pads);
  }
  std::vector<TensorId> inputs{node.input(0), node.input(1)};
  if (node.has_input(3)) inputs.push_back(node.input(3));
  node.result(0, node.emit("conv_transpose", std::move(inputs), std::move(attributes)));
}

/// An operand whose rows lie apart along axis 0: that axis belongs behind those of the batch.
TensorId rows_inside(Node& node, TensorId x) {
  std::vector<std::int64_t> perm;
  for (std::int64_t i = 1; i + 1 < node.rank(x); ++i) perm.push_back(i);
  perm.push_back(0);
  if (node.rank(x) > 1) perm.push_back(node.rank(x) - 1);
  return transposed(node, x, perm);
}

void fused_matmul(Node& node) {
  Attributes attributes;
  attributes.set("alpha", node.real("alpha", 1));
  attributes.set("trans_a", node.integer("transA", 0));
  attributes.set("trans_b", node.integer("transB", 0));
  const TensorId a = node.integer("transBatchA", 0) != 0 ? rows_inside(node, node.input(0)) : node.input(0),
                 b = node.integer("transBatchB", 0) != 0 ? rows_inside(node, node.input(1)) : node.input(1);
  node.result(0, activate(node, node.emit("matmul", {a, b}, std::move(attributes))));
}

TensorId gelu_of(Node& node, TensorId x, bool fast) {
  Attributes attributes;
  attributes.set("approximate", std::string(fast ? "tanh" : "none"));
  return node.unary("gelu", x, std::move(attributes));
}

void gemm_fast_gelu(Node& node) {
  const TensorId product = node.emit("matmul", {node.input(0), node.input(1)});
  node.result(0, gelu_of(node, biased(node, product, node.optional(2)), true));
}

void gelu(Node& node) {
  node.result(0, gelu_of(node, biased(node, node.input(0), node.optional(1)), node.op_type() == "FastGelu"));
}

/// The left half of the last axis, times what gelu makes of the right half.
void bias_split_gelu(Node& node) {
  const TensorId x = biased(node, node.input(0), node.optional(1));
  const std::int64_t all = known_extent(node, x, node.rank(x) - 1);
  if (all < 0 || all % 2 != 0) node.refuse("a last axis that isn't known at import to have halves");
  const std::vector<TensorId> halves = parts_of(node, x, node.rank(x) - 1, {all / 2, all / 2});
  node.result(0, node.binary("mul", halves[0], gelu_of(node, halves[1], false)));
}

void bias_add(Node& node) {
  node.result(0, biased(node, node.binary("add", node.input(0), node.input(1)), node.optional(2)));
}

void bias_softmax(Node& node) {
  const TensorId x = node.input(0);
  const std::int64_t axis = node.axis(node.integer("axis", 1), node.rank(x));
  if (axis + 1 != node.rank(x)) node.refuse("a softmax over several axes");
  Attributes attributes;
  attributes.set("axis", axis);
  attributes.set("mode", std::string("softmax"));
  node.result(0, node.emit("softmax", {node.binary("add", x, node.input(1))}, std::move(attributes)));
}

void quick_gelu(Node& node) {
  const TensorId x = node.input(0);
  const TensorId inner = node.binary("mul", x, node.scalar(node.real("alpha", 1.702), node.dtype(x)));
  node.result(0, node.binary("mul", x, node.unary("sigmoid", inner)));
}

/// x + skip (+ bias), normalised over the last axis.
void skip_layer_norm(Node& node) {
  const bool rms = node.op_type() == "SkipSimplifiedLayerNormalization";
  const int bias = rms ? 3 : 4;
  TensorId sum = node.binary("add", node.input(0), node.input(1));
  if (node.has_input(bias)) sum = node.binary("add", sum, node.input(bias));
  Attributes attributes;
  attributes.set("epsilon", node.real("epsilon", 1e-12));
  attributes.set("axis", std::int64_t{node.rank(sum) - 1});
  std::vector<TensorId> inputs{sum, node.input(2)};
  if (!rms && node.has_input(3)) inputs.push_back(node.input(3));
  node.result(0, node.emit(rms ? "rms_norm" : "layer_norm", std::move(inputs), std::move(attributes)));
  node.result(3, sum);
}

void simplified_layer_norm(Node& node) {
  Attributes attributes;
  attributes.set("epsilon", node.real("epsilon", 1e-5));
  attributes.set("axis", node.axis(node.integer("axis", -1), node.rank(node.input(0))));
  node.result(0, node.emit("rms_norm", {node.input(0), node.input(1)}, std::move(attributes)));
}

/// Rows of tables for words, places and segments, summed up and normalised; how many words the mask shows.
void embed_layer_norm(Node& node) {
  const TensorId ids = node.input(0), places = node.input(3);
  const TensorId rows = node.has_input(8) ? gathered(node, places, node.input(8))
                                          : sliced(node, places, 0, node.integers_constant({0}), extent(node, ids, 1));
  TensorId sum = node.binary("add", gathered(node, node.input(2), ids), rows);
  if (node.has_input(1) && node.has_input(4))
    sum = node.binary("add", sum, gathered(node, node.input(4), node.input(1)));
  Attributes attributes;
  attributes.set("epsilon", node.real("epsilon", 1e-12));
  attributes.set("axis", std::int64_t{2});
  node.result(0, node.emit("layer_norm", {sum, node.input(5), node.input(6)}, std::move(attributes)));
  node.result(2, sum);
  if (!node.wants_output(1)) return;
  const TensorId words = node.has_input(7) ? node.cast(node.input(7), DataType::int32)
                                           : node.binary("mul", node.cast(ids, DataType::int32),
                                                         node.cast(node.scalar(0, DataType::float32), DataType::int32));
  node.result(1, reduced(node, "sum", words, {1}, false));
}

/// Channels last, as diffusion models have it; also with a skip and a bias added before.
void channel_group_norm(Node& node) {
  TensorId x = node.input(0);
  const bool last = node.integer("channels_last", 1) != 0, skips = node.op_type() == "SkipGroupNorm";
  if (skips && !last) node.refuse("channels first");
  if (skips) {
    TensorId skip = node.input(3);
    if (node.rank(skip) == 2) skip = unsqueezed(node, skip, {1, 2});
    x = biased(node, node.binary("add", x, skip), node.optional(4));
    node.result(1, x);
  }
  Attributes attributes;
  attributes.set("num_groups", node.integer("groups", 0));
  attributes.set("epsilon", node.real("epsilon", 1e-5));
  if (last) attributes.set("layout", std::string("nhwc"));
  const DataType type = node.dtype(x);
  const TensorId y = node.emit("group_norm", {x, node.cast(node.input(1), type), node.cast(node.input(2), type)},
                               std::move(attributes));
  node.result(0, node.integer("activation", 0) != 0 ? node.unary("silu", y) : y);
}

/// A table's row for each distance of a key from a query, as T5 numbers them: near ones each, further ones by their
/// logarithm.
void relative_position_bias(Node& node) {
  const std::int64_t buckets = known_extent(node, node.input(0), 0), far = node.integer("max_distance", 128);
  if (buckets < 0) node.refuse("a table whose extents are not known at import");
  const bool both = node.integer("is_bidirectional", 0) != 0;
  const std::int64_t side = both ? buckets / 2 : buckets, exact = side / 2;
  node.require(exact > 0 && far > exact && far <= (1 << 20), base::str(buckets, " buckets for distances up to ", far));
  std::vector<std::int64_t> bucket_of;
  for (std::int64_t distance = -far; distance <= far; ++distance) {
    const std::int64_t away = both ? std::abs(distance) : std::max<std::int64_t>(-distance, 0);
    std::int64_t bucket = away;
    if (away >= exact) {
      const float share = std::log(static_cast<float>(away) / static_cast<float>(exact)) /
                          std::log(static_cast<float>(far) / static_cast<float>(exact));
      bucket = std::min(exact + static_cast<std::int64_t>(share * static_cast<float>(side - exact)), side - 1);
    }
    bucket_of.push_back(bucket + (both && distance > 0 ? side : 0));
  }
  const auto count = [&](int input) { return counted(node, node.cast(node.input(input), DataType::int64)); };
  const TensorId distances = node.binary("sub", count(2), unsqueezed(node, count(1), {1}));
  const TensorId near =
      node.binary("min", node.binary("max", distances, node.integers_constant({-far})), node.integers_constant({far}));
  const TensorId rows = gathered(node, node.input(0), node.integers_constant(bucket_of));
  const TensorId bias = gathered(node, rows, node.binary("add", near, node.integers_constant({far})));
  node.result(0, unsqueezed(node, transposed(node, bias, {2, 0, 1}), {0}));
}

void gated_relative_position_bias(Node& node) {
  if (node.has_input(6)) node.refuse("entries without padding");
  const std::int64_t heads = node.integer("num_heads", 0), gates = known_extent(node, node.input(3), 1);
  if (gates < 0 || gates % 2 != 0) node.refuse("weights that aren't known at import to have halves");
  const TensorId q = heads_apart(node, node.binary("add", node.input(0), node.input(1)), heads);
  const TensorId linear = node.binary("add", node.emit("matmul", {q, node.input(3)}), node.input(4));
  const TensorId both = reduced(node, "sum", node.reshape(linear, {0, 0, 0, 2, gates / 2}), {4}, false);
  const std::vector<TensorId> gate = parts_of(node, node.unary("sigmoid", both), 3, {1, 1});
  const auto number = [&](double value) { return node.scalar(value, node.dtype(q)); };
  const TensorId inner = node.binary("sub", node.binary("mul", gate[1], node.input(5)), number(1));
  const TensorId factor = node.binary("add", node.binary("mul", gate[0], inner), number(2));
  node.result(0, node.binary("mul", factor, node.input(2)));
}

void microsoft_pad(Node& node) {
  Attributes attributes;
  attributes.set("mode", node.text("mode", "constant"));
  std::vector<TensorId> inputs{node.input(0), node.reshape(node.input(1), {-1})};
  if (node.has_input(2)) inputs.push_back(node.reshape(node.input(2), {}));
  node.result(0, node.emit("pad", std::move(inputs), std::move(attributes)));
}

void microsoft_trilu(Node& node) {
  std::vector<TensorId> inputs{node.input(0)};
  if (node.has_input(1)) inputs.push_back(node.input(1));
  node.result(0, node.emit("trilu", std::move(inputs), node.copied({"upper"})));
}

void expand_dims(Node& node) {
  node.result(0, node.emit("unsqueeze", {node.input(0), node.reshape(node.cast(node.input(1), DataType::int64), {1})}));
}

void inverse(Node& node) { node.result(0, node.emit("inverse", {node.input(0)})); }

/// Boxes [y1, x1, y2, x2] of pictures, in parts of their extents, sampled at equal distances from edge to edge; what
/// lies outside of the picture has a value of its own.
void crop_and_resize(Node& node) {
  const auto size = node.known_integers(3);
  if (!size) node.refuse("a crop size that is not known at import");
  node.require(size->size() == 2 && (*size)[0] > 0 && (*size)[1] > 0, "crop_size should be two positive numbers");
  const TensorId boxes = node.cast(node.input(1), DataType::float32);
  const auto edge = [&](std::int64_t at) { return sliced(node, boxes, 1, at, at + 1); };
  const auto places = [&](std::int64_t axis) {  // [boxes, size], 0 to 1 over the picture
    const std::int64_t count = (*size)[static_cast<std::size_t>(axis)];
    std::vector<float> shares;
    for (std::int64_t i = 0; i < count; ++i)
      shares.push_back(count == 1 ? 0.5f : static_cast<float>(i) / static_cast<float>(count - 1));
    const TensorId share = node.add_constant(graph::make_constant(shares, {1, count}));
    return node.binary("add", edge(axis), node.binary("mul", node.binary("sub", edge(axis + 2), edge(axis)), share));
  };
  const auto inside = [&](TensorId at) {
    return node.binary("and", node.binary("greater_equal", at, node.scalar(0, DataType::float32)),
                       node.binary("less_equal", at, node.scalar(1, DataType::float32)));
  };
  const TensorId y = unsqueezed(node, places(0), {2}), x = unsqueezed(node, places(1), {1});
  const TensorId none = node.binary("mul", node.binary("add", y, x), node.scalar(0, DataType::float32));
  const auto column = [&](TensorId at) { return unsqueezed(node, node.binary("add", at, none), {3}); };
  const TensorId points = concatenated(node, {column(x), column(y)}, 3);
  const TensorId grid = node.binary("sub", node.binary("mul", points, node.scalar(2, DataType::float32)),
                                    node.scalar(1, DataType::float32));
  const TensorId pictures = gathered(node, node.input(0), node.input(2));
  Attributes attributes;
  attributes.set("mode", std::string(node.text("mode", "bilinear") == "nearest" ? "nearest" : "linear"));
  attributes.set("padding_mode", std::string("border"));
  attributes.set("align_corners", std::int64_t{1});
  const TensorId sampled =
      node.emit("grid_sample", {pictures, node.cast(grid, node.dtype(pictures))}, std::move(attributes));
  const TensorId within = unsqueezed(node, node.binary("and", inside(y), inside(x)), {1});
  node.result(0,
              selected(node, within, sampled, node.scalar(node.real("extrapolation_value", 0), node.dtype(sampled))));
}

void microsoft_grid_sample(Node& node) {
  const std::string mode = node.text("mode", "bilinear");
  Attributes attributes = node.copied({"align_corners", "padding_mode"});
  attributes.set("mode", mode == "bilinear" ? "linear" : mode == "bicubic" ? "cubic" : mode);
  node.result(0, node.emit("grid_sample", {node.input(0), node.input(1)}, std::move(attributes)));
}

constexpr std::string_view kDomain = "com.microsoft";
constexpr Row kRows[] = {{"FusedConv", fused_conv, kDomain},
                         {"NhwcConv", fused_conv, kDomain},
                         {"NhwcFusedConv", fused_conv, kDomain},
                         {"ConvTransposeWithDynamicPads", conv_transpose_with_pads, kDomain},
                         {"FusedGemm", fused_gemm, kDomain},
                         {"FusedMatMul", fused_matmul, kDomain},
                         {"FusedMatMulActivation", fused_matmul, kDomain},
                         {"TransposeMatMul", fused_matmul, kDomain},
                         {"GemmFastGelu", gemm_fast_gelu, kDomain},
                         {"Gelu", gelu, kDomain},
                         {"FastGelu", gelu, kDomain},
                         {"BiasGelu", gelu, kDomain},
                         {"QuickGelu", quick_gelu, kDomain},
                         {"BiasSplitGelu", bias_split_gelu, kDomain},
                         {"BiasAdd", bias_add, kDomain},
                         {"BiasSoftmax", bias_softmax, kDomain},
                         {"SkipLayerNormalization", skip_layer_norm, kDomain},
                         {"SkipSimplifiedLayerNormalization", skip_layer_norm, kDomain},
                         {"SimplifiedLayerNormalization", simplified_layer_norm, kDomain},
                         {"EmbedLayerNormalization", embed_layer_norm, kDomain},
                         {"GroupNorm", channel_group_norm, kDomain},
                         {"SkipGroupNorm", channel_group_norm, kDomain},
                         {"RelativePositionBias", relative_position_bias, kDomain},
                         {"GatedRelativePositionBias", gated_relative_position_bias, kDomain},
                         {"Pad", microsoft_pad, kDomain},
                         {"Trilu", microsoft_trilu, kDomain},
                         {"Inverse", inverse, kDomain},
                         {"CropAndResize", crop_and_resize, kDomain},
                         {"ExpandDims", expand_dims, kDomain},
                         {"GridSample", microsoft_grid_sample, kDomain}};

}  // namespace

std::span<const Row> microsoft_rows() { return kRows; }

}  // namespace vireo::importer
