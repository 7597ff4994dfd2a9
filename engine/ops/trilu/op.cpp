// Keeps the upper (`upper` 1) or lower triangle of the last two axes, moved by k (input 1) diagonals; zero elsewhere.
#include "engine/ops/shared/shape.h"

namespace vireo::ops {

void trilu_reference(const EvalContext&);
std::span<const Tactic> trilu_tactics();

namespace {

void infer(InferContext& c) {
  if (c.has_input(1)) require_computable(c, 1);
  require_rank(c, 0, 2);
  require_single(c, 1);
  infer_same(c);
}

}  // namespace

extern const Operator trilu_operator;
const Operator trilu_operator{.name = "trilu",
                              .min_inputs = 1,
                              .max_inputs = 2,
                              .infer = infer,
                              .reference = trilu_reference,
                              .tactics = trilu_tactics,
                              .keeps = KeptExtents::all};

}  // namespace vireo::ops
