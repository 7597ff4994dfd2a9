// A matrix of the shape of the input: 1 on diagonal `k`, 0 elsewhere; type `dtype` (that of the input without it).
#include "engine/ops/shared/shape.h"

namespace vireo::ops {

void eye_like_reference(const EvalContext&);
std::span<const Tactic> eye_like_tactics();

namespace {

void infer(InferContext& c) {
  require_rank(c, 0, 2, 2);
  const DataType type = c.attributes().has("dtype") ? data_type_from(c.attributes().text("dtype", "")) : c.dtype(0);
  c.require(size_of(type) > 0 && !is_narrow(type) && type != DataType::string,
            "makes the types that are computed with only");
  c.output(0, type, c.dims(0));
}

}  // namespace

extern const Operator eye_like_operator;
const Operator eye_like_operator{.name = "eye_like",
                                 .infer = infer,
                                 .reference = eye_like_reference,
                                 .tactics = eye_like_tactics,
                                 .keeps = KeptExtents::all};

}  // namespace vireo::ops
