// Attention as ONNX Runtime's optimiser and its model builders write it (com.microsoft).

#include "engine/base/text.h"
#include "engine/import/onnx/handlers.h"
#include "engine/import/onnx/parts.h"

namespace vireo::importer {
namespace {

/// What the operators have in common, as tensors that `attention` takes.
struct Parts {
  TensorId q = kNone, k = kNone, v = kNone;  ///< k, v of rank 3, or 4 where they are a cache
  std::int64_t heads = 0, key_heads = 0;
  TensorId mask = kNone, bias = kNone;      ///< float, added to the scores
  TensorId past_k = kNone, past_v = kNone;  ///< [batch, key heads, past, depth]
  TensorId past_length = kNone;             ///< the past is a buffer of which so many entries hold something
  TensorId offsets = kNone, lengths = kNone, sinks = kNone;
};

/// A causal or a windowed layer whose queries come after the past.
Attributes attributes_of(Node& node, const Parts& parts) {
  Attributes attributes;
  if (const double scale = node.real("scale", 0); scale != 0) attributes.set("scale", scale);
  if (node.integer("unidirectional", 0) != 0) attributes.set("is_causal", std::int64_t{1});
  if (node.rank(parts.q) == 3) attributes.set("q_num_heads", parts.heads);
  if (node.rank(parts.k) == 3) attributes.set("kv_num_heads", parts.key_heads);
  return attributes;
}

/// The layer itself; `scores`: which scores its second output has, -1 for none.
std::vector<TensorId> attend(Node& node, const Parts& parts, Attributes attributes, int scores = -1) {
  TensorId mask = parts.mask;
  if (parts.bias != kNone) mask = mask == kNone ? parts.bias : node.binary("add", mask, parts.bias);
  std::vector<TensorId> inputs{parts.q, parts.k, parts.v, mask, parts.offsets, parts.lengths, parts.sinks};
  while (inputs.back() == kNone) inputs.pop_back();
  if (scores >= 0) attributes.set("scores", std::int64_t{scores});
  return node.emit_many("attention", std::move(inputs), std::move(attributes), scores >= 0 ? 2 : 1);
}

TensorId wide(Node& node, TensorId x) { return node.cast(x, DataType::int64); }

/// Keys and values with the past before them, or written into its buffer.
void add_past(Node& node, Parts& parts) {
  if (node.rank(parts.k) == 3) parts.k = heads_apart(node, parts.k, parts.key_heads);
  if (node.rank(parts.v) == 3) parts.v = heads_apart(node, parts.v, parts.key_heads);
  if (parts.past_k == kNone) return;
  if (parts.past_length == kNone) {
    parts.offsets = extent(node, parts.past_k, 2);
    parts.k = concatenated(node, {parts.past_k, parts.k}, 2);
    parts.v = concatenated(node, {parts.past_v, parts.v}, 2);
    return;
  }
  parts.offsets = node.reshape(wide(node, parts.past_length), {1});
  parts.lengths = node.binary("add", parts.offsets, extent(node, parts.k, 2));
  parts.k = node.emit("tensor_scatter", {parts.past_k, parts.k, parts.offsets});
  parts.v = node.emit("tensor_scatter", {parts.past_v, parts.v, parts.offsets});
}

/// 0 where the condition holds, `mask_filter_value` elsewhere.
TensorId filtered(Node& node, TensorId shown, DataType type) {
  return selected(node, shown, node.scalar(0, type), node.scalar(node.real("mask_filter_value", -10000), type));
}

/// A mask of keys in one of its forms: whether each takes part ([batch, keys], or for each query), or how many of an
/// entry of the batch do, [batch], or where they end and then where they begin, [2 * batch].
void read_mask(Node& node, TensorId mask, Parts& parts) {
  if (mask == kNone) return;
  const DataType type = node.dtype(parts.q);
  const int rank = node.rank(mask);
  if (rank == 2 || rank == 3) {
    const TensorId shown =
        node.dtype(mask) == DataType::boolean ? mask : node.binary("greater", mask, node.scalar(0, node.dtype(mask)));
    parts.mask = unsqueezed(node, filtered(node, shown, type), rank == 2 ? Dims{1, 2} : Dims{1});
    return;
  }
  if (rank != 1) node.refuse(base::str("a mask of rank ", rank));
  const std::int64_t count = known_extent(node, mask, 0), batch = known_extent(node, parts.q, 0);
  if (count < 0 || batch < 0 || count == batch) {
    parts.lengths = wide(node, mask);
    return;
  }
  if (count != 2 * batch) node.refuse(base::str("a mask of ", count, " numbers for a batch of ", batch));
  const std::vector<TensorId> edges = parts_of(node, wide(node, mask), 0, {batch, batch});
  const TensorId keys = counted(node, extent(node, parts.k, node.rank(parts.k) - 2));
  const auto column = [&](TensorId x) { return unsqueezed(node, x, {1}); };
  const TensorId shown = node.binary("and", node.binary("less", keys, column(edges[0])),
                                     node.binary("greater_equal", keys, column(edges[1])));
  parts.mask = unsqueezed(node, filtered(node, shown, type), {1, 2});
}

/// One matrix product for queries, keys and values.
void microsoft_attention(Node& node) {
  const TensorId x = node.input(0), weights = node.input(1), past = node.optional(4);
  if (node.integer("do_rotary", 0) != 0) node.refuse("rotary embeddings inside of Attention");
  if (node.has_input(8)) node.refuse("a cache of several beams");  // of the form for decoders
  Parts parts;
  parts.heads = parts.key_heads = node.integer("num_heads", 0);
  node.require(parts.heads > 0, "attribute 'num_heads' should be positive");
  const std::int64_t all = known_extent(node, weights, node.rank(weights) - 1);
  if (all < 0) node.refuse("weights whose extents are not known at import");
  std::vector<std::int64_t> sizes = node.integers("qkv_hidden_sizes");
  if (sizes.empty()) sizes.assign(3, all / 3);
  node.require(sizes.size() == 3 && sizes[0] + sizes[1] + sizes[2] == all,
               base::str("weights of ", all, " columns aren't those of queries, keys and values"));
  const TensorId qkv = biased(node, node.emit("matmul", {x, weights}), node.optional(2));
  const std::vector<TensorId> three = parts_of(node, qkv, 2, sizes);
  parts.q = three[0], parts.k = three[1], parts.v = three[2];
  if (past != kNone) {
    parts.past_k = entry(node, past, 0, 0);
    parts.past_v = entry(node, past, 0, 1);
  }
  if (node.integer("past_present_share_buffer", 0) != 0) parts.past_length = node.input(6);
  if (past != kNone || node.wants_output(1)) {
    add_past(node, parts);
    node.result(1, concatenated(node, {unsqueezed(node, parts.k, {0}), unsqueezed(node, parts.v, {0})}, 0));
  }
  read_mask(node, node.optional(3), parts);
  parts.bias = node.optional(5);
  Attributes attributes = attributes_of(node, parts);
  node.result(0, attend(node, parts, std::move(attributes))[0]);
}

/// Queries, keys and values that may lie in one tensor [batch, entries, heads, 2 or 3, depth].
void read_packed(Node& node, Parts& parts, TensorId q, TensorId k, TensorId v) {
  const auto flat = [&](TensorId packed, std::int64_t which) {
    const Dims& dims = node.dims(packed);
    const std::int64_t all = dims[2] < 0 || dims[4] < 0 ? -1 : dims[2] * dims[4];
    return node.reshape(entry(node, packed, 3, which), {0, 0, all});
  };
  const auto packed = [&](TensorId x, std::int64_t parts_inside) {
    return x != kNone && node.rank(x) == 5 && known_extent(node, x, 3) == parts_inside;
  };
  if (packed(q, 3)) {
    parts.q = flat(q, 0), parts.k = flat(q, 1), parts.v = flat(q, 2);
    return;
  }
  parts.q = q;
  if (packed(k, 2)) {
    parts.k = flat(k, 0), parts.v = flat(k, 1);
    return;
  }
  if (k == kNone) {  // three parts of the last axis, of one size
    const std::int64_t all = known_extent(node, q, 2);
    if (node.rank(q) != 3 || all < 0 || all % 3 != 0)
      node.refuse("queries, keys and values in one tensor of this shape");
    const std::vector<TensorId> three = parts_of(node, q, 2, {all / 3, all / 3, all / 3});
    parts.q = three[0], parts.k = three[1], parts.v = three[2];
    return;
  }
  node.require(v != kNone, "keys without values");
  parts.k = k, parts.v = v;
}

/// The parts of a bias of queries, keys and values, added to those of rank 3: a cache has its own already.
void add_biases(Node& node, Parts& parts, TensorId bias) {
  if (bias == kNone) return;
  const std::int64_t all = known_extent(node, bias, 0), q = known_extent(node, parts.q, 2);
  if (all < 0 || q < 0) node.refuse("a bias or queries whose extents are not known at import");
  node.require(all - 2 * q >= 0, base::str("a bias of ", all, " elements for queries of ", q));
  const std::vector<TensorId> three = parts_of(node, bias, 0, {q, q, all - 2 * q});
  parts.q = node.binary("add", parts.q, three[0]);
  if (node.rank(parts.k) == 3) parts.k = node.binary("add", parts.k, three[1]);
  if (node.rank(parts.v) == 3) parts.v = node.binary("add", parts.v, three[2]);
}

/// Where MultiHeadAttention and its form for decoders have their inputs.
struct Slots {
  int bias, mask, score_bias, past_k, past_length, indirection;
};

void multi_head(Node& node, const Slots& slots) {
  Parts parts;
  parts.heads = parts.key_heads = node.integer("num_heads", 0);
  node.require(parts.heads > 0, "attribute 'num_heads' should be positive");
  if (node.has_input(slots.indirection)) node.refuse("a cache of several beams");
  read_packed(node, parts, node.input(0), node.optional(1), node.optional(2));
  add_biases(node, parts, node.optional(slots.bias));
  parts.past_k = node.optional(slots.past_k);
  parts.past_v = node.optional(slots.past_k + 1);
  node.require((parts.past_k == kNone) == (parts.past_v == kNone), "past keys and values come together");
  parts.past_length = node.optional(slots.past_length);
  const bool shares = node.integer("past_present_share_buffer", 1) != 0;
  if (parts.past_k == kNone || !shares) parts.past_length = kNone;
  if (parts.past_k != kNone || node.wants_output(1) || node.wants_output(2)) {
    add_past(node, parts);
    node.result(1, parts.k);
    node.result(2, parts.v);
  }
  read_mask(node, node.optional(slots.mask), parts);
  parts.bias = node.optional(slots.score_bias);
  const bool scores = node.wants_output(3);
  Attributes attributes = attributes_of(node, parts);
  const std::vector<TensorId> outputs = attend(node, parts, std::move(attributes), scores ? 3 : -1);
  node.result(0, outputs[0]);
  if (scores) node.result(3, outputs[1]);
}

void multi_head_attention(Node& node) {
  multi_head(node, {.bias = 3, .mask = 4, .score_bias = 5, .past_k = 6, .past_length = 8, .indirection = 9});
}

void decoder_attention(Node& node) {
  multi_head(node, {.bias = 10, .mask = 3, .score_bias = 4, .past_k = 5, .past_length = 7, .indirection = 9});
}

/// Normalised over each head's elements, where there is a weight for that.
TensorId heads_normalised(Node& node, TensorId x, std::int64_t heads, int weight, const char* epsilon) {
  if (!node.has_input(weight)) return x;
  const std::int64_t all = known_extent(node, x, 2);
  node.require(all < 0 || all % heads == 0, base::str(all, " elements of an entry in ", heads, " heads"));
  Attributes attributes;
  attributes.set("epsilon", node.real(epsilon, node.real("qk_norm_epsilon", 1e-6)));
  attributes.set("axis", std::int64_t{3});
  const TensorId apart = node.reshape(x, {0, 0, heads, all < 0 ? -1 : all / heads});
  return node.reshape(node.emit("rms_norm", {apart, node.input(weight)}, std::move(attributes)), {0, 0, all});
}

TensorId turned(Node& node, TensorId x, std::int64_t heads, TensorId positions) {
  Attributes attributes;
  attributes.set("num_heads", heads);
  attributes.set("interleaved", node.integer("rotary_interleaved", 0));
  const std::int64_t half = known_extent(node, node.input(7), 1);
  if (half < 0) node.refuse("tables of angles whose extents are not known at import");
  attributes.set("rotary_dim", 2 * half);
  return node.emit("rotary_embedding", {x, node.input(7), node.input(8), positions}, std::move(attributes));
}

void refuse_group_query(Node& node) {
  for (const int input : {12, 13})
    if (node.has_input(input)) node.refuse("a quantised cache");
  for (const char* name : {"k_quant_type", "v_quant_type"})
    if (node.text(name, "NONE") != "NONE") node.refuse("a quantised cache");
  if (node.has_input(16)) node.refuse("queries of several lengths");
  if (node.integer("sliding_window_cache", 0) != 0) node.refuse("a cache that is as long as the window");
  if (node.wants_output(3)) node.refuse("the scores as an output");
}

/// Entry b of the batch has seqlens_k[b] + 1 keys, the new ones last; a first prompt may have fewer than it has
/// queries.
void group_query_attention(Node& node) {
  refuse_group_query(node);
  Parts parts;
  parts.heads = node.integer("num_heads", 0);
  parts.key_heads = node.integer("kv_num_heads", 0);
  node.require(parts.heads > 0 && parts.key_heads > 0, "num_heads and kv_num_heads should be positive");
  parts.q = node.input(0), parts.k = node.optional(1), parts.v = node.optional(2);
  if (parts.k == kNone) {
    const std::int64_t all = known_extent(node, parts.q, 2), columns = parts.heads + 2 * parts.key_heads;
    if (all < 0) node.refuse("queries whose extents are not known at import");
    node.require(all % columns == 0, base::str(all, " elements of an entry in ", columns, " heads"));
    const std::int64_t depth = all / columns;
    const std::vector<TensorId> three =
        parts_of(node, parts.q, 2, {parts.heads * depth, parts.key_heads * depth, parts.key_heads * depth});
    parts.q = three[0], parts.k = three[1], parts.v = three[2];
  }
  const TensorId entries = extent(node, parts.q, 1);
  parts.lengths = node.binary("add", node.reshape(wide(node, node.input(5)), {-1}), node.integers_constant({1}));
  parts.offsets = node.binary("max", node.binary("sub", parts.lengths, entries), node.integers_constant({0}));
  parts.q = heads_normalised(node, parts.q, parts.heads, 14, "q_norm_epsilon");
  parts.k = heads_normalised(node, parts.k, parts.key_heads, 15, "k_norm_epsilon");
  if (node.integer("do_rotary", 0) != 0) {
    const TensorId positions = node.has_input(9) ? node.input(9) : parts.offsets;
    parts.q = turned(node, parts.q, parts.heads, positions);
    parts.k = turned(node, parts.k, parts.key_heads, positions);
  }
  parts.k = heads_apart(node, parts.k, parts.key_heads);
  parts.v = heads_apart(node, parts.v, parts.key_heads);
  if (node.has_input(3)) {
    const TensorId total = node.reshape(wide(node, node.input(6)), {1});
    const auto written = [&](TensorId past, TensorId x) {
      return node.emit("tensor_scatter", {padded_to(node, past, 2, total), x, parts.offsets});
    };
    parts.k = written(node.input(3), parts.k);
    parts.v = written(node.input(4), parts.v);
  } else {
    parts.offsets = kNone;
  }
  node.result(1, parts.k);
  node.result(2, parts.v);
  parts.bias = node.optional(10);
  parts.sinks = node.optional(11);
  if (node.integer("smooth_softmax", 0) > 0 && parts.sinks == kNone)
    parts.sinks = node.emit("expand", {node.scalar(0, node.dtype(parts.q)), node.integers_constant({parts.heads})});
  Attributes attributes = attributes_of(node, parts);
  node.copy("softcap", attributes);
  if (node.integer("causal", 1) != 0) attributes.set("is_causal", std::int64_t{1});
  if (const std::int64_t window = node.integer("local_window_size", -1); window > 0)
    attributes.set("left_window", window - 1);
  node.result(0, attend(node, parts, std::move(attributes))[0]);
}

void microsoft_rotary(Node& node) {
  if (node.integer("is_packed_batching", 0) != 0) node.refuse("entries of several lengths in one row");
  if (node.real("scale", 1) != 1) node.refuse("a scale");
  const TensorId x = node.input(0), cos = node.input(2), sin = node.input(3);
  const std::int64_t half = known_extent(node, cos, 1);
  if (half < 0) node.refuse("tables of angles whose extents are not known at import");
  Attributes attributes = node.copied({"interleaved"});
  attributes.set("rotary_dim", 2 * half);
  if (node.rank(x) == 3) {
    std::int64_t heads = node.integer("num_heads", 0);
    if (heads <= 0) {
      const std::int64_t all = known_extent(node, x, 2);
      if (all < 0) node.refuse("heads whose number is not known at import");
      node.require(half > 0 && all % (2 * half) == 0, base::str(all, " elements of an entry in heads of ", 2 * half));
      heads = all / (2 * half);
    }
    attributes.set("num_heads", heads);
  }
  node.result(0, node.emit("rotary_embedding", {x, cos, sin, node.input(1)}, std::move(attributes)));
}

constexpr std::string_view kMicrosoft = "com.microsoft";
constexpr Row kRows[] = {{"Attention", microsoft_attention, kMicrosoft},
                         {"DecoderMaskedSelfAttention", microsoft_attention, kMicrosoft},
                         {"MultiHeadAttention", multi_head_attention, kMicrosoft},
                         {"DecoderMaskedMultiHeadAttention", decoder_attention, kMicrosoft},
                         {"GroupQueryAttention", group_query_attention, kMicrosoft},
                         {"RotaryEmbedding", microsoft_rotary, kMicrosoft}};

}  // namespace

std::span<const Row> microsoft_attention_rows() { return kRows; }

}  // namespace vireo::importer
