// softmax(alpha q kT + mask) v, written as two products around a softmax, becomes one layer. Where q, k and v were cut
// from tensors that hold all heads of a token one after the other, the layer reads those, and the layers that moved
// the heads are left to the passes that remove unused ones. The same for layers that were one from the start; of those,
// limits that hide nothing with the extents at hand are taken off (a causal mask over one query behind its past).
// Heads of keys that were repeated for groups of queries are read once.

#include <algorithm>
#include <map>

#include "engine/base/text.h"
#include "engine/graph/operator.h"
#include "engine/passes/edit.h"
#include "engine/passes/fold_weights.h"
#include "engine/passes/list.h"
#include "engine/passes/strided_view.h"

namespace vireo::passes {
namespace {

struct Match {
  LayerId scores = kNone, result = kNone;  ///< the products
  TensorId mask = kNone, second_mask = kNone;
  TensorId values = kNone;
  bool swapped_q = false, swapped_k = false, swapped_v = false;  ///< rows and columns of the operand as it is
  bool swapped_result = false;                                   ///< v is the first operand: vT pT
  Dims q, k, v;                                                  ///< as [batch, heads, rows, columns]
};

Dims without_leading_ones(Dims dims) {
  while (!dims.empty() && dims.front() == 1) dims.erase(dims.begin());
  return dims;
}

bool is_product(const Graph& graph, LayerId id) {
  return is_op(graph, id, "matmul") && is_plain(graph, id) && input_of(graph, id, 2) == kNone &&
         is_float32(graph, output_of(graph, id)) && tensor_of(graph, output_of(graph, id)).is_static();
}

/// Extents of an operand as [batch, heads, rows, columns], its last two axes swapped where `swapped`; empty when it has
/// another rank than 3, or 4 after extents of 1. Heads of rank 3 are its first axis.
Dims heads_of(const Graph& graph, TensorId operand, bool swapped) {
  const Tensor& tensor = tensor_of(graph, operand);
  if (!tensor.is_static() || tensor.dims.size() < 3) return {};
  Dims dims = tensor.dims;
  while (dims.size() > 4 && dims.front() == 1) dims.erase(dims.begin());
  if (dims.size() > 4) return {};
  if (dims.size() == 3) dims.insert(dims.begin(), 1);
  if (swapped) std::swap(dims[2], dims[3]);
  return dims;
}

bool flag(const Graph& graph, LayerId id, const char* name) { return graph.layer(id).attributes.integer(name, 0) != 0; }

/// Looks back from the input of the softmax over additions of masks, and reshapes that only add extents of 1.
bool find_scores(const Graph& graph, TensorId at, Match& found) {
  const Dims dims = without_leading_ones(tensor_of(graph, at).dims);
  for (;;) {
    const LayerId id = tensor_of(graph, at).producer;
    if (id == kNone || !used_once(graph, at)) return false;
    if (is_op(graph, id, "matmul")) {
      found.scores = id;
      return is_product(graph, id);
    }
    if (is_op(graph, id, "reshape")) {
      at = input_of(graph, id, 0);
      if (!tensor_of(graph, at).is_static() || without_leading_ones(tensor_of(graph, at).dims) != dims) return false;
      continue;
    }
    if (!is_function(graph, id, "binary", "add") || found.second_mask != kNone) return false;
    TensorId mask = kNone;
    for (const int slot : {0, 1}) {
      const TensorId other = input_of(graph, id, 1 - slot);
      if (constant_of(graph, other) != nullptr || !used_once(graph, other)) continue;
      at = other;
      mask = input_of(graph, id, slot);
      if (constant_of(graph, mask) != nullptr) break;
    }
    if (mask == kNone || !is_float32(graph, mask) || !tensor_of(graph, mask).is_static()) return false;
    // Two masks are added to one: worthwhile where both are constants, and the sum is computed now.
    if (found.mask != kNone && (!constant_of(graph, mask) || !constant_of(graph, found.mask))) return false;
    const Dims own = without_leading_ones(tensor_of(graph, mask).dims);
    if (own.empty() || own.back() != dims.back() || own.size() > dims.size() ||
        without_leading_ones(tensor_of(graph, at).dims) != dims)
      return false;
    (found.mask == kNone ? found.mask : found.second_mask) = mask;
  }
}

std::optional<Match> match(const Graph& graph, LayerId softmax) {
  const TensorId in = input_of(graph, softmax, 0), out = output_of(graph, softmax);
  const Attributes& attributes = graph.layer(softmax).attributes;
  const auto rank = static_cast<std::int64_t>(rank_of(graph, in));
  const std::int64_t axis = attributes.integer("axis", -1);
  if (attributes.text("mode", "softmax") != "softmax" || (axis != -1 && axis != rank - 1)) return std::nullopt;
  if (!is_float32(graph, in) || !tensor_of(graph, in).is_static()) return std::nullopt;
  Match found;
  found.result = only_reader(graph, out, "matmul");
  if (found.result == kNone || !is_product(graph, found.result) ||
      graph.layer(found.result).attributes.real("alpha", 1) != 1)
    return std::nullopt;
  found.swapped_result = input_of(graph, found.result, 0) != out;
  if (flag(graph, found.result, found.swapped_result ? "trans_b" : "trans_a") != found.swapped_result)
    return std::nullopt;
  if (!find_scores(graph, in, found) || !(graph.layer(found.scores).attributes.real("alpha", 1) > 0))
    return std::nullopt;
  found.values = input_of(graph, found.result, found.swapped_result ? 0 : 1);
  const TensorId q = input_of(graph, found.scores, 0), k = input_of(graph, found.scores, 1);
  found.swapped_q = flag(graph, found.scores, "trans_a");
  found.swapped_k = !flag(graph, found.scores, "trans_b");
  found.swapped_v = found.swapped_result ? !flag(graph, found.result, "trans_a") : flag(graph, found.result, "trans_b");
  found.q = heads_of(graph, q, found.swapped_q);
  found.k = heads_of(graph, k, found.swapped_k);
  found.v = heads_of(graph, found.values, found.swapped_v);
  for (const Dims* dims : {&found.q, &found.k, &found.v})
    if (dims->empty() || element_count(*dims) == 0) return std::nullopt;
  if (rank_of(graph, q) != rank_of(graph, k) ||
      rank_of(graph, found.values) != rank_of(graph, output_of(graph, found.result)))
    return std::nullopt;
  for (const std::size_t i : {0, 1})
    if (found.k[i] != found.q[i] || found.v[i] != found.q[i]) return std::nullopt;
  return found;
}

/// Where q, k or v lies in a tensor [batch, rows, pitch]: columns from `offset` on, head after head.
struct Tokens {
  TensorId root = kNone;
  std::int64_t pitch = 0, offset = 0;
};

std::optional<Tokens> tokens_of(const Graph& graph, TensorId operand, bool swapped, const Dims& dims) {
  auto view = view_of(graph, operand);
  if (view) {
    Dims own = dims;
    if (swapped) std::swap(own[2], own[3]);
    view = reshaped_view(*view, own);
  }
  if (!view) return std::nullopt;
  if (swapped) swap_axes(*view, 2, 3);
  const std::int64_t batch = dims[0], heads = dims[1], rows = dims[2], columns = dims[3];
  const Dims& steps = view->strides;
  Tokens found{view->root, rows > 1 ? steps[2] : batch > 1 ? steps[0] / rows : heads * columns, view->offset};
  if ((columns > 1 && steps[3] != 1) || (heads > 1 && steps[1] != columns) ||
      (batch > 1 && steps[0] != rows * found.pitch))
    return std::nullopt;
  const std::int64_t width = heads * columns;
  if (found.pitch < width || found.pitch % width != 0 || found.offset % width != 0 || found.offset >= found.pitch ||
      element_count(tensor_of(graph, found.root).dims) != batch * rows * found.pitch)
    return std::nullopt;
  return found;
}

TensorId reshape_to(Graph& graph, LayerId beside, TensorId tensor, const Dims& dims) {
  if (tensor_of(graph, tensor).dims == dims) return tensor;
  const TensorId shape = add_integers(graph, graph.layer(beside).name + ".extents", dims);
  return insert_layer(graph, beside, "reshape", {tensor, shape});
}

/// The parts of [batch, rows, pitch] that q, k and v are; those of one tensor come from one split.
class Parts {
 public:
  Parts(Graph& graph, LayerId beside) : graph_(graph), beside_(beside) {}
  TensorId operator()(const Tokens& tokens, const Dims& dims) {
    const std::int64_t width = dims[1] * dims[3];
    std::vector<TensorId>& parts = parts_[{tokens.root, width}];
    if (parts.empty()) {
      const TensorId whole = reshape_to(graph_, beside_, tokens.root, {dims[0], dims[2], tokens.pitch});
      parts = {whole};
      if (tokens.pitch > width) {
        Attributes attributes;
        attributes.set("axis", std::int64_t{2});
        attributes.set("split", std::vector<std::int64_t>(static_cast<std::size_t>(tokens.pitch / width), width));
        parts = graph_
                    .layer(graph_.add_layer(find_op("split"), base::str(graph_.layer(beside_).name, ".split"), {whole},
                                            std::move(attributes), static_cast<int>(tokens.pitch / width)))
                    .outputs;
      }
    }
    return parts[static_cast<std::size_t>(tokens.offset / width)];
  }

