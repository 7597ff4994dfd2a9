// Loop, Scan and SequenceMap (repeat.h).

#include <onnx/onnx_pb.h>

#include "engine/base/text.h"
#include "engine/import/onnx/builder.h"
#include "engine/import/onnx/handlers.h"

namespace vireo::importer {
namespace {

const onnx::GraphProto& body_of(const Node& node) {
  for (const onnx::AttributeProto& attribute : node.proto().attribute())
    if (attribute.name() == "body" && attribute.has_g()) return attribute.g();
  node.fail("attribute 'body' is missing");
}

Value input_of(const Node& node, int index) {
  if (const Sequence* const sequence = node.find_sequence(index)) return {kNone, *sequence, true};
  return {node.input(index), {}, false};
}

void give(const Node& node, const std::vector<Value>& values) {
  for (std::size_t k = 0; k < values.size(); ++k)
    if (node.wants_output(static_cast<int>(k)))
      node.builder().bind_value(node.proto().output(static_cast<int>(k)), values[k]);
}

void loop(Node& node) {
  Repeat what{.body = body_of(node), .counted = true, .trips = node.optional(0), .condition = node.optional(1)};
  for (int k = 2; k < node.input_count(); ++k) what.carried.push_back(input_of(node, k));
  const int carried = static_cast<int>(what.carried.size());
  node.require(what.body.input_size() >= 2 && what.body.output_size() >= 1 + carried,
               base::str("its body has ", what.body.input_size(), " inputs and ", what.body.output_size(),
                         " outputs, it carries ", carried, " values"));
  for (int k = 1 + carried; k < what.body.output_size(); ++k)
    what.results.push_back({.wanted = node.wants_output(k - 1)});
  give(node, node.builder().repeat(node, what));
}

/// An entry of a list of integers of the node, one for each of `count`.
std::int64_t listed(const Node& node, const char* name, int index, int count) {
  const std::vector<std::int64_t> list = node.integers(name);
  if (list.empty()) return 0;
  node.require(list.size() == static_cast<std::size_t>(count),
               base::str("attribute '", name, "' has ", list.size(), " entries for ", count));
  return list[static_cast<std::size_t>(index)];
}

/// How many iterations there are: the extent of the first tensor that is read entry by entry.
TensorId trips_of(Node& node, TensorId x, std::int64_t axis) {
  const std::int64_t extent = node.dims(x)[static_cast<std::size_t>(axis)];
  if (extent >= 0) return node.add_constant(graph::make_constant(DataType::int64, {}, &extent, sizeof extent));
  Attributes attributes;
  attributes.set("start", axis);
  attributes.set("end", axis + 1);
  return node.reshape(node.emit("shape", {x}, std::move(attributes)), {});
}

void check_extents(Node& node, const Repeat& what) {
  std::int64_t extent = kUnknown;
  for (const Repeat::Entry& entry : what.entries) {
    const std::int64_t own = node.dims(entry.from.tensor)[static_cast<std::size_t>(entry.axis)];
    node.require(own < 0 || extent < 0 || own == extent, base::str("it reads ", extent, " entries and ", own));
    if (extent < 0) extent = own;
  }
}

void scan(Node& node, const std::vector<TensorId>& inputs, std::vector<Value>& values) {
  Repeat what{.body = body_of(node)};
  const int entries = static_cast<int>(node.integer("num_scan_inputs", 0));
  const int carried = static_cast<int>(inputs.size()) - entries;
  node.require(entries > 0 && carried >= 0,
               base::str("attribute 'num_scan_inputs' is ", entries, " for ", inputs.size(), " inputs"));
  const bool old = node.opset() < 9;
  for (int k = 0; k < carried; ++k) what.carried.push_back({inputs[static_cast<std::size_t>(k)]});
  for (int k = 0; k < entries; ++k) {
    const TensorId x = inputs[static_cast<std::size_t>(carried + k)];
    const std::int64_t axis = old ? 0 : node.axis(listed(node, "scan_input_axes", k, entries), node.rank(x));
    const bool reverse = listed(node, old ? "directions" : "scan_input_directions", k, entries) != 0;
    node.require(node.rank(x) > 0, "it reads the entries of a scalar");
    what.entries.push_back({.from = {x}, .axis = axis, .reverse = reverse});
  }
  check_extents(node, what);
  what.trips = trips_of(node, what.entries[0].from.tensor, what.entries[0].axis);
  const int results = what.body.output_size() - carried;
  node.require(results >= 0, base::str("its body has ", what.body.output_size(), " outputs and carries ", carried));
  for (int k = 0; k < results; ++k)
    what.results.push_back({.wanted = node.wants_output(carried + k),
                            .axis = old ? 0 : listed(node, "scan_output_axes", k, results),
                            .reverse = !old && listed(node, "scan_output_directions", k, results) != 0});
  values = node.builder().repeat(node, what);
}

/// Up to opset 8 there is a batch around it, and a length for each of its entries may be given.
void scan_of_batch(Node& node) {
  if (node.has_input(0)) node.refuse("lengths of sequences in a Scan of opset 8");
  std::vector<TensorId> whole(node.inputs().begin() + 1, node.inputs().end());
  node.require(!whole.empty(), "it has no inputs");
  std::vector<std::vector<TensorId>> inputs, outputs;  // by entry of the batch
  for (const TensorId x : whole) {
    node.require(node.rank(x) > 0, "an input has no batch axis");
    const std::int64_t batch = node.dims(x)[0];
    if (batch < 0) node.refuse("a batch that is not known at import in a Scan of opset 8");
    node.require(batch > 0 && batch < 4096, base::str("a batch of ", batch));
    if (inputs.empty()) inputs.resize(static_cast<std::size_t>(batch));
    node.require(inputs.size() == static_cast<std::size_t>(batch), "batches differ");
    Attributes attributes;
    attributes.set("axis", std::int64_t{0});
    attributes.set("split", std::vector<std::int64_t>(inputs.size(), 1));
    const std::vector<TensorId> parts =
        batch == 1 ? std::vector<TensorId>{x}
                   : node.emit_many("split", {x}, std::move(attributes), static_cast<int>(batch));
    for (std::size_t b = 0; b < inputs.size(); ++b)
      inputs[b].push_back(node.emit("squeeze", {parts[b], node.integers_constant({0})}));
  }
  std::vector<std::vector<Value>> values(inputs.size());
  for (std::size_t b = 0; b < inputs.size(); ++b) scan(node, inputs[b], values[b]);
  for (std::size_t k = 0; k < values[0].size(); ++k) {
    if (!node.wants_output(static_cast<int>(k))) continue;
    std::vector<TensorId> parts;
    bool refused = false;
    for (const std::vector<Value>& one : values) {
      refused = refused || one[k].tensor < 0;
      if (!refused) parts.push_back(node.emit("unsqueeze", {one[k].tensor, node.integers_constant({0})}));
    }
    Attributes attributes;
    attributes.set("axis", std::int64_t{0});
    node.result(static_cast<int>(k), refused ? kRefused : node.emit("concat", std::move(parts), std::move(attributes)));
  }
}

void scan(Node& node) {
  if (node.opset() < 9) return scan_of_batch(node);
  std::vector<Value> values;
  for (int k = 0; k < node.input_count(); ++k) (void)node.input(k);
  scan(node, node.inputs(), values);
  give(node, values);
}

void sequence_map(Node& node) {
  Repeat what{.body = body_of(node)};
  const Sequence& first = node.sequence(0);
  if (first.packed != kNone) {
    Attributes attributes;
    attributes.set("function", std::string("length"));
    what.trips = node.emit("sequence", {first.packed}, std::move(attributes));
  } else {
    const auto length = static_cast<std::int64_t>(first.items.size());
    what.trips = node.add_constant(graph::make_constant(DataType::int64, {}, &length, sizeof length));
  }
  for (int k = 0; k < node.input_count(); ++k) {
    const Value value = input_of(node, k);
    if (value.is_sequence && value.sequence.packed == kNone && first.packed == kNone)
      node.require(value.sequence.items.size() == first.items.size(), "its sequences have different lengths");
    what.entries.push_back({.from = value, .whole = !value.is_sequence});
  }
  for (int k = 0; k < what.body.output_size(); ++k)
    what.results.push_back({.wanted = node.wants_output(k), .sequence = true});
  give(node, node.builder().repeat(node, what));
}

constexpr Row kRows[] = {{"Loop", loop}, {"Scan", scan}, {"SequenceMap", sequence_map}};

}  // namespace

std::span<const Row> loop_rows() { return kRows; }

}  // namespace vireo::importer
