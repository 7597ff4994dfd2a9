// ONNX's Loop (and Scan, which the importer writes as one). Inputs: the most iterations (int64, one element, or
// absent), the condition before the first (boolean, one element, or absent), `carried` tensors that each iteration
// takes and hands on, then what the body reads of the network around it, then large constants of the body. The
// attribute `body` is the body as network text (graph/text.h): its inputs are the number of the iteration, the
// condition and the layer's inputs from 2 on (as many as it has); its outputs the condition, what is carried, and
// entries of tensors that are stacked along a new first axis. A constant that is not written inline has the number of
// the layer's input that holds it as its offset. Outputs: what is carried, then what is stacked. The extents of what is
// carried may change from one iteration to the next; those of an entry that is stacked may not.
#include <algorithm>
#include <cstring>

#include "engine/base/text.h"
#include "engine/graph/evaluate.h"
#include "engine/graph/extract.h"
#include "engine/graph/text.h"
#include "engine/ops/shared/open.h"
#include "engine/ops/shared/shape.h"
#include "engine/ops/table.h"

namespace vireo::ops {
namespace {

using graph::Constant;
using graph::ConstantPtr;
using graph::Graph;
using graph::kNone;
using graph::LoopBody;
using graph::Tensor;
using graph::TensorId;

constexpr std::int64_t kMostIterations = 100'000;  // by the reference: it is for tests and comparisons

std::size_t size(int count) { return static_cast<std::size_t>(count); }

std::size_t carried_of(const Attributes& attributes) {
  const std::int64_t carried = attributes.integer("carried", 0);
  if (carried < 0 || carried > 1 << 20)
    base::fail(ErrorCode::invalid_model, "attribute 'carried' is ", carried, "; accepted: 0 to 2^20");
  return static_cast<std::size_t>(carried);
}

bool holds_one(const Tensor& t, DataType dtype) {
  return t.dtype == dtype && t.is_static() && element_count(t.dims) == 1;
}

/// The body, with the right number of inputs and outputs, the same type of what is carried on both sides.
Graph read(const Attributes& attributes, const std::function<ConstantPtr(std::size_t)>& value) {
  const auto fetch = [&](const std::string& name, DataType dtype, const Dims& dims, std::size_t number,
                         std::optional<std::uint64_t>) {
    ConstantPtr constant = value(number);
    if (!constant || constant->dtype != dtype || constant->dims != dims)
      base::fail(ErrorCode::invalid_model, "a loop's constant '", name, "' (", dtype, " ", dims, ") is not what input ",
                 number, " of the layer holds");
    return constant;
  };
  Graph body = graph::parse_text(attributes.text("body", ""), find_operator, fetch);
  const std::size_t carried = carried_of(attributes);
  if (body.inputs().size() < 2 + carried || body.outputs().size() < 1 + carried)
    base::fail(ErrorCode::invalid_model, "a loop that carries ", carried, " tensors has a body of ",
               body.inputs().size(), " inputs and ", body.outputs().size(), " outputs");
  if (!holds_one(body.tensor(body.inputs()[0]), DataType::int64) ||
      !holds_one(body.tensor(body.inputs()[1]), DataType::boolean))
    base::fail(ErrorCode::invalid_model, "a loop's body takes the number of the iteration (int64) and the condition");
  if (body.tensor(body.outputs()[0].tensor).dtype != DataType::boolean)
    base::fail(ErrorCode::invalid_model, "a loop's body gives ", body.tensor(body.outputs()[0].tensor).dtype,
               " as its condition, not a boolean");
  for (std::size_t k = 0; k < carried; ++k) {
    const DataType in = body.tensor(body.inputs()[2 + k]).dtype, out = body.tensor(body.outputs()[1 + k].tensor).dtype;
    if (in != out) base::fail(ErrorCode::invalid_model, "a loop carries ", in, " and hands on ", out);
  }
  return body;
}

/// Whether nothing but the number of iterations ends the loop.
bool always_holds(const Attributes& attributes, const Graph& body) {
  if (attributes.integer("counted", 0) != 0) return true;
  const TensorId condition = body.outputs()[0].tensor;
  const ConstantPtr& value = body.tensor(condition).constant;
  return condition == body.inputs()[1] || (value && value->count() == 1 && graph::to_integers(*value)[0] != 0);
}

/// Extents of what is carried, as far as they stay what they are before the first iteration.
void settle(Graph& body, std::size_t carried) {
  constexpr int kMostRounds = 32;  // one tells what is carried from what; hostile bodies may hand on and on
  bool changed = true;
  for (int round = 0; changed; ++round) {
    changed = false;
    body.infer_all();
    for (std::size_t k = 0; k < carried; ++k) {
      Tensor& in = body.tensor(body.inputs()[2 + k]);
      const Tensor& out = body.tensor(body.outputs()[1 + k].tensor);
      if (!in.ranked) continue;
      if (round > kMostRounds || !out.ranked || out.dims.size() != in.dims.size()) {
        in.ranked = false;
        in.dims.clear();
        changed = true;
        continue;
      }
      for (std::size_t i = 0; i < in.dims.size(); ++i) {
        if (in.dims[i] == kUnknown || in.dims[i] == out.dims[i]) continue;
        in.dims[i] = kUnknown;
        changed = true;
      }
    }
  }
}

/// What is stacked where there is no iteration: extents that nothing tells are 0.
Dims stack_of_none(const graph::TensorType& entry) {
  Dims dims{0};
  if (entry.ranked) dims.insert(dims.end(), entry.dims.begin(), entry.dims.end());
  for (std::int64_t& extent : dims) extent = std::max<std::int64_t>(extent, 0);
  return dims;
}

void infer(InferContext& c) {
  const auto count = size(c.input_count());
  const std::size_t carried = carried_of(c.attributes());
  c.require(!c.has_input(0) || c.dtype(0) == DataType::int64, "the number of iterations should be int64");
  c.require(!c.has_input(1) || c.dtype(1) == DataType::boolean, "the condition should be boolean");
  for (const int k : {0, 1})
    if (c.ranked(k)) require_single(c, k);
  Graph body = read(c.attributes(), [&](std::size_t k) { return c.value(static_cast<int>(std::min(count, k))); });
  c.require(count >= body.inputs().size(),
            base::str("the body takes ", body.inputs().size(), " inputs, the layer has ", count));
  c.require(size(c.output_count()) == body.outputs().size() - 1,
            base::str("the body gives ", body.outputs().size() - 1, " results, the layer has ", c.output_count()));
  for (std::size_t k = 2; k < body.inputs().size(); ++k) {
    const auto at = static_cast<int>(k);
    Tensor& inside = body.tensor(body.inputs()[k]);
    c.require(c.has_input(at), base::str("input ", k, " is missing"));
    c.require(c.dtype(at) == inside.dtype, base::str("the body takes ", inside.dtype, " for input ", k));
    inside.ranked = c.ranked(at);
    inside.dims = inside.ranked ? c.dims(at) : Dims{};
    if (k >= 2 + carried) inside.constant = c.value(at);
  }
  settle(body, carried);
  c.require(c.has_input(0) || !always_holds(c.attributes(), body), "nothing ends the loop");
  Ints most, holds{1};
  bool known = c.integers(0, most) && most.size() == 1 && always_holds(c.attributes(), body);
  if (c.has_input(1)) known = known && c.integers(1, holds) && holds.size() == 1;
  const std::int64_t trips = !known ? kUnknown : holds[0] ? std::max<std::int64_t>(most[0], 0) : 0;
  for (std::size_t k = 0; k + 1 < body.outputs().size(); ++k) {
    const Tensor& t = body.tensor(k < carried ? body.inputs()[2 + k] : body.outputs()[1 + k].tensor);
    const auto at = static_cast<int>(k);
    if (!t.ranked) {
      c.output_unranked(at, t.dtype);
      continue;
    }
    Dims dims = t.dims;
    if (k >= carried) dims.insert(dims.begin(), trips);
    c.output(at, t.dtype, std::move(dims));
  }
}

LoopBody loop_body(const Attributes& attributes, std::span<const ConstantPtr> inputs) {
  Graph body = read(attributes, [&](std::size_t k) { return k < inputs.size() ? inputs[k] : nullptr; });
  LoopBody made;
  made.carried = carried_of(attributes);
  made.breaks = !always_holds(attributes, body);
  for (std::size_t k = 2 + made.carried; k < body.inputs().size() && k < inputs.size(); ++k) {
    if (!inputs[k]) continue;
    const TensorId input = body.inputs()[k];
    if (inputs[k]->dtype != body.tensor(input).dtype)
      base::fail(ErrorCode::invalid_model, "a loop's body takes ", body.tensor(input).dtype, " for input ", k,
                 " of the layer, which is ", inputs[k]->dtype);
    body.replace_uses(input, body.add_constant(body.unique_name(body.tensor(input).name), inputs[k]));
  }
  graph::Extract extract(body, made.graph);
  for (const TensorId input : body.inputs()) extract.input(input, body.tensor(input).name);
  for (const graph::LayerId id : body.topological_order()) extract.layer(id);
  std::vector<TensorId> given;  // of the outputs so far
  Attributes identity;
  identity.set("function", std::string("identity"));
  for (const Graph::Output& output : body.outputs()) {
    const auto input = std::find(body.inputs().begin(), body.inputs().end(), output.tensor);
    const auto before = std::find(given.begin(), given.end(), output.tensor);
    if (input != body.inputs().end()) {
      made.results.push_back(-1 - static_cast<int>(input - body.inputs().begin()));
      continue;
    }
    made.results.push_back(static_cast<int>(before - given.begin()));
    if (before != given.end()) continue;
    given.push_back(output.tensor);
    TensorId t = extract.tensor(output.tensor);
    if (made.graph.tensor(t).constant) {
      const graph::LayerId copy = made.graph.add_layer(*find_operator("unary"), output.name, {t}, identity);
      t = made.graph.layer(copy).outputs[0];
    }
    made.graph.mark_output(t, output.name);
  }
  made.graph.infer_all();
  return made;
}

ConstantPtr copy_of(const View& view) {
  if (!view.present()) return nullptr;
  return graph::make_constant(view.dtype, view.dims, view.data, byte_count(view.dtype, view.dims));
}

/// Entry by entry, behind each other.
void stack(const std::vector<ConstantPtr>& entries, const graph::TensorType& type, std::size_t output,
           const graph::PlaceOutput& place) {
  if (entries.empty()) {
    (void)place(output, stack_of_none(type));
    return;
  }
  Dims dims = entries[0]->dims;
  dims.insert(dims.begin(), static_cast<std::int64_t>(entries.size()));
  auto* to = static_cast<std::byte*>(place(output, dims));
  for (const ConstantPtr& entry : entries) {
    if (entry->dims != entries[0]->dims)
      base::fail(ErrorCode::invalid_argument, "a loop stacks a tensor of ", entry->dims, " upon one of ",
                 entries[0]->dims);
    if (entry->bytes()) std::memcpy(to, entry->read(), entry->bytes());
    to += entry->bytes();
  }
}

/// By the references, iteration by iteration.
void evaluate_open(const Attributes& attributes, std::span<const View> inputs, const graph::PlaceOutput& place) {
  std::vector<ConstantPtr> values;
  for (const View& view : inputs) values.push_back(copy_of(view));
  LoopBody body = loop_body(attributes, values);
  const std::size_t carried = body.carried, count = body.graph.inputs().size();
  if (values.size() < count) base::fail(ErrorCode::invalid_model, "a loop's body takes ", count, " inputs");
  std::vector<ConstantPtr> given(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(count));
  const std::int64_t trips = values[0] ? graph::to_integers(*values[0]).at(0) : INT64_MAX;
  std::uint8_t holds = !values[1] || graph::to_integers(*values[1]).at(0) != 0;
  const Dims trip_dims = body.graph.tensor(body.graph.inputs()[0]).dims,
             condition_dims = body.graph.tensor(body.graph.inputs()[1]).dims;
  std::vector<std::vector<ConstantPtr>> stacks(body.results.size() - 1 - carried);
  for (std::int64_t i = 0; i < trips && holds; ++i) {
    if (i == kMostIterations)
      base::fail(ErrorCode::unsupported, "more than ", kMostIterations, " iterations of a loop by the reference");
    given[0] = graph::make_constant(DataType::int64, trip_dims, &i, sizeof i);
    given[1] = graph::make_constant(DataType::boolean, condition_dims, &holds, 1);
    const std::vector<ConstantPtr> made = graph::evaluate_graph(body.graph, given);
    std::vector<ConstantPtr> results;
    for (const int k : body.results) results.push_back(k < 0 ? given[size(-1 - k)] : made[size(k)]);
    if (results[0]->count() != 1)
      base::fail(ErrorCode::invalid_argument, "a loop's condition is ", results[0]->dims, ", not one boolean");
    holds = graph::to_integers(*results[0])[0] != 0;
    for (std::size_t k = 0; k < carried; ++k) given[2 + k] = results[1 + k];
    for (std::size_t k = 0; k < stacks.size(); ++k) stacks[k].push_back(results[1 + carried + k]);
  }
  for (std::size_t k = 0; k < carried; ++k) {
    void* const to = place(k, given[2 + k]->dims);
    if (given[2 + k]->bytes()) std::memcpy(to, given[2 + k]->read(), given[2 + k]->bytes());
  }
  for (std::size_t k = 0; k < stacks.size(); ++k) {
    const int from = body.results[1 + carried + k];
    const Tensor& t = from < 0 ? body.graph.tensor(body.graph.inputs()[size(-1 - from)])
                               : body.graph.tensor(body.graph.outputs()[size(from)].tensor);
    stack(stacks[k], {t.dtype, t.ranked, t.dims}, carried + k, place);
  }
}

}  // namespace

extern const Operator loop_operator;
const Operator loop_operator{.name = "loop",
                             .min_inputs = 0,
                             .max_inputs = -1,
                             .max_outputs = -1,
                             .infer = infer,
                             .reference = reference_of_open<evaluate_open>,
                             .evaluate_open = evaluate_open,
                             .loop_body = loop_body,
                             .costly = true};

}  // namespace vireo::ops
