// Same elements, another shape (input 1): 0 copies the extent of the input unless `allowzero`, one -1 is inferred.
#include "engine/ops/shared/flat_copy.h"
#include "engine/ops/shared/shape.h"
#include "engine/ops/shared/varying.h"

namespace vireo::ops {

void reshape_reference(const EvalContext&);

namespace {

/// The extent that -1 stands for: input extents that are copied by a 0 cancel even when they are unknown.
std::int64_t inferred_extent(const InferContext& c, const Dims& in, const Ints& shape, bool allow_zero) {
  std::int64_t have = 1, want = 1;
  for (std::size_t i = 0; i < in.size(); ++i) {
    if (!allow_zero && i < shape.size() && shape[i] == 0) continue;
    if (in[i] == kUnknown) return kUnknown;
    have = checked_mul(c, have, in[i], "the elements of the input");
  }
  for (std::int64_t s : shape)
    if (s > 0) want = checked_mul(c, want, s, "the elements of the shape");
  c.require(want > 0 && have % want == 0, "can't reshape " + to_string(in) + " to " + to_string(shape));
  return have / want;
}

void infer(InferContext& c) {
  const Dims& in = c.dims(0);
  Ints shape;
  if (!c.integers(1, shape)) {
    const std::int64_t rank = length_of(c, 1);
    if (rank == kUnknown) return c.output_unranked(0, c.dtype(0));
    return c.output(0, c.dtype(0), Dims(static_cast<std::size_t>(rank), kUnknown));
  }
  const bool allow_zero = c.attributes().integer("allowzero", 0) != 0;
  Dims out = shape;
  int inferred = -1;
  for (std::size_t i = 0; i < shape.size(); ++i) {
    if (shape[i] == 0 && !allow_zero) {
      c.require(i < in.size(), "the shape copies extent " + std::to_string(i) + ", the input is " + to_string(in));
      out[i] = in[i];
    } else if (shape[i] == -1) {
      c.require(inferred < 0, "more than one -1 in the shape " + to_string(shape));
      inferred = static_cast<int>(i);
    } else {
      c.require(shape[i] >= 0, "negative extent " + std::to_string(shape[i]) + " in the shape");
    }
  }
  if (inferred >= 0) out[static_cast<std::size_t>(inferred)] = inferred_extent(c, in, shape, allow_zero);
  const std::int64_t before = known_product(c, in, 0, in.size()), after = known_product(c, out, 0, out.size());
  c.require(before == kUnknown || after == kUnknown || before == after,
            "can't reshape " + to_string(in) + " to " + to_string(shape));
  c.output(0, c.dtype(0), out);
}

bool varying(VaryingContext& c) {
  std::vector<Count> target;
  if (!c.counts(1, target)) return false;
  std::vector<Count> counts;
  if (c.has_counts(0) && c.counts(0, counts)) c.output_counts(0, std::move(counts));
  // An extent that a run finds to be 0 means just that: nothing was found, and nobody meant to copy another extent.
  if (c.attributes().integer("allowzero", 0) == 0)
    for (std::size_t i = 0; i < target.size() && i < c.rank(0); ++i)
      if (target[i] == Count{}) target[i] = {c.axes(0)[i] ? 0 : c.dims(0)[i], c.axes(0)[i]};
  return varying_reshape(c, std::move(target));
}

}  // namespace

extern const Operator reshape_operator;
const Operator reshape_operator{.name = "reshape",
                                .min_inputs = 2,
                                .max_inputs = 2,
                                .infer = infer,
                                .reference = reshape_reference,
                                .tactics = flat_copy_tactics,
                                .alias = true,
                                .moves = true,
                                .varying = varying};

}  // namespace vireo::ops
