// Determinants of the square matrices that the last two axes are.
#include "engine/ops/shared/shape.h"

namespace vireo::ops {

void det_reference(const EvalContext&);

namespace {

void infer(InferContext& c) {
  require_float(c, 0);
  require_rank(c, 0, 2);
  const Dims& dims = c.dims(0);
  const std::int64_t rows = dims[dims.size() - 2], columns = dims.back();
  c.require(rows == columns || rows == kUnknown || columns == kUnknown,
            "takes square matrices, found " + to_string(dims));
  c.output(0, c.dtype(0), Dims(dims.begin(), dims.end() - 2));
}

double flops(const Problem& p) {
  const auto size = static_cast<double>(p.inputs[0].dims.back());
  return 2.0 / 3 * size * static_cast<double>(p.inputs[0].count());
}

}  // namespace

extern const Operator det_operator;
const Operator det_operator{.name = "det", .infer = infer, .reference = det_reference, .flops = flops, .costly = true};

}  // namespace vireo::ops
