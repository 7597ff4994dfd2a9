// A body that a run repeats, as a graph inside of a layer `loop`: read again until the types of what is carried are
// those of all iterations.

#include <onnx/onnx_pb.h>

#include <algorithm>

#include "engine/base/text.h"
#include "engine/graph/count_iterations.h"
#include "engine/import/onnx/function.h"

namespace vireo::importer {
namespace {

using base::fail;
using base::str;

constexpr int kMostReadings = 64;

/// Makes what is known of something carried hold for `next` as well. Whether it did already.
bool widen(Carried& carried, const graph::Tensor& next) {
  if (next.dtype != DataType::undefined && next.dtype != carried.dtype)
    fail(ErrorCode::invalid_model, "it carries ", carried.dtype, " and hands on ", next.dtype);
  if (!carried.ranked) return true;
  if (!next.ranked || next.dims.size() != carried.dims.size()) {
    carried.ranked = false;
    carried.dims.clear();
    return false;
  }
  bool held = true;
  for (std::size_t i = 0; i < carried.dims.size(); ++i) {
    if (carried.dims[i] == kUnknown || carried.dims[i] == next.dims[i]) continue;
    carried.dims[i] = kUnknown;
    held = false;
  }
  return held;
}

bool widen(Carried& carried, const ItemType& next) {
  const ItemType before = carried.item;
  carried.item.join(next);
  return carried.item == before;
}

TensorId number_constant(Node& node, std::int64_t value) {
  return node.add_constant(graph::make_constant(DataType::int64, {}, &value, sizeof value));
}

/// Entry number `number` of a tensor along an axis.
TensorId entry_at(Node& node, TensorId x, const Repeat::Entry& entry, TensorId number) {
  TensorId place = number;
  if (entry.reverse) {
    const std::int64_t extent = node.dims(x)[static_cast<std::size_t>(entry.axis)];
    TensorId last = kNone;
    if (extent >= 0) {
      last = number_constant(node, extent - 1);
    } else {
      Attributes part;
      part.set("start", entry.axis);
      part.set("end", entry.axis + 1);
      last = node.binary("sub", node.reshape(node.emit("shape", {x}, std::move(part)), {}), number_constant(node, 1));
    }
    place = node.binary("sub", last, number);
  }
  Attributes along;
  along.set("axis", entry.axis);
  return node.emit("gather", {x, place}, std::move(along));
}

}  // namespace

/// A loop's body, and what it reads of the graph around.
struct Builder::Body {
  std::unique_ptr<graph::Graph> graph;
  std::vector<TensorId> captured;
  bool settled = true;     ///< what is carried has the types that it was taken to have
  bool refused = false;    ///< something is not supported, and that was reported
  std::vector<char> same;  ///< by carried tensor: the body hands on what it was given
};

/// One reading. `carried`: what is known of what is carried, then of sequences that results are put into.
class Builder::BodyReader {
 public:
  BodyReader(Builder& builder, Node& node, const Repeat& what, std::vector<Carried>& carried)
      : builder_(builder), node_(node), what_(what), carried_(carried) {}

  Body run() {
    boundary_.own = 2 + carried_.size();
    boundary_.beyond = std::make_unique<graph::Graph>();
    body_.same.assign(carried_.size(), 0);
    scope_.boundary = &boundary_;
    for (const auto& output : what_.body.output()) outputs_.push_back(output.name());
    {
      const Naming naming(builder_);
      const Across across(builder_, boundary_);
      add_numbers();
      add_carried();
      add_entries();
      builder_.run_branch(what_.body, scope_, outputs_);
      const Inside inside(builder_, scope_, "loops are");
      if (what_.counted) (void)mark(builder_.lookup(outputs_[0], kBodyReader), outputs_[0]);
      else (void)mark(inputs_[1], "condition");
      for (std::size_t k = 0; k < what_.carried.size(); ++k) hand_on(k);
      give_results();
    }
    body_.graph = std::move(boundary_.beyond);
    body_.captured = std::move(boundary_.captured);
    return std::move(body_);
  }

