// Sequences and optionals: lists of tensors where their lengths are known at import, else layers `sequence`.

#include "engine/import/onnx/sequence.h"

#include <onnx/onnx_pb.h>

#include <algorithm>

#include "engine/base/text.h"
#include "engine/import/onnx/builder.h"
#include "engine/import/onnx/handlers.h"

namespace vireo::importer {

void ItemType::join(const ItemType& other) {
  if (dtype == DataType::undefined) dtype = other.dtype;
  if (other.dtype != DataType::undefined && dtype != other.dtype)
    throw Refusal{base::str("a sequence of ", dtype, " and of ", other.dtype)};
  if (other.known && known && nested != other.nested) throw Refusal{"a sequence of tensors and of sequences"};
  if (!other.known) return;
  if (!known) {
    *this = other;
    return;
  }
  ranked = ranked && other.ranked && dims.size() == other.dims.size();
  if (!ranked) dims.clear();
  for (std::size_t i = 0; i < dims.size(); ++i)
    if (dims[i] != other.dims[i]) dims[i] = kUnknown;
}

namespace {

ItemType type_of(const graph::Tensor& tensor) { return {tensor.dtype, true, tensor.ranked, tensor.dims, false}; }

ItemType declared_item(const onnx::TypeProto& type) {
  ItemType item;
  if (!type.has_tensor_type()) return item;
  const auto& tensor = type.tensor_type();
  item.dtype = dtype_from_onnx(tensor.elem_type());
  item.known = true;
  item.ranked = tensor.has_shape();
  for (const auto& dim : tensor.shape().dim())
    item.dims.push_back(dim.has_dim_value() && dim.dim_value() >= 0 ? dim.dim_value() : kUnknown);
  return item;
}

void require_type(Node& node, const ItemType& type) {
  if (size_of(type.dtype) == 0) node.refuse("the element type of a sequence is not known at import, or not supported");
}

/// A packed sequence with another tensor of bytes that holds it.
Sequence repacked(const Sequence& before, const ItemType& type, TensorId packed) {
  return {.packed = packed, .type = type, .optional = before.optional};
}

}  // namespace

Attributes sequence_function(const char* name) {
  Attributes attributes;
  attributes.set("function", std::string(name));
  return attributes;
}

Attributes sequence_function(const char* name, const ItemType& given) {
  Attributes attributes = sequence_function(name);
  const bool bytes = given.nested;
  attributes.set("dtype", std::string(to_string(bytes ? DataType::uint8 : given.dtype)));
  if (bytes) attributes.set("shape", std::vector<std::int64_t>{kUnknown});
  else if (given.known && given.ranked) attributes.set("shape", given.dims);
  return attributes;
}

Sequence declared_sequence(const onnx::TypeProto& type) {
  Sequence sequence;
  if (type.has_sequence_type()) {
    sequence.type = declared_item(type.sequence_type().elem_type());
  } else if (type.has_optional_type()) {
    const onnx::TypeProto& element = type.optional_type().elem_type();
    sequence.optional = true;
    sequence.type.nested = element.has_sequence_type();
    const bool nested = sequence.type.nested;
    sequence.type = declared_item(nested ? element.sequence_type().elem_type() : element);
    sequence.type.nested = nested;
  }
  return sequence;
}

std::string describe(const Sequence& sequence, const ItemType& type) {
  return base::str(sequence.optional ? "optional " : "", !sequence.optional || type.nested ? "sequence of " : "",
                   type.dtype);
}

ItemType Builder::type_of(const Sequence& sequence) const {
  ItemType type = sequence.type;
  if (sequence.packed != kNone || type.nested) return type;
  for (const TensorId item : sequence.items)
    if (item >= 0) type.join(importer::type_of(graph_->tensor(item)));
  return type;
}

TensorId Builder::packed(const Sequence& sequence) {
  if (sequence.packed != kNone) return sequence.packed;
  for (const TensorId item : sequence.items)
    if (item < 0) return kRefused;
  return emit("sequence", sequence.items, sequence_function("construct"), 1)[0];
}

namespace {

/// Where a position of a list points to; nothing where it is not known at import.
std::optional<std::size_t> place_in(Node& node, int input, std::size_t length, std::size_t most, std::size_t fallback) {
  if (!node.has_input(input)) return fallback;
  const auto index = node.known_integers(input);
  if (!index || index->size() != 1) return std::nullopt;
  const std::int64_t place = (*index)[0] < 0 ? (*index)[0] + static_cast<std::int64_t>(length) : (*index)[0];
  node.require(place >= 0 && place <= static_cast<std::int64_t>(most),
               base::str("position ", (*index)[0], " of a sequence of ", length));
  return static_cast<std::size_t>(place);
}

void sequence_construct(Node& node) { node.sequence_result(0, {.items = node.inputs()}); }

void sequence_empty(Node& node) {
  const DataType dtype = dtype_from_onnx(node.integer("dtype", 1));
  node.sequence_result(0, {.type = {.dtype = dtype}});
}

/// Extent and sizes are known: the parts are outputs of one layer.
void split_to_list(Node& node, TensorId x, std::int64_t axis, std::vector<std::int64_t> sizes, bool drop) {
  Attributes attributes;
  attributes.set("axis", axis);
  attributes.set("split", sizes);
  std::vector<TensorId> parts = node.emit_many("split", {x}, std::move(attributes), static_cast<int>(sizes.size()));
  if (drop)
    for (TensorId& part : parts) part = node.emit("squeeze", {part, node.integers_constant({axis})});
  node.sequence_result(0, {.items = std::move(parts)});
}

void split_to_sequence(Node& node) {
  const TensorId x = node.input(0);
  const std::int64_t axis = node.axis(node.integer("axis", 0), node.rank(x));
  const std::int64_t extent = node.dims(x)[static_cast<std::size_t>(axis)];
  const bool given = node.has_input(1), drop = !given && node.integer("keepdims", 1) == 0;
  const bool chunks = !given || node.dims(node.input(1)).empty();
  const auto known = given ? node.known_integers(1) : std::optional(std::vector<std::int64_t>{1});
  if (known && !known->empty() && (!chunks || extent >= 0)) {
    std::vector<std::int64_t> sizes = *known;
    if (chunks) {
      const std::int64_t chunk = sizes[0];
      node.require(chunk > 0, "parts must be positive");
      node.require(extent / chunk < 100000, base::str("an extent of ", extent, " in parts of ", chunk));
      sizes.clear();
      for (std::int64_t start = 0; start < extent; start += chunk) sizes.push_back(std::min(chunk, extent - start));
    }
    if (!sizes.empty()) return split_to_list(node, x, axis, std::move(sizes), drop);
    return node.sequence_result(0, {.type = {.dtype = node.dtype(x)}});
  }
  Attributes attributes = sequence_function("split");
  attributes.set("axis", axis);
  attributes.set("keepdims", std::int64_t{drop ? 0 : 1});
  ItemType type = type_of(node.info(x));
  if (drop) type.dims.erase(type.dims.begin() + axis);
  else type.dims[static_cast<std::size_t>(axis)] = given ? kUnknown : 1;
  std::vector<TensorId> inputs{x};
  if (given) inputs.push_back(node.input(1));
  node.sequence_result(0, {.packed = node.emit("sequence", std::move(inputs), std::move(attributes)), .type = type});
}

/// Item `place` (a tensor; kNone: 0) of a packed sequence, as output 0.
void take(Node& node, const Sequence& sequence, const ItemType& type, TensorId place) {
  require_type(node, type);
  std::vector<TensorId> inputs{node.builder().packed(sequence)};
  if (place != kNone) inputs.push_back(place);
  if (!type.nested) return node.result(0, node.emit("sequence", std::move(inputs), sequence_function("at", type)));
  ItemType inner = type;
  inner.nested = false;
  node.sequence_result(
      0, {.packed = node.emit("sequence", std::move(inputs), sequence_function("at", type)), .type = inner});
}

void sequence_at(Node& node) {
  const Sequence sequence = node.sequence(0);
  if (sequence.packed == kNone) {
    const std::size_t length = sequence.items.size();
    node.require(length > 0, "the sequence is empty");
    (void)node.input(1);
    if (const auto place = place_in(node, 1, length, length - 1, 0)) return node.result(0, sequence.items[*place]);
  }
  take(node, sequence, node.builder().type_of(sequence), node.input(1));
}

TensorId length_of(Node& node, const Sequence& sequence) {
  if (sequence.packed != kNone) return node.emit("sequence", {sequence.packed}, sequence_function("length"));
  const auto length = static_cast<std::int64_t>(sequence.items.size());
  return node.add_constant(graph::make_constant(DataType::int64, {}, &length, sizeof(length)));
}

void sequence_length(Node& node) { node.result(0, length_of(node, node.sequence(0))); }

void concat_from_sequence(Node& node) {
  const Sequence sequence = node.sequence(0);
  const bool fresh = node.integer("new_axis", 0) != 0;
  if (sequence.packed == kNone) {
    std::vector<TensorId> items = sequence.items;
    node.require(!items.empty(), "the sequence is empty");
    const std::int64_t axis = node.axis(node.integer("axis", 0), node.rank(items[0]) + (fresh ? 1 : 0));
    if (fresh)
      for (TensorId& item : items) item = node.emit("unsqueeze", {item, node.integers_constant({axis})});
    Attributes attributes;
    attributes.set("axis", axis);
    return node.result(0, node.emit("concat", std::move(items), std::move(attributes)));
  }
  ItemType type = sequence.type;
  require_type(node, type);
  if (type.known && type.ranked) {
    const std::int64_t axis = node.axis(node.integer("axis", 0), static_cast<int>(type.dims.size()) + (fresh ? 1 : 0));
    if (fresh) type.dims.insert(type.dims.begin() + axis, kUnknown);
    else type.dims[static_cast<std::size_t>(axis)] = kUnknown;
  }
  Attributes attributes = sequence_function("concat", type);
  attributes.set("axis", node.integer("axis", 0));
  attributes.set("new_axis", std::int64_t{fresh ? 1 : 0});
  node.result(0, node.emit("sequence", {sequence.packed}, std::move(attributes)));
}

void sequence_insert(Node& node) {
  Sequence sequence = node.sequence(0);
  const TensorId item = node.input(1);
  const std::size_t length = sequence.items.size();
  if (sequence.packed == kNone)
    if (const auto place = place_in(node, 2, length, length, length)) {
      sequence.items.insert(sequence.items.begin() + static_cast<std::ptrdiff_t>(*place), item);
      return node.sequence_result(0, std::move(sequence));
    }
  ItemType type = node.builder().type_of(sequence);
  type.join(type_of(node.info(item)));
  std::vector<TensorId> inputs{node.builder().packed(sequence), item};
  if (node.has_input(2)) inputs.push_back(node.input(2));
  node.sequence_result(0,
                       repacked(sequence, type, node.emit("sequence", std::move(inputs), sequence_function("insert"))));
}

void sequence_erase(Node& node) {
  Sequence sequence = node.sequence(0);
  const std::size_t length = sequence.items.size();
  if (sequence.packed == kNone) {
    node.require(length > 0, "the sequence is empty");
    if (const auto place = place_in(node, 1, length, length - 1, length - 1)) {
      sequence.items.erase(sequence.items.begin() + static_cast<std::ptrdiff_t>(*place));
      return node.sequence_result(0, std::move(sequence));
    }
  }
  const ItemType type = node.builder().type_of(sequence);
  std::vector<TensorId> inputs{node.builder().packed(sequence)};
  if (node.has_input(1)) inputs.push_back(node.input(1));
  node.sequence_result(0,
                       repacked(sequence, type, node.emit("sequence", std::move(inputs), sequence_function("erase"))));
}

/// What is there is a list of one; nothing is a list of none.
void optional(Node& node) {
  Sequence made{.optional = true};
  if (const Sequence* const inner = node.find_sequence(0)) {
    made.type = node.builder().type_of(*inner);
    made.type.nested = true;
    made.items = {node.builder().packed(*inner)};
  } else if (node.has_input(0)) {
    made.items = {node.input(0)};
  } else {
    for (const onnx::AttributeProto& attribute : node.proto().attribute()) {
      if (attribute.name() != "type") continue;
      const onnx::TypeProto& type = attribute.tp();
      made.type = type.has_sequence_type() ? declared_sequence(type).type : declared_item(type);
      made.type.nested = type.has_sequence_type();
    }
  }
  node.sequence_result(0, std::move(made));
}

void optional_has_element(Node& node) {
  const Sequence* const sequence = node.find_sequence(0);
  if (sequence && sequence->optional && sequence->packed != kNone) {
    const TensorId none = node.add_constant(graph::make_constant(DataType::int64, {}, "\0\0\0\0\0\0\0\0", 8));
    return node.result(0, node.binary("greater", length_of(node, *sequence), none));
  }
  const bool has = sequence ? !sequence->optional || !sequence->items.empty() : node.has_input(0);
  const std::uint8_t value = has ? 1 : 0;
  node.result(0, node.add_constant(graph::make_constant(DataType::boolean, {}, &value, 1)));
}

void optional_get_element(Node& node) {
  const Sequence* const found = node.find_sequence(0);
  if (!found) return node.result(0, node.input(0));
  const Sequence sequence = *found;
  if (!sequence.optional) return node.sequence_result(0, sequence);
  if (sequence.packed != kNone) return take(node, sequence, sequence.type, kNone);
  node.require(!sequence.items.empty(), "the optional is empty");
  if (!sequence.type.nested) return node.result(0, sequence.items[0]);
  Sequence inner{.packed = sequence.items[0], .type = sequence.type};
  inner.type.nested = false;
  node.sequence_result(0, std::move(inner));
}

constexpr Row kRows[] = {{"SequenceConstruct", sequence_construct},
                         {"SplitToSequence", split_to_sequence},
                         {"SequenceAt", sequence_at},
                         {"SequenceLength", sequence_length},
                         {"SequenceInsert", sequence_insert},
                         {"SequenceErase", sequence_erase},
                         {"SequenceEmpty", sequence_empty},
                         {"ConcatFromSequence", concat_from_sequence},
                         {"Optional", optional},
                         {"OptionalHasElement", optional_has_element},
                         {"OptionalGetElement", optional_get_element}};

}  // namespace

std::span<const Row> sequence_rows() { return kRows; }

}  // namespace vireo::importer
