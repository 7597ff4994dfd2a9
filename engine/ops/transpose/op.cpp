// Axis i of the output is axis perm[i] of the input; without `perm` the axes are reversed.
#include "engine/ops/shared/shape.h"
#include "engine/ops/shared/varying.h"

namespace vireo::ops {

void transpose_reference(const EvalContext&);
std::span<const Tactic> transpose_tactics();

namespace {

void infer(InferContext& c) {
  const Dims& in = c.dims(0);
  Ints perm = c.attributes().integers("perm");
  if (!c.attributes().has("perm"))
    for (std::size_t i = in.size(); i-- > 0;) perm.push_back(static_cast<std::int64_t>(i));
  c.require(perm.size() == in.size(),
            "perm has " + std::to_string(perm.size()) + " entries for an input of rank " + std::to_string(in.size()));
  std::vector<bool> seen(in.size(), false);
  Dims out(in.size());
  for (std::size_t i = 0; i < perm.size(); ++i) {
    const auto axis = static_cast<std::size_t>(c.axis(perm[i], c.rank(0)));
    c.require(!seen[axis], "perm names axis " + std::to_string(perm[i]) + " twice");
    seen[axis] = true;
    out[i] = in[axis];
  }
  c.output(0, c.dtype(0), out);
}

bool varying(VaryingContext& c) {
  Ints perm = c.attributes().integers("perm");
  if (!c.attributes().has("perm"))
    for (std::size_t i = c.rank(0); i-- > 0;) perm.push_back(static_cast<std::int64_t>(i));
  std::vector<int> axes;
  for (const std::int64_t axis : perm) axes.push_back(c.axes(0)[VaryingContext::wrap(axis, c.rank(0))]);
  c.output(0, std::move(axes), c.positions(0));
  return true;
}

}  // namespace

extern const Operator transpose_operator;
const Operator transpose_operator{.name = "transpose",
                                  .infer = infer,
                                  .reference = transpose_reference,
                                  .tactics = transpose_tactics,
                                  .moves = true,
                                  .varying = varying};

}  // namespace vireo::ops
