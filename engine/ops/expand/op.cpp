// The input broadcast with the shape of input 1.
#include <algorithm>

#include "engine/ops/shared/shape.h"
#include "engine/ops/shared/varying.h"

namespace vireo::ops {

void expand_reference(const EvalContext&);
std::span<const Tactic> expand_tactics();

namespace {

void infer(InferContext& c) {
  Ints shape;
  if (c.integers(1, shape)) {
    for (std::size_t i = 0; i < shape.size(); ++i) {  // -1 leaves an extent of the input alone
      const std::size_t from_end = shape.size() - i;
      c.require(shape[i] >= 0 || (shape[i] == -1 && from_end <= c.dims(0).size()),
                "the shape has the extent " + std::to_string(shape[i]) +
                    ", accepted: 0 or more, or -1 for an extent of " + to_string(c.dims(0)));
      if (shape[i] == -1) shape[i] = c.dims(0)[c.dims(0).size() - from_end];
    }
    return c.output(0, c.dtype(0), broadcast(c, c.dims(0), shape));
  }
  const std::int64_t rank = length_of(c, 1);
  if (rank == kUnknown) return c.output_unranked(0, c.dtype(0));
  // An unknown extent leaves the input's where that is not 1.
  Dims out(static_cast<std::size_t>(std::max<std::int64_t>(rank, c.rank(0))), kUnknown);
  const Dims& in = c.dims(0);
  for (std::size_t i = 0; i < in.size(); ++i)
    if (in[i] > 1) out[out.size() - in.size() + i] = in[i];
  c.output(0, c.dtype(0), out);
}

bool varying(VaryingContext& c) {
  std::vector<Count> shape;
  if (!c.counts(1, shape)) return false;
  const std::size_t rank = std::max(shape.size(), c.rank(0));
  std::vector<int> axes(rank, 0);
  Dims dims(rank, 1);
  for (std::size_t i = 0; i < rank; ++i) {
    const bool inside = i + c.rank(0) >= rank, named = i + shape.size() >= rank;
    const std::size_t own = i + c.rank(0) - rank;
    const Count in = inside ? Count{c.axes(0)[own] ? 1 : c.dims(0)[own], c.axes(0)[own]} : Count{1, 0};
    const Count wanted = named ? shape[i + shape.size() - rank] : Count{1, 0};
    const bool as_it_is = wanted.varying == 0 && (wanted.number == 1 || wanted.number == -1);
    if (!as_it_is && wanted != in && in != Count{1, 0} && (wanted.varying == 0 || wanted.varying != in.varying))
      return false;
    const Count out = as_it_is ? in : wanted;
    axes[i] = out.varying;
    dims[i] = out.varying ? kUnknown : out.number;
  }
  c.output(0, std::move(axes), c.positions(0));
  c.output_dims(0, std::move(dims));
  return true;
}

}  // namespace

extern const Operator expand_operator;
const Operator expand_operator{.name = "expand",
                               .min_inputs = 2,
                               .max_inputs = 2,
                               .infer = infer,
                               .reference = expand_reference,
                               .tactics = expand_tactics,
                               .moves = true,
                               .varying = varying};

}  // namespace vireo::ops
