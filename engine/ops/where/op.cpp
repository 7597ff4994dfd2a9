// output = condition ? x : y, the three broadcast to each other.
#include "engine/ops/shared/shape.h"
#include "engine/ops/shared/varying.h"

namespace vireo::ops {

void where_reference(const EvalContext&);
std::span<const Tactic> where_tactics();

namespace {

void infer(InferContext& c) {
  c.require(c.dtype(0) == DataType::boolean,
            "the condition must be boolean, found " + std::string(to_string(c.dtype(0))));
  c.require(c.dtype(1) == c.dtype(2), "the two values must have one type, found " + std::string(to_string(c.dtype(1))) +
                                          " and " + std::string(to_string(c.dtype(2))));
  c.output(0, c.dtype(1), broadcast(c, broadcast(c, c.dims(0), c.dims(1)), c.dims(2)));
}

bool varying(VaryingContext& c) { return varying_elementwise(c); }

}  // namespace

extern const Operator where_operator;
const Operator where_operator{.name = "where",
                              .min_inputs = 3,
                              .max_inputs = 3,
                              .infer = infer,
                              .reference = where_reference,
                              .tactics = where_tactics,
                              .axis_order = AxisOrder::free_together,
                              .varying = varying};

}  // namespace vireo::ops
