// Into how many pieces each text is cut by text_split with the same `delimiter` and `maxsplit` (negative: any number of
// cuts), int64; output 1, a scalar: the largest of these numbers, 0 where there is no text.
#include "engine/ops/shared/shape.h"

namespace vireo::ops {

void text_count_reference(const EvalContext&);

namespace {

void infer(InferContext& c) {
  c.require(c.dtype(0) == DataType::string, "takes texts, found " + std::string(to_string(c.dtype(0))));
  c.output(0, DataType::int64, c.dims(0));
  c.output(1, DataType::int64, {});
}

}  // namespace

extern const Operator text_count_operator;
const Operator text_count_operator{
    .name = "text_count", .min_outputs = 2, .max_outputs = 2, .infer = infer, .reference = text_count_reference};

}  // namespace vireo::ops
