// What transformers and their kin are made of: attention in its forms, rotary embeddings, caches.

#include <cmath>
#include <limits>

#include "engine/base/text.h"
#include "engine/import/onnx/builder.h"
#include "engine/import/onnx/handlers.h"
#include "engine/import/onnx/parts.h"

namespace vireo::importer {
namespace {

/// The mask of Attention as ours: boolean, or of q's type.
TensorId mask_of(Node& node, DataType type) {
  if (!node.has_input(3)) return kNone;
  const TensorId mask = node.input(3);
  node.require(node.rank(mask) <= 4, base::str("a mask of rank ", node.rank(mask)));
  return node.dtype(mask) == DataType::boolean ? mask : node.cast(mask, type);
}

/// Keys or values with those of the past before them; `past` may be kNone.
TensorId with_past(Node& node, TensorId x, TensorId past, std::int64_t heads) {
  if (node.rank(x) == 3) x = heads_apart(node, x, heads);
  return past == kNone ? x : concatenated(node, {past, x}, 2);
}

/// How many keys come before those that belong to the queries.
TensorId offset_of(Node& node, TensorId q, TensorId past, TensorId lengths) {
  if (past != kNone) return extent(node, past, 2);
  if (lengths == kNone) return kNone;
  return node.binary("sub", lengths, extent(node, q, node.rank(q) - 2));
}

void attention(Node& node) {
  const TensorId q = node.input(0), past = node.optional(4), lengths = node.optional(6);
  TensorId k = node.input(1), v = node.input(2);
  const DataType type = node.dtype(q);
  node.require(node.has_input(4) == node.has_input(5), "past keys and values come together");
  node.require(lengths == kNone || past == kNone, "nonpad_kv_seqlen has no place beside past keys");
  (void)float_attribute(node, "softmax_precision", type);  // sums are kept in float32 at least
  const std::int64_t heads = node.integer("q_num_heads", 0), key_heads = node.integer("kv_num_heads", 0);
  Attributes attributes = node.copied({"scale", "softcap", "is_causal"});
  if (node.rank(q) == 3) {
    node.require(heads > 0 && key_heads > 0, "inputs of rank 3 need q_num_heads and kv_num_heads");
    attributes.set("q_num_heads", heads);
  }
  if (past != kNone || node.wants_output(1) || node.wants_output(2)) {
    k = with_past(node, k, past, key_heads);
    v = with_past(node, v, node.optional(5), key_heads);
    node.result(1, k);
    node.result(2, v);
  }
  if (node.rank(k) == 3) attributes.set("kv_num_heads", key_heads);
  bool places = node.integer("is_causal", 0) != 0;
  for (const auto& [theirs, ours] :
       {std::pair{"left_window_size", "left_window"}, {"right_window_size", "right_window"}}) {
    const std::int64_t size = node.integer(theirs, -1);
    node.require(size >= -1, base::str(theirs, " is ", size));
    if (size >= 0) attributes.set(ours, size);
    places = places || size >= 0;
  }
  std::vector<TensorId> inputs{
      q, k, node.cast(v, type), mask_of(node, type), places ? offset_of(node, q, past, lengths) : kNone, lengths};
  while (inputs.back() == kNone) inputs.pop_back();
  const bool scores = node.wants_output(3);
  if (scores) attributes.set("scores", node.integer("qk_matmul_output_mode", 0));
  const std::vector<TensorId> outputs =
      node.emit_many("attention", std::move(inputs), std::move(attributes), scores ? 2 : 1);
  node.result(0, outputs[0]);
  if (scores) node.result(3, outputs[1]);
}

/// Output 0 of FlexAttention with a body between its products and the softmax, or behind that: the products apart.
/// Heads of a group are rows of one product.
TensorId modified_attention(Node& node, TensorId q, TensorId k, TensorId v, DataType precision) {
  const std::int64_t heads = known_extent(node, q, 1), key_heads = known_extent(node, k, 1);
  const std::int64_t depth = known_extent(node, q, 3);
  if (heads < 0 || key_heads < 0 || depth < 0) node.refuse("heads whose number or size is not known at import");
  node.require(key_heads > 0 && heads % key_heads == 0, base::str(heads, " heads of queries for ", key_heads));
  const bool grouped = heads != key_heads;
  const TensorId keys = extent(node, k, 2), rows = extent(node, q, 2);
  const auto shaped = [&](TensorId x, std::int64_t axis1, TensorId axis2, TensorId axis3) {
    return node.emit("reshape", {x, concatenated(node, {node.integers_constant({0, axis1}), axis2, axis3}, 0)});
  };
  const TensorId all_rows = grouped ? node.binary("mul", rows, node.integers_constant({heads / key_heads})) : rows;
  Attributes product;
  product.set("trans_b", std::int64_t{1});
  product.set("alpha", node.real("scale", 1 / std::sqrt(static_cast<double>(depth))));
  if (grouped) q = shaped(q, key_heads, all_rows, node.integers_constant({depth}));
  TensorId scores = node.cast(node.emit("matmul", {q, k}, std::move(product)), precision);
  if (grouped) scores = shaped(scores, heads, rows, keys);
  if (const onnx::GraphProto* body = node.body("score_mod")) scores = node.inlined(*body, {scores}).at(0);
  Attributes softmax;
  softmax.set("axis", std::int64_t{3});
  softmax.set("mode", std::string("softmax"));
  TensorId weights = node.emit("softmax", {node.cast(scores, precision)}, std::move(softmax));
  if (const onnx::GraphProto* body = node.body("prob_mod")) weights = node.inlined(*body, {weights}).at(0);
  if (grouped) weights = shaped(weights, key_heads, all_rows, keys);
  TensorId y = node.emit("matmul", {node.cast(weights, precision), node.cast(v, precision)});
  if (grouped) y = shaped(y, heads, rows, extent(node, v, 3));
  return y;
}

void flex_attention(Node& node) {
  const TensorId q = node.input(0), k = node.input(1), v = node.input(2);
  const DataType type = node.dtype(q);
  const DataType precision =
      float_attribute(node, "softmax_precision", type == DataType::float64 ? type : DataType::float32);
  for (int i = 0; i < 3; ++i)
    node.require(node.rank(node.input(i)) == 4,
                 base::str("input ", i, " has rank ", node.rank(node.input(i)), ", not 4"));
  if (node.has("score_mod") || node.has("prob_mod"))
    return node.result(0, node.cast(modified_attention(node, q, k, v, precision), node.dtype(v)));
  node.result(0, node.emit("attention", {q, k, v}, node.copied({"scale"})));
}

void rotary_embedding(Node& node) {
  const TensorId x = node.input(0);
  Attributes attributes = node.copied({"interleaved"});
  node.copy("rotary_embedding_dim", attributes, "rotary_dim");
  if (node.rank(x) == 3) {
    node.require(node.integer("num_heads", 0) > 0, "x of rank 3 needs num_heads");
    attributes.set("num_heads", node.integer("num_heads", 0));
  }
  std::vector<TensorId> inputs{x, node.input(1), node.input(2)};
  if (node.has_input(3)) inputs.push_back(node.input(3));
  node.result(0, node.emit("rotary_embedding", std::move(inputs), std::move(attributes)));
}

void linear_attention(Node& node) {
  Attributes attributes = node.copied({"q_num_heads", "kv_num_heads", "scale", "update_rule"});
  std::vector<TensorId> inputs = node.inputs();
  while (!inputs.empty() && inputs.back() == kNone) inputs.pop_back();
  node.results(
      node.emit_many("linear_attention", std::move(inputs), std::move(attributes), node.wants_output(1) ? 2 : 1));
}

/// A depthwise convolution over what came before and the input; the last entries are what comes before the next.
void causal_conv(Node& node) {
  const TensorId x = node.input(0), weight = node.input(1);
  node.require(node.rank(x) == 3 && node.rank(weight) == 3, "input and weight should have rank 3");
  const std::int64_t channels = known_extent(node, weight, 0), window = known_extent(node, weight, 2);
  if (channels < 0 || window < 0) node.refuse("a weight whose extents are not known at import");
  node.require(window > 0, "the weight has no taps");
  const std::string activation = node.text("activation", "none");
  node.require(activation == "none" || activation == "silu" || activation == "swish",
               base::str("activation '", activation, "'"));
  Attributes conv;
  conv.set("group", channels);
  conv.set("kernel_shape", std::vector<std::int64_t>{window});
  const TensorId past = node.optional(3);
  const TensorId all = past == kNone ? x : concatenated(node, {past, x}, 2);
  if (past == kNone) conv.set("pads", std::vector<std::int64_t>{window - 1, 0});
  std::vector<TensorId> inputs{all, weight};
  if (node.has_input(2)) inputs.push_back(node.input(2));
  const TensorId y = node.emit("conv", std::move(inputs), std::move(conv));
  node.result(0, activation == "none" ? y : node.unary("silu", y));
  if (!node.wants_output(1)) return;
  constexpr std::int64_t kEnd = std::numeric_limits<std::int64_t>::max();
  TensorId whole = all;
  if (past == kNone) {
    Attributes pad;
    pad.set("mode", std::string("constant"));
    whole = node.emit("pad", {x, node.integers_constant({window - 1, 0}), kNone, node.integers_constant({2})},
                      std::move(pad));
  }
  node.result(1, sliced(node, whole, 2, window == 1 ? kEnd : 1 - window, kEnd));
}

void tensor_scatter(Node& node) {
  std::vector<TensorId> inputs{node.input(0), node.input(1)};
  if (node.has_input(2)) inputs.push_back(node.input(2));
  Attributes attributes = node.copied({"mode"});
  attributes.set("axis", node.axis(node.integer("axis", -2), node.rank(inputs[0])));
  node.result(0, node.emit("tensor_scatter", std::move(inputs), std::move(attributes)));
}

/// The form of com.microsoft has more attributes, which ask for other layouts and states.
void refuse_extensions(Node& node, std::initializer_list<std::pair<const char*, std::int64_t>> plain) {
  for (const auto& [name, value] : plain)
    if (const std::int64_t found = node.integer(name, value); found != value)
      node.refuse(base::str(name, " = ", found));
}

void microsoft_causal_conv(Node& node) {
  refuse_extensions(node, {{"ndim", 1},
                           {"dilation", 1},
                           {"channels_last", 0},
                           {"state_window", 0},
                           {"state_length", 0},
                           {"state_update_capacity", 0},
                           {"input_channels", 0}});
  causal_conv(node);
}

void microsoft_linear_attention(Node& node) {
  refuse_extensions(node, {{"state_window", 0}});
  if (node.integer("kv_num_heads", 0) > node.integer("q_num_heads", 0))
    node.refuse("more heads of values than of queries");
  linear_attention(node);
}

constexpr Row kRows[] = {{"Attention", attention},
                         {"FlexAttention", flex_attention, "ai.onnx.preview"},
                         {"RotaryEmbedding", rotary_embedding},
                         {"LinearAttention", linear_attention},
                         {"CausalConvWithState", causal_conv},
                         {"CausalConvWithState", microsoft_causal_conv, "com.microsoft"},
                         {"LinearAttention", microsoft_linear_attention, "com.microsoft"},
                         {"TensorScatter", tensor_scatter}};

}  // namespace

std::span<const Row> transformer_rows() { return kRows; }

}  // namespace vireo::importer
