// Positions of the elements that are not zero, one column each: int64 [rank, count]. The count inferred is the bound.
#include "engine/ops/shared/shape.h"
#include "engine/ops/shared/varying.h"

namespace vireo::ops {

void non_zero_reference(const EvalContext&);
void non_zero_evaluate(const EvalContext&);

namespace {

void infer(InferContext& c) {
  require_computable(c, 0);
  c.output(0, DataType::int64, {c.rank(0), known_product(c, c.dims(0), 0, c.dims(0).size())});
}

std::int64_t data_dependent_axis(const graph::Attributes&) { return 1; }

bool varying(VaryingContext& c) {
  c.output(0, {0, 0}, true);
  return true;
}

}  // namespace

extern const Operator non_zero_operator;
const Operator non_zero_operator{.name = "non_zero",
                                 .infer = infer,
                                 .reference = non_zero_reference,
                                 .data_dependent_axis = data_dependent_axis,
                                 .evaluate_data_dependent = non_zero_evaluate,
                                 .varying = varying};

}  // namespace vireo::ops