 private:
  [[nodiscard]] std::size_t own() const { return what_.counted ? 2 : 0; }
  [[nodiscard]] std::size_t first() const { return what_.counted ? 1 : 0; }

  TensorId add(const std::string& name, DataType dtype, const Dims& dims, bool ranked = true) {
    inputs_.push_back(builder_.graph_->add_input(free_name(builder_.tensor_names_, name), dtype, dims));
    builder_.graph_->tensor(inputs_.back()).ranked = ranked;
    return inputs_.back();
  }

  void add_numbers() {
    if (!what_.counted) {
      add(builder_.node_name_ + ".number", DataType::int64, {});
      add(builder_.node_name_ + ".condition", DataType::boolean, {});
      return;
    }
    scope_.values[name_of(what_, 0)] = add(name_of(what_, 0), DataType::int64, number_dims(what_.body.input(0)));
    scope_.values[name_of(what_, 1)] = add(name_of(what_, 1), DataType::boolean, number_dims(what_.body.input(1)));
  }

  void add_carried() {
    for (std::size_t k = 0; k < carried_.size(); ++k) {
      const Carried& c = carried_[k];
      const bool named = k < what_.carried.size();
      const std::string name = named ? name_of(what_, own() + k) : builder_.node_name_ + ".results";
      if (!c.is_sequence) {
        scope_.values[name] = add(name, c.dtype, c.dims, c.ranked);
        continue;
      }
      const TensorId packed = add(name, DataType::uint8, {kUnknown});
      if (named) scope_.sequences[name] = {.packed = packed, .type = c.item, .optional = c.optional};
    }
  }

  void add_entries() {
    for (std::size_t k = 0; k < what_.entries.size(); ++k) {
      const Repeat::Entry& entry = what_.entries[k];
      const std::string name = name_of(what_, own() + what_.carried.size() + k);
      TensorId& value = scope_.values[name];
      if (entry.from.is_sequence) {  // packed outside
        const TensorId packed = builder_.capture(boundary_, entry.from.sequence.packed, name);
        value = node_.emit("sequence", {packed, inputs_[0]}, sequence_function("at", entry.from.sequence.type));
        continue;
      }
      value = builder_.capture(boundary_, entry.from.tensor, name);
      if (!entry.whole && value >= 0) value = entry_at(node_, value, entry, inputs_[0]);
    }
  }

  bool mark(TensorId tensor, const std::string& name) {
    if (tensor == kNone) fail(ErrorCode::invalid_model, "its body gives '", name, "', which is absent");
    if (tensor < 0) body_.refused = true;
    else builder_.graph_->mark_output(tensor, name);
    return tensor >= 0;
  }

  void require_type(TensorId tensor, const std::string& name) const {
    if (tensor >= 0 && builder_.graph_->tensor(tensor).dtype == DataType::undefined)
      throw Refusal{str("the element type of '", name, "' is not known at import")};
  }

  /// What was optional before an iteration and is there after it.
  Sequence wrapped(const Value& value) {
    Sequence made{.optional = true};
    if (value.is_sequence) {
      made.type = builder_.type_of(value.sequence);
      made.type.nested = true;
      made.items = {builder_.packed(value.sequence)};
    } else {
      made.items = {value.tensor};
    }
    return made;
  }

