// One of two branches, by a condition that is not known yet: inputs condition (boolean, one element), then what the
// branches read. The attributes `then` and `else` are the branches as network text (graph/text.h): the inputs of each
// are the layer's inputs from 1 on; a constant that is not written inline has the number of the layer's input that
// holds it as its offset. `types`: the numbers of the outputs' element types; `shape<k>`: extents of output k as far
// as both branches agree on them (-1: not), absent where not even the rank is known. `then_fails`, `else_fails`, in the
// place of an impossible branch: what is wrong with it, which is an error only when it is taken.
#include <cstring>

#include "engine/base/text.h"
#include "engine/graph/evaluate.h"
#include "engine/graph/text.h"
#include "engine/ops/shared/shape.h"
#include "engine/ops/table.h"

namespace vireo::ops {
namespace {

using graph::Constant;
using graph::ConstantPtr;
using graph::Graph;

void infer(InferContext& c) {
  c.require(c.dtype(0) == DataType::boolean || c.dtype(0) == DataType::undefined, "the condition should be boolean");
  require_single(c, 0);
  const Ints types = c.attributes().integers("types");
  c.require(types.size() == static_cast<std::size_t>(c.output_count()),
            base::str("attribute 'types' names ", types.size(), " outputs, the layer has ", c.output_count()));
  for (std::size_t k = 0; k < types.size(); ++k) {
    const bool known = types[k] >= 0 && types[k] <= static_cast<std::int64_t>(DataType::int2) &&
                       size_of(static_cast<DataType>(types[k])) > 0;
    c.require(known, base::str("attribute 'types' has ", types[k], ", which is no element type of a tensor"));
    const auto dtype = static_cast<DataType>(types[k]);
    const std::string name = base::str("shape", k);
    if (!c.attributes().has(name)) {
      c.output_unranked(static_cast<int>(k), dtype);
      continue;
    }
    const Dims dims = c.attributes().integers(name);
    for (const std::int64_t extent : dims)
      c.require(extent >= kUnknown, base::str("attribute '", name, "' has the extent ", extent));
    c.output(static_cast<int>(k), dtype, dims);
  }
}

Graph body(const Attributes& attributes, const Constant& condition, std::span<const ConstantPtr> inputs) {
  if (condition.dtype != DataType::boolean || condition.count() != 1)
    base::fail(ErrorCode::invalid_model, "a condition should be one boolean, not ", condition.dtype, " ",
               condition.dims);
  const bool holds = graph::to_integers(condition)[0] != 0;
  const std::string why = attributes.text(holds ? "then_fails" : "else_fails", "");
  if (!why.empty()) base::fail(ErrorCode::invalid_model, "its ", holds ? "then" : "else", " branch can't be: ", why);
  const auto fetch = [inputs](const std::string& name, DataType dtype, const Dims& dims, std::size_t number,
                              std::optional<std::uint64_t>) {
    const ConstantPtr value = number < inputs.size() ? inputs[number] : nullptr;
    if (!value || value->dtype != dtype || value->dims != dims)
      base::fail(ErrorCode::invalid_model, "a branch's constant '", name, "' (", dtype, " ", dims,
                 ") is not what input ", number, " of the layer holds");
    return value;
  };
  return graph::parse_text(attributes.text(holds ? "then" : "else", ""), find_operator, fetch);
}

void reference(const EvalContext& c) {
  std::vector<ConstantPtr> values;
  for (const View& view : c.inputs)
    values.push_back(!view.present()
                         ? nullptr
                         : graph::make_constant(view.dtype, view.dims, view.data, byte_count(view.dtype, view.dims)));
  if (values.empty() || !values[0]) base::fail(ErrorCode::invalid_model, "a branch without a condition");
  const Graph branch = body(c.attributes, *values[0], values);
  std::vector<ConstantPtr> given;
  for (std::size_t k = 0; k < branch.inputs().size(); ++k) {
    if (k + 1 >= values.size() || !values[k + 1])
      base::fail(ErrorCode::invalid_model, "a branch reads input ", k + 1, ", which the layer doesn't have");
    given.push_back(values[k + 1]);
  }
  const std::vector<ConstantPtr> results = graph::evaluate_graph(branch, given);
  if (results.size() != c.outputs.size())
    base::fail(ErrorCode::invalid_model, "a branch has ", results.size(), " outputs, the layer ", c.outputs.size());
  for (std::size_t k = 0; k < results.size(); ++k) {
    View& output = c.outputs[k];
    if (results[k]->dtype != output.dtype || results[k]->dims != output.dims)
      base::fail(ErrorCode::invalid_model, "a branch gives ", results[k]->dtype, " ", results[k]->dims, ", not ",
                 output.dtype, " ", output.dims);
    if (results[k]->bytes()) std::memcpy(output.data, results[k]->read(), results[k]->bytes());
  }
}

}  // namespace

extern const Operator if_operator;
const Operator if_operator{.name = "if",
                           .min_inputs = 1,
                           .max_inputs = -1,
                           .max_outputs = -1,
                           .infer = infer,
                           .reference = reference,
                           .body = body};

}  // namespace vireo::ops
