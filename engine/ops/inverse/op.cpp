// The inverse of each matrix of the last two axes, by Gauss-Jordan elimination with the greatest pivot of a column. One
// that has none gives infinities or numbers that aren't.
#include "engine/ops/shared/shape.h"

namespace vireo::ops {

void inverse_reference(const EvalContext&);

namespace {

void infer(InferContext& c) {
  require_float(c, 0);
  require_rank(c, 0, 2);
  const Dims& x = c.dims(0);
  const std::int64_t rows = x[x.size() - 2], columns = x.back();
  c.require(rows == kUnknown || columns == kUnknown || rows == columns, "the matrices must be square");
  infer_same(c);
}

double flops(const Problem& p) {
  return 2 * static_cast<double>(p.inputs[0].count()) * static_cast<double>(p.inputs[0].dims.back());
}

}  // namespace

extern const Operator inverse_operator;
const Operator inverse_operator{.name = "inverse",
                                .infer = infer,
                                .reference = inverse_reference,
                                .flops = flops,
                                .keeps = KeptExtents::all,
                                .costly = true};

}  // namespace vireo::ops
