// The input repeated along each axis as often as input 1 says.
#include "engine/ops/shared/shape.h"
#include "engine/ops/shared/varying.h"

namespace vireo::ops {

void tile_reference(const EvalContext&);
std::span<const Tactic> tile_tactics();

namespace {

void infer(InferContext& c) {
  Dims out = c.dims(0);
  Ints repeats;
  if (!c.integers(1, repeats)) {
    out.assign(out.size(), kUnknown);
    return c.output(0, c.dtype(0), out);
  }
  c.require(repeats.size() == out.size(), "repeats has " + std::to_string(repeats.size()) +
                                              " entries for an input of rank " + std::to_string(out.size()));
  for (std::size_t i = 0; i < out.size(); ++i) {
    c.require(repeats[i] >= 0, "repeats has the value " + std::to_string(repeats[i]) + ", accepted: 0 or more");
    out[i] = checked_mul(c, out[i], repeats[i], "an extent of the output");
  }
  c.output(0, c.dtype(0), out);
}

bool varying(VaryingContext& c) {
  Ints repeats;
  if (!c.integers(1, repeats)) return false;
  for (std::size_t i = 0; i < c.rank(0); ++i)
    if (c.axes(0)[i] != 0 && repeats[i] != 1) return false;
  c.output(0, c.axes(0), c.positions(0));
  return true;
}

}  // namespace

extern const Operator tile_operator;
const Operator tile_operator{.name = "tile",
                             .min_inputs = 2,
                             .max_inputs = 2,
                             .infer = infer,
                             .reference = tile_reference,
                             .tactics = tile_tactics,
                             .moves = true,
                             .varying = varying};

}  // namespace vireo::ops
