// Two axes: the product of the extents before `axis` and of the others.
#include "engine/ops/shared/flat_copy.h"
#include "engine/ops/shared/shape.h"
#include "engine/ops/shared/varying.h"

namespace vireo::ops {

void flatten_reference(const EvalContext&);

namespace {

void infer(InferContext& c) {
  const Dims& in = c.dims(0);
  const std::int64_t given = c.attributes().integer("axis", 1);
  const auto axis = static_cast<std::size_t>(given == c.rank(0) ? given : c.axis(given, c.rank(0)));
  c.output(0, c.dtype(0), {known_product(c, in, 0, axis), known_product(c, in, axis, in.size())});
}

bool varying(VaryingContext& c) {
  const std::int64_t given = c.attributes().integer("axis", 1);
  const std::size_t axis = VaryingContext::wrap(given, c.rank(0));
  // One side of the two is inferred: the one with an extent that varies.
  std::vector<Count> target(2, {1, 0});
  for (std::size_t i = 0; i < c.rank(0); ++i) {
    Count& side = target[i < axis ? 0 : 1];
    if (c.axes(0)[i] == 0) side.number *= side.number == -1 ? 1 : c.dims(0)[i];
    else side.number = -1;
  }
  return target[0].number != -1 || target[1].number != -1 ? varying_reshape(c, std::move(target)) : false;
}

}  // namespace

extern const Operator flatten_operator;
const Operator flatten_operator{.name = "flatten",
                                .infer = infer,
                                .reference = flatten_reference,
                                .tactics = flat_copy_tactics,
                                .alias = true,
                                .moves = true,
                                .varying = varying};

}  // namespace vireo::ops
