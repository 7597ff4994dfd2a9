// Drops the axes of extent 1 named by input 1, or all of them.

#include <algorithm>

#include "engine/ops/shared/flat_copy.h"
#include "engine/ops/shared/shape.h"
#include "engine/ops/shared/varying.h"

namespace vireo::ops {

void squeeze_reference(const EvalContext&);

namespace {

void infer(InferContext& c) {
  const Dims& in = c.dims(0);
  Ints axes;
  if (c.has_input(1) && !c.integers(1, axes)) return c.output_unranked(0, c.dtype(0));
  if (!c.has_input(1) && !is_static(in)) return c.output_unranked(0, c.dtype(0));
  std::vector<bool> drop(in.size(), false);
  for (std::size_t i = 0; i < in.size(); ++i) drop[i] = !c.has_input(1) && in[i] == 1;
  for (std::int64_t given : axes) {
    const auto axis = static_cast<std::size_t>(c.axis(given, c.rank(0)));
    c.require(in[axis] == 1 || in[axis] == kUnknown,
              "axis " + std::to_string(given) + " of " + to_string(in) + " is not 1");
    drop[axis] = true;
  }
  Dims out;
  for (std::size_t i = 0; i < in.size(); ++i)
    if (!drop[i]) out.push_back(in[i]);
  c.output(0, c.dtype(0), out);
}

bool varying(VaryingContext& c) {
  Ints given;
  if (!c.integers(1, given)) return false;
  std::vector<int> axes;
  for (std::size_t i = 0; i < c.rank(0); ++i) {
    const bool drop = std::any_of(given.begin(), given.end(),
                                  [&](std::int64_t axis) { return VaryingContext::wrap(axis, c.rank(0)) == i; });
    if (drop && c.axes(0)[i] != 0) return false;
    if (!drop) axes.push_back(c.axes(0)[i]);
  }
  std::vector<Count> counts;
  if (c.has_counts(0) && c.counts(0, counts)) c.output_counts(0, std::move(counts));
  c.output(0, std::move(axes), c.positions(0));
  return true;
}

}  // namespace

extern const Operator squeeze_operator;
const Operator squeeze_operator{.name = "squeeze",
                                .min_inputs = 1,
                                .max_inputs = 2,
                                .infer = infer,
                                .reference = squeeze_reference,
                                .tactics = flat_copy_tactics,
                                .alias = true,
                                .moves = true,
                                .varying = varying};

}  // namespace vireo::ops
