// output[i][j]… = data[…index[i][j]……] along `axis`: the output has the shape of the indices.
#include "engine/ops/shared/shape.h"
#include "engine/ops/shared/varying.h"

namespace vireo::ops {

void gather_elements_reference(const EvalContext&);
std::span<const Tactic> gather_elements_tactics();

namespace {

void infer(InferContext& c) {
  c.require(c.rank(0) == c.rank(1), "data and indices must have one rank");
  c.require(is_integer(c.dtype(1)), "indices must be integers");
  const std::int64_t axis = c.axis(c.attributes().integer("axis", 0), c.rank(0));
  for (std::size_t i = 0; i < c.dims(0).size(); ++i) {
    const std::int64_t data = c.dims(0)[i], index = c.dims(1)[i];
    c.require(static_cast<std::int64_t>(i) == axis || data == kUnknown || index == kUnknown || index <= data,
              "indices reach outside the data along axis " + std::to_string(i));
  }
  c.output(0, c.dtype(0), c.dims(1));
}

bool varying(VaryingContext& c) {
  const std::size_t axis = VaryingContext::wrap(c.attributes().integer("axis", 0), c.rank(0));
  for (std::size_t i = 0; i < c.rank(0); ++i) {
    if (i == axis && c.axes(0)[i] != 0 && !c.positions(1)) return false;  // as in gather
    // Fewer indices than data are allowed: then the data's extent only has to be large enough.
    if (i != axis && c.axes(1)[i] != c.axes(0)[i] && c.axes(0)[i] != 0) return false;
  }
  c.output(0, c.axes(1), c.positions(0));
  return true;
}

}  // namespace

extern const Operator gather_elements_operator;
const Operator gather_elements_operator{.name = "gather_elements",
                                        .min_inputs = 2,
                                        .max_inputs = 2,
                                        .infer = infer,
                                        .reference = gather_elements_reference,
                                        .tactics = gather_elements_tactics,
                                        .moves = true,
                                        .varying = varying};

}  // namespace vireo::ops