  void hand_on(std::size_t k) {
    Carried& c = carried_[k];
    const std::string& name = outputs_[first() + k];
    const Value value = builder_.value_of(name, kBodyReader);
    if (!c.is_sequence) {
      if (value.is_sequence)
        fail(ErrorCode::invalid_model, "it carries a tensor and hands on a sequence as '", name, "'");
      require_type(value.tensor, name);
      if (!mark(value.tensor, name)) return;
      body_.same[k] = value.tensor == inputs_[2 + k] ? 1 : 0;
      body_.settled = widen(c, builder_.graph_->tensor(value.tensor)) && body_.settled;
      return;
    }
    const bool wraps = c.optional && !(value.is_sequence && value.sequence.optional);
    if (!value.is_sequence && !wraps)
      fail(ErrorCode::invalid_model, "it carries a sequence and hands on a tensor as '", name, "'");
    c.unwrapped = c.unwrapped || wraps;
    const Sequence sequence = wraps ? wrapped(value) : value.sequence;
    const ItemType type = builder_.type_of(sequence);
    if (mark(builder_.packed(sequence), name)) body_.settled = widen(c, type) && body_.settled;
  }

  /// Into sequences first, which are carried, then what is stacked.
  void give_results() {
    std::size_t sequence = what_.carried.size();
    std::vector<std::pair<TensorId, std::string>> stacked;
    for (std::size_t k = 0; k < what_.results.size(); ++k) {
      if (!what_.results[k].wanted) continue;
      const std::string& name = outputs_[first() + what_.carried.size() + k];
      const Value value = builder_.value_of(name, kBodyReader);
      if (value.is_sequence) throw Refusal{str("'", name, "', a sequence, is to be stacked or put into one")};
      require_type(value.tensor, name);
      if (!what_.results[k].sequence) {
        stacked.emplace_back(value.tensor, name);
        continue;
      }
      TensorId longer = value.tensor;
      if (longer >= 0) {
        const graph::Tensor& item = builder_.graph_->tensor(longer);
        const ItemType type{item.dtype, true, item.ranked, item.dims, false};
        body_.settled = widen(carried_[sequence], type) && body_.settled;
        longer = node_.emit("sequence", {inputs_[2 + sequence], longer}, sequence_function("insert"));
      }
      (void)mark(longer, name);
      ++sequence;
    }
    for (const auto& [tensor, name] : stacked) (void)mark(tensor, name);
  }

