// The last axis of the indices names a position (of the leading axes) of the data behind `batch_dims` shared axes.
#include "engine/ops/shared/shape.h"
#include "engine/ops/shared/varying.h"

namespace vireo::ops {

void gather_nd_reference(const EvalContext&);
std::span<const Tactic> gather_nd_tactics();

namespace {

void infer(InferContext& c) {
  const Dims &data = c.dims(0), &indices = c.dims(1);
  require_rank(c, 0, 1);
  require_rank(c, 1, 1);
  c.require(is_integer(c.dtype(1)), "indices must be integers");
  const std::int64_t batch = c.attributes().integer("batch_dims", 0), depth = indices.back();
  c.require(batch >= 0 && batch < c.rank(0) && batch < c.rank(1),
            "batch_dims is " + std::to_string(batch) + ", accepted: 0 or more, below the ranks of both inputs");
  for (std::size_t i = 0; i < static_cast<std::size_t>(batch); ++i)
    require_extent(c, 1, i, data[i], "data and indices share the batch");
  if (depth == kUnknown) return c.output_unranked(0, c.dtype(0));
  c.require(depth >= 0 && depth <= c.rank(0) - batch,
            "an index has " + std::to_string(depth) + " parts, the data have rank " + std::to_string(c.rank(0)));
  Dims out(indices.begin(), indices.end() - 1);
  out.insert(out.end(), data.begin() + batch + depth, data.end());
  c.output(0, c.dtype(0), out);
}

bool varying(VaryingContext& c) {
  const auto batch = static_cast<std::size_t>(c.attributes().integer("batch_dims", 0));
  const std::int64_t depth = c.dims(1).back();
  if (depth == kUnknown ||
      !std::equal(c.axes(0).begin(), c.axes(0).begin() + static_cast<std::ptrdiff_t>(batch), c.axes(1).begin()))
    return false;
  for (std::size_t i = batch; i < batch + static_cast<std::size_t>(depth); ++i)
    if (c.axes(0)[i] != 0 && !c.positions(1)) return false;  // as in gather
  std::vector<int> axes(c.axes(1).begin(), c.axes(1).end() - 1);
  axes.insert(axes.end(), c.axes(0).begin() + static_cast<std::ptrdiff_t>(batch) + depth, c.axes(0).end());
  c.output(0, std::move(axes), c.positions(0));
  return true;
}

}  // namespace

extern const Operator gather_nd_operator;
const Operator gather_nd_operator{.name = "gather_nd",
                                  .min_inputs = 2,
                                  .max_inputs = 2,
                                  .infer = infer,
                                  .reference = gather_nd_reference,
                                  .tactics = gather_nd_tactics,
                                  .moves = true,
                                  .varying = varying};

}  // namespace vireo::ops
