// The number of elements of the input, a scalar int64.
#include "engine/ops/shared/shape.h"

namespace vireo::ops {

void size_reference(const EvalContext&);

namespace {

void infer(InferContext& c) { c.output(0, DataType::int64, {}); }

}  // namespace

extern const Operator size_operator;
const Operator size_operator{.name = "size", .infer = infer, .reference = size_reference};

}  // namespace vireo::ops