 private:
  Graph& graph_;
  LayerId beside_;
  std::map<std::pair<TensorId, std::int64_t>, std::vector<TensorId>> parts_;
};

/// Null when there is none. Extents of 1 in front are taken off, so that it broadcasts to [batch, heads, …].
TensorId mask_of(Graph& graph, const Match& found) {
  TensorId mask = found.mask;
  if (mask == kNone) return kNone;
  if (found.second_mask != kNone) {
    Attributes add;
    add.set("function", std::string("add"));
    mask = insert_layer(graph, found.result, "binary", {mask, found.second_mask}, std::move(add));
  }
  return reshape_to(graph, found.result, mask, without_leading_ones(tensor_of(graph, mask).dims));
}

/// The last layer takes the place of `result`, whose output has its heads and rows apart, or columns before rows.
void spread_heads(Graph& graph, const Match& found, TensorId tokens) {
  const LayerId result = found.result;
  const Dims out = tensor_of(graph, output_of(graph, result)).dims;
  const std::int64_t batch = found.q[0], heads = found.q[1], rows = found.q[2], width = found.v[3];
  Attributes order;
  if (out.size() == 3) {
    order.set("perm", found.swapped_result ? std::vector<std::int64_t>{1, 2, 0} : std::vector<std::int64_t>{1, 0, 2});
    const TensorId apart = reshape_to(graph, result, tokens, {rows, heads, width});
    replace_layer(graph, result, "transpose", {apart}, std::move(order));
    return;
  }
  order.set("perm",
            found.swapped_result ? std::vector<std::int64_t>{0, 2, 3, 1} : std::vector<std::int64_t>{0, 2, 1, 3});
  const TensorId apart = reshape_to(graph, result, tokens, {batch, rows, heads, width});
  if (out.size() == 4) {
    replace_layer(graph, result, "transpose", {apart}, std::move(order));
    return;
  }
  const TensorId moved = insert_layer(graph, result, "transpose", {apart}, std::move(order));
  replace_layer(graph, result, "reshape", {moved, add_integers(graph, graph.layer(result).name + ".extents", out)}, {});
}

bool rewrite(Graph& graph, LayerId softmax) {
  const auto found = match(graph, softmax);
  if (!found) return false;
  const LayerId result = found->result;
  const TensorId q = input_of(graph, found->scores, 0), k = input_of(graph, found->scores, 1), v = found->values;
  const auto q_tokens = tokens_of(graph, q, found->swapped_q, found->q),
             k_tokens = tokens_of(graph, k, found->swapped_k, found->k),
             v_tokens = tokens_of(graph, v, found->swapped_v, found->v);
  const bool flat = q_tokens && k_tokens && v_tokens;
  if (!flat && (found->swapped_q || found->swapped_k || found->swapped_v || found->swapped_result)) return false;
  Attributes attributes;
  attributes.set("scale", graph.layer(found->scores).attributes.real("alpha", 1));
  std::vector<TensorId> inputs;
  if (flat) {
    Parts part(graph, result);
    inputs = {part(*q_tokens, found->q), part(*k_tokens, found->k), part(*v_tokens, found->v)};
    attributes.set("q_num_heads", found->q[1]);
    attributes.set("kv_num_heads", found->q[1]);
  } else {
    inputs = {reshape_to(graph, result, q, found->q), reshape_to(graph, result, k, found->k),
              reshape_to(graph, result, v, found->v)};
  }
  if (const TensorId mask = mask_of(graph, *found); mask != kNone) inputs.push_back(mask);
  const Dims out = tensor_of(graph, output_of(graph, result)).dims;
  if (!flat && out.size() == 4) {
    replace_layer(graph, result, "attention", std::move(inputs), std::move(attributes));
    return true;
  }
  const TensorId merged = insert_layer(graph, result, "attention", std::move(inputs), std::move(attributes));
  if (flat) {
    spread_heads(graph, *found, merged);
  } else {
    const TensorId extents = add_integers(graph, graph.layer(result).name + ".extents", out);
    replace_layer(graph, result, "reshape", {merged, extents}, {});
  }
  return true;
}

constexpr int kOffsets = 4, kLengths = 5;

/// Least element of a constant of integers; nothing when it isn't known or has none.
std::optional<std::int64_t> least_of(const Graph& graph, TensorId tensor) {
  const auto values = integers_of(graph, tensor);
  if (!values || values->empty()) return std::nullopt;
  return *std::min_element(values->begin(), values->end());
}

/// Takes off limits that hide nothing: the layer in its place, or the layer itself.
LayerId simplify(Graph& graph, LayerId id) {
  const Tensor &q = tensor_of(graph, input_of(graph, id, 0)), &k = tensor_of(graph, input_of(graph, id, 1));
  if (!q.is_static() || !k.is_static()) return id;
  std::vector<TensorId> inputs = graph.layer(id).inputs;
  Attributes attributes = graph.layer(id).attributes;
  const std::int64_t keys = k.dims[k.dims.size() - 2];
  const TensorId offsets = input_of(graph, id, kOffsets), lengths = input_of(graph, id, kLengths);
  const bool causal = flag(graph, id, "is_causal"),
             windows = attributes.integer("left_window", -1) >= 0 || attributes.integer("right_window", -1) >= 0;
  bool changed = false;
  const std::optional<std::int64_t> first = offsets == kNone ? 0 : least_of(graph, offsets);
  if (causal && !windows && first && *first >= keys - 1) {
    attributes.erase("is_causal");
    if (offsets != kNone) inputs[kOffsets] = kNone;
    changed = true;
  }
  const auto uniform = offsets == kNone ? std::nullopt : uniform_of(graph, offsets);
  if (inputs.size() > kOffsets && inputs[kOffsets] != kNone && ((!causal && !windows) || (uniform && *uniform == 0))) {
    inputs[kOffsets] = kNone;
    changed = true;
  }
  if (const auto length = uniform_of(graph, lengths); length && *length == static_cast<double>(keys)) {
    inputs[kLengths] = kNone;
    changed = true;
  }
  if (!changed) return id;
  while (inputs.back() == kNone) inputs.pop_back();
  return replace_layer(graph, id, "attention", std::move(inputs), std::move(attributes));
}

/// The expand whose result is an operand [batch, heads, rows, columns], its first two axes joined; kNone where it
/// isn't.
LayerId repeat_of(const Graph& graph, TensorId operand) {
  const LayerId joined = producer_of(graph, operand, "reshape");
  const LayerId expand = joined == kNone ? kNone : producer_of(graph, input_of(graph, joined, 0), "expand");
  const bool known = expand != kNone && tensor_of(graph, output_of(graph, expand)).is_static() &&
                     tensor_of(graph, operand).is_static() && rank_of(graph, operand) == 4;
  return known && rank_of(graph, output_of(graph, expand)) == 5 ? expand : kNone;
}

/// What an operand that repeats each head `times` times has of each once, with an extent of 1 after the heads; kNone
/// where it doesn't.
TensorId before_repeat(const Graph& graph, TensorId operand, std::int64_t times) {
  const LayerId expand = repeat_of(graph, operand);
  if (expand == kNone) return kNone;
  const Dims& all = tensor_of(graph, operand).dims;
  if (all[1] % times != 0) return kNone;
  const Dims wanted{all[0], all[1] / times, times, all[2], all[3]};
  Dims once = wanted;
  once[2] = 1;
  const TensorId source = input_of(graph, expand, 0);
  return tensor_of(graph, output_of(graph, expand)).dims == wanted && tensor_of(graph, source).dims == once ? source
                                                                                                            : kNone;
}

/// Heads that were repeated so that each query's head has its own are read from before that.
LayerId ungroup(Graph& graph, LayerId id) {
  std::vector<TensorId> inputs = graph.layer(id).inputs;
  const LayerId expand = repeat_of(graph, inputs[1]);
  const std::int64_t times = expand == kNone ? 1 : tensor_of(graph, output_of(graph, expand)).dims[2];
  if (times < 2) return id;
  const TensorId k = before_repeat(graph, inputs[1], times), v = before_repeat(graph, inputs[2], times);
  if (k == kNone || v == kNone) return id;
  for (const auto& [slot, source] : {std::pair{1, k}, {2, v}}) {
    Dims dims = tensor_of(graph, source).dims;
    dims.erase(dims.begin() + 2);
    inputs[static_cast<std::size_t>(slot)] = reshape_to(graph, id, source, dims);
  }
  Attributes attributes = graph.layer(id).attributes;
  attributes.erase("kv_num_heads");
  return replace_layer(graph, id, "attention", std::move(inputs), std::move(attributes));
}

/// Reads heads where they lie one after the other, of each tensor for itself; the output lies as the queries do.
bool flatten(Graph& graph, LayerId id) {
  if (graph.layer(id).outputs.size() != 1 || !tensor_of(graph, output_of(graph, id)).is_static() ||
      !is_float32(graph, output_of(graph, id)))
    return false;
  std::vector<TensorId> inputs = graph.layer(id).inputs;
  Attributes attributes = graph.layer(id).attributes;
  Match found;
  found.result = id;
  Dims* const apart[] = {&found.q, &found.k, &found.v};
  Parts part(graph, id);
  bool changed = false;
  for (int i = 0; i < 3; ++i) {
    const TensorId operand = inputs[static_cast<std::size_t>(i)];
    if (!tensor_of(graph, operand).is_static() || rank_of(graph, operand) != 4) continue;
    const Dims dims = *apart[i] = tensor_of(graph, operand).dims;
    if (element_count(dims) == 0 || dims[1] == 1 || dims[2] == 1) continue;
    const auto tokens = tokens_of(graph, operand, false, dims);
    if (!tokens || tokens->root == operand) continue;
    inputs[static_cast<std::size_t>(i)] = part(*tokens, dims);
    attributes.set(i == 0 ? "q_num_heads" : "kv_num_heads", dims[1]);
    changed = true;
  }
  if (!changed) return false;
  const bool output_too = tensor_of(graph, inputs[0]).dims.size() == 3 && !found.q.empty();
  if (!output_too) {
    replace_layer(graph, id, "attention", std::move(inputs), std::move(attributes));
    return true;
  }
  found.v = {0, 0, 0, tensor_of(graph, output_of(graph, id)).dims[3]};
  const TensorId tokens = insert_layer(graph, id, "attention", std::move(inputs), std::move(attributes));
  spread_heads(graph, found, tokens);
  return true;
}

}  // namespace

bool attention(Graph& graph) {
  bool changed = false;
  for (const LayerId id : layers_of(graph))
    if (graph.layer(id).alive() && is_op(graph, id, "softmax")) changed = rewrite(graph, id) || changed;
  for (const LayerId id : layers_of(graph)) {
    if (!graph.layer(id).alive() || !is_op(graph, id, "attention")) continue;
    const LayerId simple = ungroup(graph, simplify(graph, id));
    changed = flatten(graph, simple) || simple != id || changed;
  }
  return changed;
}

}  // namespace vireo::passes
