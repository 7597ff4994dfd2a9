#include "engine/passes/sink.h"

#include <algorithm>
#include <numeric>

#include "engine/graph/operator.h"

namespace vireo::passes {
namespace {

const Perm kFromNhwc{0, 3, 1, 2};

std::size_t at(std::int64_t axis) { return static_cast<std::size_t>(axis); }

/// Axis of the transposed tensor → axis of the original; also for negative axes.
std::int64_t mapped(const Perm& perm, std::int64_t axis) {
  return perm[at(axis < 0 ? axis + static_cast<std::int64_t>(perm.size()) : axis)];
}

std::vector<std::int64_t> mapped(const Perm& perm, std::vector<std::int64_t> axes) {
  for (std::int64_t& axis : axes) axis = mapped(perm, axis);
  return axes;
}

bool valid(const Perm& perm, const std::vector<std::int64_t>& axes) {
  const auto rank = static_cast<std::int64_t>(perm.size());
  return std::all_of(axes.begin(), axes.end(), [rank](std::int64_t a) { return a >= -rank && a < rank; });
}

/// What is left of the permutation when some axes of the transposed tensor go away.
Perm without(const Perm& perm, const std::vector<std::int64_t>& axes) {
  const auto rank = static_cast<std::int64_t>(perm.size());
  std::vector<std::int64_t> kept;
  for (std::int64_t i = 0; i < rank; ++i) {
    const bool gone = std::any_of(axes.begin(), axes.end(), [&](std::int64_t a) { return a == i || a + rank == i; });
    if (!gone) kept.push_back(perm[at(i)]);
  }
  Perm rest;
  for (const std::int64_t axis : kept)
    rest.push_back(std::count_if(kept.begin(), kept.end(), [axis](std::int64_t other) { return other < axis; }));
  return rest;
}

/// A vector with one entry per axis, put into the order of the original.
TensorId reordered(Graph& graph, LayerId id, TensorId vector, const Perm& perm) {
  const Perm back = inverse(perm);
  if (const Constant* constant = constant_of(graph, vector)) {
    const std::size_t size = size_of(constant->dtype);
    const graph::MutableConstant fresh = graph::new_constant(constant->dtype, constant->dims);
    for (std::size_t i = 0; i < back.size(); ++i)
      std::memcpy(fresh.data + i * size, constant->read() + at(back[i]) * size, size);
    return add_constant(graph, tensor_of(graph, vector).name, fresh.constant);
  }
  Attributes attributes;
  attributes.set("axis", std::int64_t{0});
  return insert_layer(graph, id, "gather", {vector, add_integers(graph, graph.layer(id).name + ".order", back)},
                      std::move(attributes));
}

bool has_rank_entries(const Graph& graph, TensorId vector, std::size_t rank) {
  const Tensor& tensor = tensor_of(graph, vector);
  return tensor.ranked && tensor.dims == Dims{static_cast<std::int64_t>(rank)};
}

using Rule = std::optional<Sunk> (*)(Graph&, LayerId, TensorId, const Perm&);

Sunk same_with(const Graph& graph, LayerId id, TensorId x, const Perm& perm) {
  Sunk sunk{graph.layer(id).inputs, graph.layer(id).attributes, perm, ""};
  sunk.inputs[0] = x;
  return sunk;
}

std::optional<Sunk> plain(Graph& graph, LayerId id, TensorId x, const Perm& perm) {
  return same_with(graph, id, x, perm);
}

/// Operators whose attribute `axis` names an axis of input and output.
std::optional<Sunk> along_axis(Graph& graph, LayerId id, TensorId x, const Perm& perm) {
  Sunk sunk = same_with(graph, id, x, perm);
  const std::int64_t axis = sunk.attributes.integer("axis", graph.layer(id).op->default_axis);
  if (!valid(perm, {axis})) return std::nullopt;
  sunk.attributes.set("axis", mapped(perm, axis));
  return sunk;
}

std::optional<Sunk> quantize(Graph& graph, LayerId id, TensorId x, const Perm& perm) {
  const Tensor& scale = tensor_of(graph, input_of(graph, id, 1));
  if (!scale.is_static() || graph.layer(id).attributes.integer("block_size", 0) != 0) return std::nullopt;
  if (element_count(scale.dims) == 1) return same_with(graph, id, x, perm);
  Sunk sunk = same_with(graph, id, x, perm);
  sunk.attributes.set("axis", mapped(perm, sunk.attributes.integer("axis", 1)));
  return sunk;
}

/// Operators with an attribute `layout`; those that say it keep it.
std::optional<Sunk> with_layout(Graph& graph, LayerId id, TensorId x, const Perm& perm) {
  if (perm != kFromNhwc || graph.layer(id).attributes.has("layout")) return std::nullopt;
  Sunk sunk = same_with(graph, id, x, perm);
  sunk.attributes.set("layout", std::string("nhwc"));
  return sunk;
}

std::optional<Sunk> slice(Graph& graph, LayerId id, TensorId x, const Perm& perm) {
  Sunk sunk = same_with(graph, id, x, perm);
  std::vector<std::int64_t> axes;
  if (input_of(graph, id, 3) != kNone) {
    const auto given = integers_of(graph, sunk.inputs[3]);
    if (!given) return std::nullopt;
    axes = *given;
  } else {
    const Tensor& starts = tensor_of(graph, sunk.inputs[1]);
    if (!starts.is_static() || starts.dims.size() != 1) return std::nullopt;
    axes.resize(at(starts.dims[0]));
    std::iota(axes.begin(), axes.end(), 0);
  }
  if (!valid(perm, axes)) return std::nullopt;
  if (sunk.inputs.size() < 4) sunk.inputs.resize(4, kNone);
  sunk.inputs[3] = add_integers(graph, graph.layer(id).name + ".axes", mapped(perm, axes));
  return sunk;
}

std::optional<Sunk> pad(Graph& graph, LayerId id, TensorId x, const Perm& perm) {
  Sunk sunk = same_with(graph, id, x, perm);
  const TensorId given = input_of(graph, id, 3);
  if (given != kNone) {
    const auto axes = integers_of(graph, given);
    if (!axes || !valid(perm, *axes)) return std::nullopt;
    sunk.inputs[3] = add_integers(graph, graph.layer(id).name + ".axes", mapped(perm, *axes));
    return sunk;
  }
  const auto pads = integers_of(graph, sunk.inputs[1]);
  if (!pads || pads->size() != 2 * perm.size()) return std::nullopt;
  std::vector<std::int64_t> moved(pads->size());
  for (std::size_t i = 0; i < perm.size(); ++i) {
    moved[at(perm[i])] = (*pads)[i];
    moved[perm.size() + at(perm[i])] = (*pads)[perm.size() + i];
  }
  sunk.inputs[1] = add_integers(graph, graph.layer(id).name + ".pads", moved);
  return sunk;
}

std::optional<Sunk> resize(Graph& graph, LayerId id, TensorId x, const Perm& perm) {
  Sunk sunk = same_with(graph, id, x, perm);
  if (input_of(graph, id, 1) != kNone) return std::nullopt;
  if (sunk.attributes.has("axes")) {
    const std::vector<std::int64_t> axes = sunk.attributes.integers("axes");
    if (!valid(perm, axes)) return std::nullopt;
    sunk.attributes.set("axes", mapped(perm, axes));
    return sunk;
  }
  for (const int slot : {2, 3}) {
    const TensorId vector = input_of(graph, id, slot);
    if (vector == kNone) continue;
    if (!has_rank_entries(graph, vector, perm.size())) return std::nullopt;
    sunk.inputs[static_cast<std::size_t>(slot)] = reordered(graph, id, vector, perm);
  }
  return sunk;
}

/// expand, tile: a vector with one entry per axis in input 1.
std::optional<Sunk> by_vector(Graph& graph, LayerId id, TensorId x, const Perm& perm) {
  if (!has_rank_entries(graph, input_of(graph, id, 1), perm.size())) return std::nullopt;
  Sunk sunk = same_with(graph, id, x, perm);
  sunk.inputs[1] = reordered(graph, id, sunk.inputs[1], perm);
  return sunk;
}

std::optional<Sunk> reduce(Graph& graph, LayerId id, TensorId x, const Perm& perm) {
  Sunk sunk = same_with(graph, id, x, perm);
  std::vector<std::int64_t> axes;
  const bool keeps = sunk.attributes.integer("keepdims", 1) != 0;
  if (input_of(graph, id, 1) != kNone) {
    const auto given = integers_of(graph, sunk.inputs[1]);
    if (!given || given->empty()) return std::nullopt;
    axes = *given;
  } else {
    if (sunk.attributes.integer("noop_with_empty_axes", 0) != 0) return std::nullopt;
    axes.resize(perm.size());
    std::iota(axes.begin(), axes.end(), 0);
  }
  if (!valid(perm, axes)) return std::nullopt;
  if (sunk.inputs.size() > 1) {
    std::vector<std::int64_t> moved = mapped(perm, axes);
    std::sort(moved.begin(), moved.end());
    sunk.inputs[1] = add_integers(graph, graph.layer(id).name + ".axes", moved);
  }
  if (!keeps) sunk.perm = without(perm, axes);
  return sunk;
}

std::optional<Sunk> arg_reduce(Graph& graph, LayerId id, TensorId x, const Perm& perm) {
  Sunk sunk = same_with(graph, id, x, perm);
  const std::int64_t axis = sunk.attributes.integer("axis", 0);
  if (!valid(perm, {axis})) return std::nullopt;
  if (sunk.attributes.integer("keepdims", 1) == 0) sunk.perm = without(perm, {axis});
  sunk.attributes.set("axis", mapped(perm, axis));
  return sunk;
}

std::optional<Sunk> gather(Graph& graph, LayerId id, TensorId x, const Perm& perm) {
  Sunk sunk = same_with(graph, id, x, perm);
  const Tensor& index = tensor_of(graph, sunk.inputs[1]);
  const std::int64_t axis = sunk.attributes.integer("axis", 0);
  if (!index.ranked || index.dims.size() > 1 || !valid(perm, {axis})) return std::nullopt;
  if (index.dims.empty()) sunk.perm = without(perm, {axis});
  sunk.attributes.set("axis", mapped(perm, axis));
  return sunk;
}

std::optional<Sunk> squeeze(Graph& graph, LayerId id, TensorId x, const Perm& perm) {
  const auto axes = input_of(graph, id, 1) == kNone ? std::nullopt : integers_of(graph, input_of(graph, id, 1));
  if (!axes || !valid(perm, *axes)) return std::nullopt;
  Sunk sunk = same_with(graph, id, x, without(perm, *axes));
  sunk.inputs[1] = add_integers(graph, graph.layer(id).name + ".axes", mapped(perm, *axes));
  return sunk;
}

/// shape(transpose(x)) = gather(shape(x), perm): the data are not needed.
std::optional<Sunk> shape(Graph& graph, LayerId id, TensorId x, const Perm& perm) {
  const Attributes& attributes = graph.layer(id).attributes;
  const auto rank = static_cast<std::int64_t>(perm.size());
  const auto place = [rank](std::int64_t i) { return std::clamp<std::int64_t>(i < 0 ? i + rank : i, 0, rank); };
  const std::int64_t start = place(attributes.integer("start", 0));
  const std::int64_t end = std::max(start, place(attributes.integer("end", rank)));
  const TensorId whole = insert_layer(graph, id, "shape", {x});
  Sunk sunk;
  sunk.op = "gather";
  sunk.inputs = {whole,
                 add_integers(graph, graph.layer(id).name + ".order", {perm.begin() + start, perm.begin() + end})};
  sunk.attributes.set("axis", std::int64_t{0});
  sunk.perm = {0};
  return sunk;
}

std::optional<Sunk> mean_variance(Graph& graph, LayerId id, TensorId x, const Perm& perm) {
  Sunk sunk = same_with(graph, id, x, perm);
  sunk.attributes.set("axes", mapped(perm, sunk.attributes.integers("axes", {0, 2, 3})));
  return sunk;
}

/// Rules for what the trait can't say: other attributes or inputs speak of axes.
struct Entry {
  std::string_view op;
  Rule rule;
  bool keeps_axes = true;  ///< outputs have the axes of input 0, as a rule
};
constexpr Entry kRules[] = {{"quantize_linear", quantize},
                            {"dequantize_linear", quantize},
                            {"slice", slice},
                            {"pad", pad},
                            {"resize", resize},
                            {"expand", by_vector},
                            {"tile", by_vector},
                            {"reduce", reduce},
                            {"mean_variance_normalize", mean_variance},
                            {"arg_reduce", arg_reduce, false},
                            {"gather", gather, false},
                            {"squeeze", squeeze, false},
                            {"shape", shape, false},
                            {"reshape", sink_reshape, false}};

const Entry* rule_of(const graph::Operator& op) {
  const auto* entry = std::ranges::find(kRules, op.name, &Entry::op);
  return entry == std::end(kRules) ? nullptr : entry;
}

}  // namespace

Perm inverse(const Perm& perm) {
  Perm result(perm.size());
  for (std::size_t i = 0; i < perm.size(); ++i) result[at(perm[i])] = static_cast<std::int64_t>(i);
  return result;
}

bool is_identity(const Perm& perm) { return std::is_sorted(perm.begin(), perm.end()); }

std::optional<Sunk> sink_single(Graph& graph, LayerId id, TensorId x, const Perm& perm) {
  const graph::Operator& op = *graph.layer(id).op;
  switch (op.axis_order) {
    case graph::AxisOrder::free: return plain(graph, id, x, perm);
    case graph::AxisOrder::along_axis: return along_axis(graph, id, x, perm);
    case graph::AxisOrder::layout: return with_layout(graph, id, x, perm);
    default: break;
  }
  const Entry* entry = rule_of(op);
  return entry ? entry->rule(graph, id, x, perm) : std::nullopt;
}

bool lets_transposes_through(const graph::Operator& op) {
  if (op.axis_order == graph::AxisOrder::fixed) {
    const Entry* entry = rule_of(op);
    return entry && entry->keeps_axes;
  }
  return op.axis_order != graph::AxisOrder::chosen_layout;
}

}  // namespace vireo::passes
