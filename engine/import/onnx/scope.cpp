// Names: the tensor or sequence that each one means, in the present graph or in one around it.

#include <onnx/onnx_pb.h>

#include <utility>

#include "engine/base/text.h"
#include "engine/import/onnx/function.h"

namespace vireo::importer {
namespace {

using base::fail;
using base::str;

constexpr std::int64_t kMaxItems = 50'000'000;  // of all sequences together

}  // namespace

Builder::Inside::Inside(Builder& builder, Scope& scope, std::string_view what)
    : builder_(builder), outer_(builder.scope_) {
  if (builder.depth_ >= kMaxDepth) fail(ErrorCode::invalid_model, what, " nested too deeply or recursive");
  ++builder.depth_;
  builder.scope_ = &scope;
}

const TensorId* Builder::find(Scope& scope, const std::string& name) {
  if (const auto value = scope.values.find(name); value != scope.values.end()) return &value->second;
  const auto pending = scope.initializers.find(name);
  if (pending == scope.initializers.end()) {
    if (!scope.parent) return nullptr;
    if (!scope.boundary) return find(*scope.parent, name);
    const TensorId* outside = nullptr;
    {
      const Across across(*this, *scope.boundary);
      outside = find(*scope.parent, name);
    }
    return outside ? &(scope.values[name] = capture(*scope.boundary, *outside, name)) : nullptr;
  }
  // Functions and branches may be read again: only the main graph's own tensors are taken out of the message.
  const bool main_graph = scope.parent == nullptr;
  try {
    ConstantPtr constant = main_graph ? take_constant(*pending->second, external_) : constant_of(*pending->second);
    scope.initializers.erase(pending);
    return &(scope.values[name] = add_constant(name, std::move(constant)));
  } catch (const Error& error) {
    if (error.code() != ErrorCode::unsupported) throw;
    refusals_.push_back(error.what());
    return &(scope.values[name] = kRefused);
  }
}

TensorId Builder::lookup(const std::string& name, std::string_view reader) {
  if (const TensorId* found = find(name)) return *found;
  fail(ErrorCode::invalid_model, reader, " reads '", name, "', which is no input, no initializer and no node's output");
}

const Sequence* Builder::find_sequence(const std::string& name) { return find_sequence(*scope_, name); }

const Sequence* Builder::find_sequence(Scope& scope, const std::string& name) {
  if (const auto found = scope.sequences.find(name); found != scope.sequences.end()) return &found->second;
  if (!scope.parent || scope.values.contains(name) || scope.initializers.contains(name)) return nullptr;
  if (!scope.boundary) return find_sequence(*scope.parent, name);
  const Sequence* outside = nullptr;
  {
    const Across across(*this, *scope.boundary);
    outside = find_sequence(*scope.parent, name);
  }
  if (!outside) return nullptr;
  Sequence inside = *outside;
  for (TensorId& item : inside.items) item = capture(*scope.boundary, item, name);
  inside.packed = capture(*scope.boundary, inside.packed, name);
  return &(scope.sequences[name] = std::move(inside));
}

void Builder::bind_sequence(const std::string& name, Sequence sequence) {
  if (name.empty()) return;
  if ((items_ += static_cast<std::int64_t>(sequence.items.size())) > kMaxItems)
    fail(ErrorCode::invalid_model, "its sequences have more than ", kMaxItems, " tensors, copies included");
  scope_->sequences[name] = std::move(sequence);
}

Value Builder::value_of(const std::string& name, std::string_view reader) {
  if (const Sequence* const sequence = find_sequence(name)) return {kNone, *sequence, true};
  return {lookup(name, reader), {}, false};
}

void Builder::bind_value(const std::string& name, const Value& value) {
  if (value.is_sequence) bind_sequence(name, value.sequence);
  else bind(name, value.tensor);
}

TensorId Builder::capture(Boundary& boundary, TensorId outside, const std::string& name) {
  if (outside < 0) return outside;  // absent or refused there, so here too
  const graph::Tensor& tensor = boundary.beyond->tensor(outside);
  if (tensor.constant) return add_constant(tensor.name, tensor.constant);
  if (const auto known = boundary.numbers.find(outside); known != boundary.numbers.end())
    return graph_->inputs()[boundary.own + known->second];
  if (tensor.dtype == DataType::undefined) {
    refusals_.push_back(str("'", name, "', which a branch or a loop reads that is decided in a run, has an element ",
                            "type that is not known at import"));
    return kRefused;
  }
  boundary.numbers.emplace(outside, boundary.captured.size());
  boundary.captured.push_back(outside);
  const TensorId input =
      graph_->add_input(free_name(tensor_names_, tensor.name), tensor.dtype, tensor.dims, tensor.symbols);
  graph_->tensor(input).ranked = tensor.ranked;
  return input;
}

void Builder::give_back(Scope& inside, const std::string& name, const std::string& outer_name,
                        std::string_view reader) {
  if (const auto sequence = inside.sequences.find(name); sequence != inside.sequences.end())
    return bind_sequence(outer_name, std::move(sequence->second));
  Scope* const outer = std::exchange(scope_, &inside);
  const Sequence* const sequence = find_sequence(name);  // of the graph around a branch
  const TensorId value = sequence ? kNone : lookup(name, reader);
  scope_ = outer;
  if (sequence) return bind_sequence(outer_name, *sequence);
  scope_->values[outer_name] = value;
}

}  // namespace vireo::importer
