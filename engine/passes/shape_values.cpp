// Extents that are known already take the place of the layers that would look them up; shapes that are known but for
// what the reshape can infer by itself (0 copies, -1 infers) become constants.

#include <algorithm>
#include <limits>

#include "engine/graph/operator.h"
#include "engine/passes/edit.h"
#include "engine/passes/list.h"

namespace vireo::passes {
namespace {

constexpr int kMaxDepth = 64;
constexpr std::size_t kMaxElements = 64;

/// One element of a small integer tensor: a number, or an extent of a tensor, or nothing that is known.
struct Element {
  std::optional<std::int64_t> value;
  TensorId tensor = kNone;
  std::size_t axis = 0;
};
using Elements = std::vector<Element>;

/// Follows an extent to the earliest tensor that certainly has the same one.
Element origin(const Graph& graph, TensorId tensor, std::size_t axis) {
  for (int depth = 0; depth < 1000; ++depth) {
    const LayerId id = tensor_of(graph, tensor).producer;
    if (id == kNone) break;
    const Layer& layer = graph.layer(id);
    const std::string_view op = layer.op->name;
    const bool kept =
        layer.op->keeps == graph::KeptExtents::all || (layer.op->keeps == graph::KeptExtents::batch && axis == 0);
    if (kept && tensor == layer.outputs[0]) {
      tensor = layer.inputs[0];
    } else if (op == "transpose") {
      const std::vector<std::int64_t> perm = perm_of(graph, id);
      if (axis >= perm.size()) break;
      axis = static_cast<std::size_t>(perm[axis]);
      tensor = layer.inputs[0];
    } else if (op == "concat" && tensor_of(graph, tensor).ranked &&
               static_cast<std::size_t>(layer.attributes.integer("axis", 0)) != axis &&
               layer.attributes.integer("axis", 0) >= 0) {
      tensor = layer.inputs[0];
    } else if (op == "binary" && constant_of(graph, layer.inputs[1]) != nullptr &&
               (constant_of(graph, layer.inputs[1])->count() == 1) &&
               rank_of(graph, layer.inputs[0]) == rank_of(graph, tensor)) {
      tensor = layer.inputs[0];
    } else if (op == "reshape") {
      const auto shape = integers_of(graph, layer.inputs[1]);
      if (!shape || axis >= shape->size() || (*shape)[axis] != 0 || layer.attributes.integer("allowzero", 0) != 0)
        break;
      tensor = layer.inputs[0];
    } else {
      break;
    }
  }
  return {std::nullopt, tensor, axis};
}

/// The elements of an integer tensor of rank 0 or 1, as far as they are known; nothing when it is no such tensor.
std::optional<Elements> known_elements(const Graph& graph, TensorId tensor, int depth);

/// Values that the type can't hold, which wrap around where they are computed, count as unknown.
Elements held_by(DataType dtype, Elements elements) {
  const std::int64_t low = dtype == DataType::int64   ? std::numeric_limits<std::int64_t>::min()
                           : dtype == DataType::int32 ? std::numeric_limits<std::int32_t>::min()
                                                      : 0;
  const std::int64_t high = dtype == DataType::int64   ? std::numeric_limits<std::int64_t>::max()
                            : dtype == DataType::int32 ? std::numeric_limits<std::int32_t>::max()
                                                       : std::numeric_limits<std::int8_t>::max();
  for (Element& element : elements)
    if (element.value && (*element.value < low || *element.value > high)) element = {};
  return elements;
}

std::optional<Elements> gathered(const Graph& graph, const Layer& layer, int depth) {
  const auto from = known_elements(graph, layer.inputs[0], depth + 1);
  const auto index = integers_of(graph, layer.inputs[1]);
  if (!from || !index || index->size() > kMaxElements) return std::nullopt;
  Elements result;
  for (std::int64_t i : *index) {
    if (i < 0) i += static_cast<std::int64_t>(from->size());
    if (i < 0 || i >= static_cast<std::int64_t>(from->size())) return std::nullopt;
    result.push_back((*from)[static_cast<std::size_t>(i)]);
  }
  return result;
}

std::optional<Elements> sliced(const Graph& graph, LayerId id, int depth) {
  const auto from = known_elements(graph, input_of(graph, id, 0), depth + 1);
  const auto starts = integers_of(graph, input_of(graph, id, 1));
  const auto ends = integers_of(graph, input_of(graph, id, 2));
  const TensorId steps = input_of(graph, id, 4);
  const auto step = steps == kNone ? std::optional(1.0) : scalar_of(graph, steps);
  if (!from || !starts || !ends || starts->size() != 1 || ends->size() != 1 || !step || *step != 1) return std::nullopt;
  const auto length = static_cast<std::int64_t>(from->size());
  const auto place = [length](std::int64_t i) { return std::clamp<std::int64_t>(i < 0 ? i + length : i, 0, length); };
  const std::int64_t begin = place((*starts)[0]), end = std::max(begin, place((*ends)[0]));
  return Elements(from->begin() + begin, from->begin() + end);
}

std::optional<Elements> computed(const Graph& graph, const Layer& layer, int depth) {
  auto a = known_elements(graph, layer.inputs[0], depth + 1);
  auto b = known_elements(graph, layer.inputs[1], depth + 1);
  if (!a || !b || a->empty() || b->empty() || (a->size() != b->size() && a->size() != 1 && b->size() != 1))
    return std::nullopt;
  const std::string function = layer.attributes.text("function", "");
  Elements result;
  for (std::size_t i = 0; i < std::max(a->size(), b->size()); ++i) {
    const Element& left = (*a)[a->size() == 1 ? 0 : i];
    const Element& right = (*b)[b->size() == 1 ? 0 : i];
    if (!left.value || !right.value) {
      result.push_back({});
      continue;
    }
    const std::int64_t x = *left.value, y = *right.value;
    std::int64_t value = 0;
    bool overflow = false;
    if (function == "add") overflow = __builtin_add_overflow(x, y, &value);
    else if (function == "sub") overflow = __builtin_sub_overflow(x, y, &value);
    else if (function == "mul") overflow = __builtin_mul_overflow(x, y, &value);
    else if (function == "div" && x >= 0 && y > 0) value = x / y;
    else return std::nullopt;
    result.push_back(overflow ? Element{} : Element{value});
  }
  return result;
}

std::optional<Elements> elements_of(const Graph& graph, TensorId tensor, int depth) {
  const Tensor& info = tensor_of(graph, tensor);
  if (depth > kMaxDepth || !info.ranked || info.dims.size() > 1 || !is_integer(info.dtype)) return std::nullopt;
  if (info.constant) {
    if (info.constant->count() > static_cast<std::int64_t>(kMaxElements)) return std::nullopt;
    Elements result;
    for (const std::int64_t value : graph::to_integers(*info.constant)) result.push_back({value});
    return result;
  }
  if (info.producer == kNone) return std::nullopt;
  const Layer& layer = graph.layer(info.producer);
  const std::string_view op = layer.op->name;
  if (op == "shape") {
    const Tensor& x = tensor_of(graph, layer.inputs[0]);
    if (!x.ranked || layer.attributes.integer("start", 0) != 0 || layer.attributes.has("end")) return std::nullopt;
    Elements result;
    for (std::size_t i = 0; i < x.dims.size(); ++i)
      result.push_back(x.dims[i] >= 0 ? Element{x.dims[i]} : origin(graph, layer.inputs[0], i));
    return result;
  }
  if (op == "gather") return gathered(graph, layer, depth);
  if (op == "slice") return sliced(graph, info.producer, depth);
  if (op == "binary") return computed(graph, layer, depth);
  if (op == "reshape" || op == "squeeze" || op == "unsqueeze" || op == "cast") {
    if (!is_integer(tensor_of(graph, layer.inputs[0]).dtype)) return std::nullopt;
    return known_elements(graph, layer.inputs[0], depth + 1);
  }
  if (op == "concat") {
    Elements result;
    for (const TensorId part : layer.inputs) {
      const auto elements = known_elements(graph, part, depth + 1);
      if (!elements) {
        const Tensor& unknown = tensor_of(graph, part);  // of known length at least
        if (!unknown.is_static() || unknown.dims.size() != 1 ||
            unknown.dims[0] > static_cast<std::int64_t>(kMaxElements))
          return std::nullopt;
        result.resize(result.size() + static_cast<std::size_t>(unknown.dims[0]));
        continue;
      }
      result.insert(result.end(), elements->begin(), elements->end());
    }
    if (result.size() > kMaxElements) return std::nullopt;
    return result;
  }
  return std::nullopt;
}

std::optional<Elements> known_elements(const Graph& graph, TensorId tensor, int depth) {
  auto elements = elements_of(graph, tensor, depth);
  if (elements) elements = held_by(tensor_of(graph, tensor).dtype, std::move(*elements));
  return elements;
}

bool fold_known(Graph& graph, LayerId id) {
  const TensorId y = output_of(graph, id);
  if (y == kNone || graph.is_output(y) || !tensor_of(graph, y).is_static()) return false;
  const auto elements = known_elements(graph, y, 0);
  if (!elements || static_cast<std::int64_t>(elements->size()) != element_count(tensor_of(graph, y).dims)) return false;
  std::vector<std::int64_t> integers;
  for (const Element& element : *elements) {
    if (!element.value) return false;
    integers.push_back(*element.value);
  }
  const DataType dtype = tensor_of(graph, y).dtype;
  ConstantPtr constant;
  if (dtype == DataType::int64) {
    constant =
        graph::make_constant(dtype, tensor_of(graph, y).dims, integers.data(), integers.size() * sizeof(std::int64_t));
  } else if (dtype == DataType::int32) {
    const std::vector<std::int32_t> narrow(integers.begin(), integers.end());
    constant =
        graph::make_constant(dtype, tensor_of(graph, y).dims, narrow.data(), narrow.size() * sizeof(std::int32_t));
  } else {
    return false;
  }
  graph.remove_layer(id);
  graph.make_constant(y, constant);
  return true;
}

/// A computed shape whose unknown entries are all copies of the input's extents, but for one at most.
bool settle_reshape(Graph& graph, LayerId id) {
  const TensorId x = input_of(graph, id, 0);
  const TensorId shape = input_of(graph, id, 1);
  if (tensor_of(graph, shape).constant || graph.layer(id).attributes.integer("allowzero", 0) != 0) return false;
  const auto elements = known_elements(graph, shape, 0);
  const Dims& dims = tensor_of(graph, x).dims;
  if (!elements || !tensor_of(graph, x).ranked) return false;
  std::vector<std::int64_t> entries;
  int inferred = 0;
  for (std::size_t i = 0; i < elements->size(); ++i) {
    const Element& element = (*elements)[i];
    if (element.value) {
      entries.push_back(*element.value);
      inferred += *element.value == -1 ? 1 : 0;
      continue;
    }
    const bool copied = element.tensor != kNone && i < dims.size() && dims[i] < 0;
    const Element ours = copied ? origin(graph, x, i) : Element{};
    if (copied && ours.tensor == element.tensor && ours.axis == element.axis) {
      entries.push_back(0);
    } else {
      entries.push_back(-1);
      ++inferred;
    }
  }
  if (inferred > 1) return false;
  const TensorId constant = add_integers(graph, graph.layer(id).name + ".shape", entries);
  graph.set_input(id, 1, constant);
  graph.infer(id);
  return true;
}

}  // namespace

bool shape_values(Graph& graph) {
  bool changed = false;
  for (const LayerId id : layers_of(graph)) {
    const std::string_view op = graph.layer(id).op->name;
    if (op == "shape" || op == "gather" || op == "slice" || op == "concat" || op == "binary" || op == "squeeze" ||
        op == "unsqueeze" || op == "cast") {
      changed = fold_known(graph, id) || changed;
    } else if (op == "size") {
      const TensorId y = output_of(graph, id);
      const Tensor& x = tensor_of(graph, input_of(graph, id, 0));
      if (!x.is_static() || graph.is_output(y)) continue;
      const std::int64_t count = element_count(x.dims);
      graph.remove_layer(id);
      graph.make_constant(y, graph::make_constant(DataType::int64, {}, &count, sizeof(count)));
      changed = true;
    } else if (op == "reshape") {
      changed = settle_reshape(graph, id) || changed;
    }
  }
  if (changed) graph.infer_all();
  return changed;
}

}  // namespace vireo::passes
