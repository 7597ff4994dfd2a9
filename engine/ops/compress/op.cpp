// The entries along `axis` (of the flattened input without it) whose condition is true. The extent inferred is the
// bound.
#include <algorithm>

#include "engine/ops/shared/shape.h"
#include "engine/ops/shared/varying.h"

namespace vireo::ops {

void compress_reference(const EvalContext&);

namespace {

void infer(InferContext& c) {
  c.require(c.dtype(1) == DataType::boolean, "the condition must be boolean");
  require_rank(c, 1, 1, 1);
  const Dims& in = c.dims(0);
  const bool flat = !c.attributes().has("axis");
  Dims out = flat ? Dims{known_product(c, in, 0, in.size())} : in;
  const std::size_t axis = flat ? 0 : static_cast<std::size_t>(c.axis(c.attributes().integer("axis", 0), c.rank(0)));
  if (const graph::Constant* condition = c.constant(1)) {
    const Ints chosen = to_integers(*condition);
    if (out[axis] == kUnknown) return c.output(0, c.dtype(0), out);
    const auto end = chosen.begin() + std::min<std::ptrdiff_t>(static_cast<std::ptrdiff_t>(chosen.size()), out[axis]);
    out[axis] = end - chosen.begin() - std::count(chosen.begin(), end, 0);
  } else if (out[axis] != kUnknown && c.dims(1)[0] != kUnknown) {
    out[axis] = std::min(out[axis], c.dims(1)[0]);
  }
  c.output(0, c.dtype(0), out);
}

std::int64_t data_dependent_axis(const graph::Attributes& a) { return a.integer("axis", 0); }

bool varying(VaryingContext& c) {  // but for the axis whose extent it makes
  if (!c.attributes().has("axis")) {
    c.output(0, {0}, c.positions(0));
    return true;
  }
  std::vector<int> axes = c.axes(0);
  axes[VaryingContext::wrap(c.attributes().integer("axis", 0), axes.size())] = 0;
  c.output(0, std::move(axes), c.positions(0));
  return true;
}

}  // namespace

extern const Operator compress_operator;
const Operator compress_operator{.name = "compress",
                                 .min_inputs = 2,
                                 .max_inputs = 2,
                                 .infer = infer,
                                 .reference = compress_reference,
                                 .data_dependent_axis = data_dependent_axis,
                                 .varying = varying};

}  // namespace vireo::ops