  Builder& builder_;
  Node& node_;
  const Repeat& what_;
  std::vector<Carried>& carried_;
  Boundary boundary_;
  Scope scope_;
  Body body_;
  std::vector<TensorId> inputs_;  ///< of the body's graph
  std::vector<std::string> outputs_;
};

Builder::Body Builder::settled_body(Node& node, const Repeat& what, std::vector<Carried>& carried) {
  struct Quoted {
    int& depth;
    explicit Quoted(int& d) : depth(d) { ++depth; }
    ~Quoted() { --depth; }
    Quoted(const Quoted&) = delete;
    Quoted& operator=(const Quoted&) = delete;
  };
  const std::size_t refusals = refusals_.size();
  const Quoted quoted(quoted_);
  for (int readings = 0; readings < kMostReadings; ++readings) {
    refusals_.resize(refusals);
    Body body = BodyReader(*this, node, what, carried).run();
    if (body.settled || body.refused) return body;
  }
  throw Refusal{"the types of what it carries change with each reading of its body"};
}

std::vector<Value> Builder::keep_loop(Node& node, const Repeat& what) {
  if (quoted_ >= kMaxQuoted) throw Refusal{str("more than ", kMaxQuoted, " loops and conditions inside each other")};
  Repeat loop = what;
  std::vector<Carried> carried;
  for (const Value& value : what.carried) {
    Carried& c = carried.emplace_back();
    c.is_sequence = value.is_sequence;
    if (value.is_sequence) {
      c.item = type_of(value.sequence);
      c.optional = value.sequence.optional;
      c.initial = packed(value.sequence);
      continue;
    }
    c.initial = value.tensor;
    if (c.initial == kNone) fail(ErrorCode::invalid_model, "something that it carries is absent");
    const graph::Tensor& t = graph_->tensor(c.initial);
    if (t.dtype == DataType::undefined) throw Refusal{"the element type of what it carries is not known at import"};
    c.dtype = t.dtype;
    c.ranked = t.ranked;
    c.dims = t.dims;
  }
  for (Repeat::Entry& entry : loop.entries) {
    if (!entry.from.is_sequence) continue;
    const ItemType type = type_of(entry.from.sequence);
    if (vireo::size_of(type.dtype) == 0) throw Refusal{"the element type of a sequence is not known at import"};
    entry.from.sequence = {.packed = packed(entry.from.sequence), .type = type};
  }
  std::size_t stacks = 0;
  for (const Repeat::Result& result : what.results) {
    if (result.wanted && result.sequence) carried.push_back({.initial = packed({}), .is_sequence = true});
    stacks += result.wanted && !result.sequence ? 1 : 0;
  }
  const Body body = settled_body(node, loop, carried);
  std::vector<Value> values(what.carried.size() + what.results.size(), Value{kRefused});
  if (body.refused) return values;

  std::vector<TensorId> inputs{what.trips, what.condition};
  for (const Carried& c : carried) inputs.push_back(c.initial);
  inputs.insert(inputs.end(), body.captured.begin(), body.captured.end());
  Attributes attributes;
  std::vector<ConstantPtr> constants;
  write_graph(*body.graph, "body", inputs.size(), constants, attributes);
  attributes.set("carried", static_cast<std::int64_t>(carried.size()));
  for (const ConstantPtr& constant : constants) inputs.push_back(add_constant(node_name_ + ".constant", constant));
  first_fresh_ = graph_->tensor_count();
  const std::vector<TensorId> made =
      emit("loop", std::move(inputs), std::move(attributes), static_cast<int>(carried.size() + stacks));
  // A loop that counts: how often is known after all.
  const graph::LayerId layer = made.empty() ? kNone : graph_->tensor(made[0]).producer;
  if (layer != kNone && can_unroll(what))
    if (const auto trips = graph::count_iterations(*graph_, layer, kMostUnrolled); trips && is_little(what, *trips)) {
      graph_->remove_layer(layer);
      return unroll(node, what, *trips);
    }
  std::size_t sequence = what.carried.size(), stack = carried.size();
  for (std::size_t k = 0; k < what.carried.size(); ++k)
    values[k] =
        carried[k].is_sequence ? sequence_of(carried[k], made[k]) : Value{body.same[k] ? carried[k].initial : made[k]};
  for (std::size_t k = 0; k < what.results.size(); ++k) {
    if (!what.results[k].wanted) continue;
    Value& value = values[what.carried.size() + k];
    if (what.results[k].sequence) value = sequence_of(carried[sequence], made[sequence]);
    else value = {stacked(node, made[stack], what.results[k])};
    ++(what.results[k].sequence ? sequence : stack);
  }
  return values;
}

Value Builder::sequence_of(const Carried& carried, TensorId tensor) {
  Sequence sequence{.packed = tensor, .type = carried.item, .optional = carried.optional};
  if (!carried.unwrapped) return {kNone, sequence, true};
  const TensorId inner = emit("sequence", {tensor}, sequence_function("at", sequence.type), 1)[0];
  if (!sequence.type.nested) return {inner};
  sequence = {.packed = inner, .type = sequence.type};
  sequence.type.nested = false;
  return {kNone, sequence, true};
}

TensorId Builder::stacked(Node& node, TensorId stack, const Repeat::Result& result) {
  if (result.reverse)
    stack = node.emit("slice", {stack, node.integers_constant({-1}), node.integers_constant({INT64_MIN}),
                                node.integers_constant({0}), node.integers_constant({-1})});
  if (result.axis == 0) return stack;
  std::vector<std::int64_t> perm;
  for (std::int64_t i = 1; i < node.rank(stack); ++i) perm.push_back(i);
  perm.insert(perm.begin() + node.axis(result.axis, node.rank(stack)), 0);
  Attributes order;
  order.set("perm", perm);
  return node.emit("transpose", {stack}, std::move(order));
}

}  // namespace vireo::importer
