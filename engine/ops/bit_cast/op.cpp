// The same bits read as elements of another type of the same size, attribute `to`.
#include "engine/ops/shared/shape.h"
#include "engine/ops/shared/varying.h"

namespace vireo::ops {

void bit_cast_reference(const EvalContext&);

namespace {

void infer(InferContext& c) {
  const std::string name = c.attributes().text("to", "");
  const DataType to = data_type_from(name), from = c.dtype(0);
  c.require(size_of(to) > 0, "unknown element type '" + name + "'");
  c.require(size_of(to) == size_of(from), "an element of " + std::string(to_string(from)) + " has " +
                                              std::to_string(8 * size_of(from)) + " bits, one of " + name + " has " +
                                              std::to_string(8 * size_of(to)));
  c.output(0, to, c.dims(0));
}

}  // namespace

extern const Operator bit_cast_operator;
const Operator bit_cast_operator{.name = "bit_cast",
                                 .infer = infer,
                                 .reference = bit_cast_reference,
                                 .axis_order = AxisOrder::free,
                                 .keeps = KeptExtents::all,
                                 .varying = varying_elementwise};

}  // namespace vireo::ops
