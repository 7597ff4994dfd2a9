// A copy of the data with updates written (or by `reduction` add, mul, max, min) at positions named by the last axis of
// the indices.
#include "engine/ops/shared/scatter.h"
#include "engine/ops/shared/shape.h"

namespace vireo::ops {

void scatter_nd_reference(const EvalContext&);
std::span<const Tactic> scatter_nd_tactics();

namespace {

void infer(InferContext& c) {
  ScatterReduction reduction{};
  c.require(scatter_reduction_from(c.attributes().text("reduction", "none"), reduction), "unknown reduction");
  c.require(reduction == ScatterReduction::none || (!is_narrow(c.dtype(0)) && c.dtype(0) != DataType::string),
            "reduces numbers, found " + std::string(to_string(c.dtype(0))));
  const Dims &data = c.dims(0), &indices = c.dims(1), &updates = c.dims(2);
  require_rank(c, 0, 1);
  require_rank(c, 1, 1);
  c.require(is_integer(c.dtype(1)), "indices must be integers");
  c.require(c.dtype(2) == c.dtype(0), "updates must have the type of the data");
  const std::int64_t depth = indices.back();
  if (depth != kUnknown) {
    c.require(depth >= 0 && depth <= c.rank(0),
              "an index has " + std::to_string(depth) + " parts, the data have rank " + std::to_string(c.rank(0)));
    Dims expected(indices.begin(), indices.end() - 1);
    expected.insert(expected.end(), data.begin() + depth, data.end());
    c.require(expected.size() == updates.size(),
              "updates must be " + to_string(expected) + ", found " + to_string(updates));
    for (std::size_t i = 0; i < expected.size(); ++i) require_extent(c, 2, i, expected[i], "one update for each index");
  }
  infer_same(c);
}

}  // namespace

extern const Operator scatter_nd_operator;
const Operator scatter_nd_operator{.name = "scatter_nd",
                                   .min_inputs = 3,
                                   .max_inputs = 3,
                                   .infer = infer,
                                   .reference = scatter_nd_reference,
                                   .tactics = scatter_nd_tactics,
                                   .keeps = KeptExtents::all};

}  // namespace vireo::ops
