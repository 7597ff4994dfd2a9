// Keeps the upper (`upper` 1) or lower triangle of the last two axes, moved by k (input 1) diagonals; zero elsewhere.
#include "engine/ops/shared/shape.h"

namespace vireo::ops {

void trilu_reference(const EvalContext&);

namespace {

void infer(InferContext& c) {
  require_rank(c, 0, 2);
  require_single(c, 1);
  infer_same(c);
}

std::vector<Case> cases() {
  const std::vector<DataType> types{DataType::float32, DataType::int64};
  return {{.name = "upper", .inputs = {{2, 4, 5}}},
          {.name = "lower",
           .inputs = {{5, 4}, {}},
           .attributes = attributes({{"upper", 0}}),
           .dtypes = types,
           .constants = {{1, {-1}}}},
          {.name = "beyond",
           .inputs = {{3, 3}, {}},
           .dtypes = {DataType::int64, DataType::int64},
           .constants = {{1, {9}}}}};
}

}  // namespace

extern const Operator trilu_operator;
const Operator trilu_operator{.name = "trilu",
                              .min_inputs = 1,
                              .max_inputs = 2,
                              .infer = infer,
                              .reference = trilu_reference,
                              .cases = cases,
                              .keeps = KeptExtents::all};

}  // namespace vireo::ops
