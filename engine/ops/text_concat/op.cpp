// Each text of input 0 with the one of input 1 behind it; broadcast to each other as in numpy.
#include "engine/ops/shared/shape.h"
#include "engine/ops/shared/varying.h"

namespace vireo::ops {

void text_concat_reference(const EvalContext&);

namespace {

void infer(InferContext& c) {
  for (int k = 0; k < 2; ++k)
    c.require(c.dtype(k) == DataType::string, "takes texts, found " + std::string(to_string(c.dtype(k))));
  c.output(0, DataType::string, broadcast(c, c.dims(0), c.dims(1)));
}

bool varying(VaryingContext& c) { return varying_elementwise(c); }

}  // namespace

extern const Operator text_concat_operator;
const Operator text_concat_operator{.name = "text_concat",
                                    .min_inputs = 2,
                                    .max_inputs = 2,
                                    .infer = infer,
                                    .reference = text_concat_reference,
                                    .axis_order = AxisOrder::free_together,
                                    .varying = varying};

}  // namespace vireo::ops
