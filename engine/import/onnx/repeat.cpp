// What Loop, Scan and SequenceMap repeat. Where it is known how often, and that is little, the body's nodes take the
// node's place once for each iteration, so that passes and kernels see them. Else the body becomes a graph of its own
// inside a layer `loop` (loop_body.cpp).

#include "engine/import/onnx/repeat.h"

#include <onnx/onnx_pb.h>

#include <algorithm>

#include "engine/base/text.h"
#include "engine/import/onnx/constants.h"
#include "engine/import/onnx/function.h"

namespace vireo::importer {
namespace {

using base::fail;
using base::str;

constexpr std::int64_t kMostUnrolledNodes = 2000;    // of all of them
constexpr std::int64_t kMostUnrolledInAll = 20'000;  // of all loops of a model, those inside each other included

std::size_t count(int n) { return static_cast<std::size_t>(n); }

void check_ends(const Repeat& what, int outputs) {
  const std::size_t own = what.counted ? 2 : 0, inputs = own + what.carried.size() + what.entries.size();
  if (count(what.body.input_size()) != inputs)
    fail(ErrorCode::invalid_model, "its body has ", what.body.input_size(), " inputs, the node gives ", inputs);
  if (what.body.output_size() != outputs)
    fail(ErrorCode::invalid_model, "its body has ", what.body.output_size(), " outputs, the node takes ", outputs);
}

const onnx::NodeProto* producer_in(const onnx::GraphProto& graph, const std::string& name) {
  for (const onnx::NodeProto& node : graph.node())
    if (std::ranges::find(node.output(), name) != node.output().end()) return &node;
  return nullptr;
}

bool is_true(const onnx::TensorProto& tensor) {
  if (tensor.data_type() != onnx::TensorProto::BOOL) return false;
  if (tensor.int32_data_size() == 1) return tensor.int32_data(0) != 0;
  return tensor.raw_data().size() == 1 && tensor.raw_data()[0] != 0;
}

Attributes along(std::int64_t axis) {
  Attributes attributes;
  attributes.set("axis", axis);
  return attributes;
}

}  // namespace

std::string name_of(const Repeat& what, std::size_t input) { return what.body.input(static_cast<int>(input)).name(); }

Dims number_dims(const onnx::ValueInfoProto& info) {
  return info.type().tensor_type().shape().dim_size() == 1 ? Dims{1} : Dims{};
}

std::vector<Value> Builder::repeat(Node& node, const Repeat& what) {
  check_ends(what, static_cast<int>((what.counted ? 1 : 0) + what.carried.size() + what.results.size()));
  if (const std::optional<std::int64_t> trips = unrolled_trips(what)) return unroll(node, what, *trips);
  return keep_loop(node, what);
}

std::int64_t Builder::nodes_of(const onnx::GraphProto& graph, int depth) {
  std::int64_t nodes = 0;
  if (depth > kMaxDepth) return kMaxNodes;
  for (const onnx::NodeProto& node : graph.node()) {
    if (node.op_type() != "Constant" && node.op_type() != "Identity") ++nodes;
    if (Function* const function = find_function(node, domain_of(node.domain()))) nodes += size_of(*function);
    for (const onnx::AttributeProto& attribute : node.attribute())
      if (attribute.has_g()) nodes += nodes_of(attribute.g(), depth + 1);
    if (nodes > kMaxNodes) return kMaxNodes;
  }
  return nodes;
}

/// Whether the body hands its condition on, or always gives true.
bool Builder::condition_stays(const onnx::GraphProto& body) {
  std::string name = body.output(0).name();
  for (int depth = 0; depth < kMaxDepth; ++depth) {
    if (name == body.input(1).name()) return true;
    for (const onnx::TensorProto& tensor : body.initializer())
      if (tensor.name() == name) return is_true(tensor);
    const onnx::NodeProto* const producer = producer_in(body, name);
    if (!producer) {  // of the graph around
      const TensorId* const outside = find(name);
      return outside && *outside >= 0 && known_condition(*graph_, *outside).value_or(false);
    }
    if (producer->op_type() == "Constant")
      return producer->attribute_size() == 1 && producer->attribute(0).has_t() && is_true(producer->attribute(0).t());
    const bool same = producer->op_type() == "Identity" || producer->op_type() == "Cast";
    if (!same || producer->input_size() != 1) return false;
    name = producer->input(0);
  }
  return false;
}

bool Builder::can_unroll(const Repeat& what) {
  return std::ranges::none_of(what.entries, [](const Repeat::Entry& entry) {
    return entry.from.is_sequence && entry.from.sequence.packed != kNone;
  });
}

/// Without iterations the types of what would be stacked take a reading of the body.
bool Builder::is_little(const Repeat& what, std::int64_t trips) {
  const bool stacks =
      std::ranges::any_of(what.results, [](const Repeat::Result& r) { return r.wanted && !r.sequence; });
  if (trips <= 0) return !stacks;
  if (trips > kMostUnrolled) return false;
  const std::int64_t nodes = trips * std::max<std::int64_t>(nodes_of(what.body), 1);
  return nodes <= kMostUnrolledNodes && unrolled_ + nodes <= kMostUnrolledInAll;
}

/// How often the body runs, where its nodes are to take the node's place.
std::optional<std::int64_t> Builder::unrolled_trips(const Repeat& what) {
  if (what.trips == kNone || !graph_->tensor(what.trips).constant || !can_unroll(what)) return std::nullopt;
  const std::vector<std::int64_t> trips = graph::to_integers(*graph_->tensor(what.trips).constant);
  if (trips.size() != 1) return std::nullopt;
  if (what.condition != kNone && !known_condition(*graph_, what.condition).value_or(false)) return std::nullopt;
  if ((what.counted && !condition_stays(what.body)) || !is_little(what, trips[0])) return std::nullopt;
  return std::max<std::int64_t>(trips[0], 0);
}

namespace {

/// The entries of a tensor along an axis, as a layer's outputs.
std::vector<TensorId> entries_of(Node& node, const Repeat::Entry& entry, std::int64_t trips) {
  if (entry.from.is_sequence) return entry.from.sequence.items;
  Attributes attributes = along(entry.axis);
  attributes.set("split", std::vector<std::int64_t>(count(static_cast<int>(trips)), 1));
  std::vector<TensorId> parts =
      trips == 1 ? std::vector<TensorId>{entry.from.tensor}
                 : node.emit_many("split", {entry.from.tensor}, std::move(attributes), static_cast<int>(trips));
  for (TensorId& part : parts) part = node.emit("squeeze", {part, node.integers_constant({entry.axis})});
  if (entry.reverse) std::ranges::reverse(parts);
  return parts;
}

}  // namespace

std::vector<Value> Builder::unroll(Node& node, const Repeat& what, std::int64_t trips) {
  unrolled_ += trips * std::max<std::int64_t>(nodes_of(what.body), 1);
  std::vector<std::vector<TensorId>> entries;
  for (const Repeat::Entry& entry : what.entries)
    entries.push_back(entry.whole || trips == 0 ? std::vector<TensorId>() : entries_of(node, entry, trips));
  std::vector<Value> carried = what.carried;
  std::vector<std::vector<TensorId>> results(what.results.size());
  std::vector<std::string> outputs;
  const std::size_t first = what.counted ? 1 : 0, own = what.counted ? 2 : 0;
  for (std::size_t k = 0; k < count(what.body.output_size()); ++k)
    if (k < first + carried.size() || what.results[k - first - carried.size()].wanted)
      outputs.push_back(what.body.output(static_cast<int>(k)).name());
  for (std::int64_t i = 0; i < trips; ++i) {
    const Naming naming(*this);
    Scope scope;
    const auto give = [&](std::size_t input, const Value& value) {
      if (value.is_sequence) scope.sequences[name_of(what, input)] = value.sequence;
      else scope.values[name_of(what, input)] = value.tensor;
    };
    if (what.counted) {
      const std::uint8_t holds = 1;
      give(0, {add_constant(name_of(what, 0),
                            graph::make_constant(DataType::int64, number_dims(what.body.input(0)), &i, sizeof i))});
      give(1, {add_constant(name_of(what, 1),
                            graph::make_constant(DataType::boolean, number_dims(what.body.input(1)), &holds, 1))});
    }
    for (std::size_t k = 0; k < carried.size(); ++k) give(own + k, carried[k]);
    for (std::size_t k = 0; k < entries.size(); ++k)
      give(own + carried.size() + k,
           what.entries[k].whole ? what.entries[k].from : Value{entries[k].at(count(static_cast<int>(i)))});
    run_branch(what.body, scope, outputs);
    const Inside inside(*this, scope, "loops are");
    for (std::size_t k = 0; k < carried.size(); ++k)
      carried[k] = value_of(what.body.output(static_cast<int>(first + k)).name(), kBodyReader);
    for (std::size_t k = 0; k < results.size(); ++k) {
      if (!what.results[k].wanted) continue;
      const Value value = value_of(what.body.output(static_cast<int>(first + carried.size() + k)).name(), kBodyReader);
      if (value.is_sequence) throw Refusal{"a sequence is to be stacked"};
      results[k].push_back(value.tensor);
    }
  }
  for (std::size_t k = 0; k < results.size(); ++k) {
    const Repeat::Result& result = what.results[k];
    if (result.sequence || !result.wanted) {
      carried.push_back({kNone, {.items = std::move(results[k])}, true});
      continue;
    }
    if (std::ranges::count(results[k], kRefused)) {
      carried.push_back({kRefused});
      continue;
    }
    if (result.reverse) std::ranges::reverse(results[k]);
    for (TensorId& item : results[k]) item = node.emit("unsqueeze", {item, node.integers_constant({result.axis})});
    carried.push_back({node.emit("concat", std::move(results[k]), along(result.axis))});
  }
  return carried;
}

}  // namespace vireo::importer
