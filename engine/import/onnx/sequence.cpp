// Sequences of tensors, as far as their lengths are known at import: they become plain tensors then.

#include <algorithm>

#include "engine/base/text.h"
#include "engine/import/onnx/handlers.h"

namespace vireo::importer {
namespace {

void sequence_construct(Node& node) { node.sequence_result(0, node.inputs()); }

void split_to_sequence(Node& node) {
  const TensorId x = node.input(0);
  const std::int64_t axis = node.axis(node.integer("axis", 0), node.rank(x));
  const std::int64_t extent = node.dims(x)[static_cast<std::size_t>(axis)];
  if (extent < 0) node.refuse("the extent to split is not known at import");
  std::vector<std::int64_t> sizes;
  std::int64_t chunk = 1;
  const bool keeps = node.has_input(1) || node.integer("keepdims", 1) != 0;
  if (node.has_input(1)) {
    const auto given = node.known_integers(1);
    if (!given || given->empty()) node.refuse("the sizes of its parts are not known at import");
    if (node.dims(node.input(1)).empty()) {
      chunk = (*given)[0];
      node.require(chunk > 0, "parts must be positive");
    } else {
      sizes = *given;
    }
  }
  if (sizes.empty()) {
    node.require(extent / chunk < 100000, base::str("an extent of ", extent, " in parts of ", chunk));
    for (std::int64_t start = 0; start < extent; start += chunk) sizes.push_back(std::min(chunk, extent - start));
  }
  Attributes attributes;
  attributes.set("axis", axis);
  attributes.set("split", sizes);
  std::vector<TensorId> parts = node.emit_many("split", {x}, std::move(attributes), static_cast<int>(sizes.size()));
  if (!keeps)
    for (TensorId& part : parts) part = node.emit("squeeze", {part, node.integers_constant({axis})});
  node.sequence_result(0, std::move(parts));
}

void sequence_at(Node& node) {
  const std::vector<TensorId>& items = node.sequence(0);
  const auto index = node.known_integers(1);
  if (!index || index->size() != 1) node.refuse("a position that is not known at import");
  const auto length = static_cast<std::int64_t>(items.size());
  const std::int64_t place = (*index)[0] < 0 ? (*index)[0] + length : (*index)[0];
  node.require(place >= 0 && place < length, base::str("position ", (*index)[0], " of a sequence of ", length));
  node.result(0, items[static_cast<std::size_t>(place)]);
}

void sequence_length(Node& node) {
  const auto length = static_cast<std::int64_t>(node.sequence(0).size());
  node.result(0, node.add_constant(graph::make_constant(DataType::int64, {}, &length, sizeof(length))));
}

void concat_from_sequence(Node& node) {
  std::vector<TensorId> items = node.sequence(0);
  node.require(!items.empty(), "the sequence is empty");
  const bool fresh = node.integer("new_axis", 0) != 0;
  const std::int64_t axis = node.axis(node.integer("axis", 0), node.rank(items[0]) + (fresh ? 1 : 0));
  if (fresh)
    for (TensorId& item : items) item = node.emit("unsqueeze", {item, node.integers_constant({axis})});
  Attributes attributes;
  attributes.set("axis", axis);
  node.result(0, node.emit("concat", std::move(items), std::move(attributes)));
}

void sequence_insert(Node& node) {
  std::vector<TensorId> items = node.sequence(0);
  auto place = static_cast<std::int64_t>(items.size());
  if (node.has_input(2)) {
    const auto index = node.known_integers(2);
    if (!index || index->size() != 1) node.refuse("a position that is not known at import");
    place = (*index)[0] < 0 ? (*index)[0] + place : (*index)[0];
  }
  node.require(place >= 0 && place <= static_cast<std::int64_t>(items.size()), "a position outside the sequence");
  items.insert(items.begin() + place, node.input(1));
  node.sequence_result(0, std::move(items));
}

void sequence_empty(Node& node) { node.sequence_result(0, {}); }

constexpr Row kRows[] = {{"SequenceConstruct", sequence_construct},
                         {"SplitToSequence", split_to_sequence},
                         {"SequenceAt", sequence_at},
                         {"SequenceLength", sequence_length},
                         {"SequenceInsert", sequence_insert},
                         {"SequenceEmpty", sequence_empty},
                         {"ConcatFromSequence", concat_from_sequence}};

}  // namespace

std::span<const Row> sequence_rows() { return kRows; }

}  // namespace vireo::importer
