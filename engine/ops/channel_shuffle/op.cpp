// Splits `axis` into `groups` x (rest) and swaps the two: entry g * rest + r moves to r * groups + g. Several outputs
// are equal parts of the result along `axis`.
#include "engine/ops/shared/shape.h"

namespace vireo::ops {

void channel_shuffle_reference(const EvalContext&);
std::span<const Tactic> channel_shuffle_tactics();

namespace {

void infer(InferContext& c) {
  const std::int64_t groups = c.attributes().integer("groups", 1);
  const auto axis = static_cast<std::size_t>(c.axis(c.attributes().integer("axis", 1), c.rank(0)));
  c.require(groups > 0, "groups must be positive");
  c.require(c.dims(0)[axis] == kUnknown || c.dims(0)[axis] % groups == 0, "the axis is not a multiple of groups");
  Dims dims = c.dims(0);
  if (dims[axis] != kUnknown) {
    c.require(dims[axis] / groups % c.output_count() == 0,
              "the axis can't be cut into " + std::to_string(c.output_count()) + " parts of whole groups");
    dims[axis] /= c.output_count();
  }
  for (int k = 0; k < c.output_count(); ++k) c.output(k, c.dtype(0), dims);
}

}  // namespace

extern const Operator channel_shuffle_operator;
const Operator channel_shuffle_operator{.name = "channel_shuffle",
                                        .max_outputs = -1,
                                        .infer = infer,
                                        .reference = channel_shuffle_reference,
                                        .tactics = channel_shuffle_tactics,
                                        .moves = true,
                                        .axis_order = AxisOrder::along_axis,
                                        .default_axis = 1};

}  // namespace vireo::ops
