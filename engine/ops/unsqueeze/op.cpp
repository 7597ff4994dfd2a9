// Inserts axes of extent 1: input 1 names them in the output.
#include "engine/ops/shared/flat_copy.h"
#include "engine/ops/shared/shape.h"
#include "engine/ops/shared/varying.h"

namespace vireo::ops {

void unsqueeze_reference(const EvalContext&);

namespace {

void infer(InferContext& c) {
  const Dims& in = c.dims(0);
  Ints axes;
  if (!c.integers(1, axes)) {
    const std::int64_t count = length_of(c, 1);
    if (count == kUnknown) return c.output_unranked(0, c.dtype(0));
    return c.output(0, c.dtype(0), Dims(in.size() + static_cast<std::size_t>(count), kUnknown));
  }
  const std::size_t rank = in.size() + axes.size();
  std::vector<bool> inserted(rank, false);
  for (std::int64_t given : axes) {
    const auto axis = static_cast<std::size_t>(c.axis(given, static_cast<int>(rank)));
    c.require(!inserted[axis], "axis " + std::to_string(given) + " is named twice");
    inserted[axis] = true;
  }
  Dims out(rank, 1);
  for (std::size_t i = 0, next = 0; i < rank; ++i)
    if (!inserted[i]) out[i] = in[next++];
  c.output(0, c.dtype(0), out);
}

bool varying(VaryingContext& c) {
  Ints given;
  if (!c.integers(1, given)) return false;
  const std::size_t rank = c.rank(0) + given.size();
  std::vector<int> axes(rank, -1);
  for (const std::int64_t axis : given) axes[VaryingContext::wrap(axis, rank)] = 0;
  for (std::size_t i = 0, next = 0; i < rank; ++i)
    if (axes[i] == -1) axes[i] = c.axes(0)[next++];
  std::vector<Count> counts;
  if (c.has_counts(0) && c.counts(0, counts)) c.output_counts(0, std::move(counts));
  c.output(0, std::move(axes), c.positions(0));
  return true;
}

}  // namespace

extern const Operator unsqueeze_operator;
const Operator unsqueeze_operator{.name = "unsqueeze",
                                  .min_inputs = 2,
                                  .max_inputs = 2,
                                  .infer = infer,
                                  .reference = unsqueeze_reference,
                                  .tactics = flat_copy_tactics,
                                  .alias = true,
                                  .moves = true,
                                  .varying = varying};

}  // namespace vireo::ops
