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

std::vector<Case> cases() {
  return {{.name = "nchw", .inputs = {{2, 12, 3, 5}}, .attributes = attributes({{"groups", 3}})},
          {.name = "nhwc", .inputs = {{2, 5, 7, 58}}, .attributes = attributes({{"groups", 2}, {"axis", 3}})},
          {.name = "nhwc_4", .inputs = {{1, 5, 7, 24}}, .attributes = attributes({{"groups", 4}, {"axis", -1}})},
          {.name = "nhwc_halves",
           .inputs = {{1, 5, 7, 44}},
           .attributes = attributes({{"groups", 2}, {"axis", 3}}),
           .outputs = 2},
          {.name = "nchw_thirds",
           .inputs = {{2, 24, 3, 5}},
           .attributes = attributes({{"groups", 4}, {"axis", 1}}),
           .outputs = 3}};
}

}  // namespace

extern const Operator channel_shuffle_operator;
const Operator channel_shuffle_operator{.name = "channel_shuffle",
                                        .max_outputs = -1,
                                        .infer = infer,
                                        .reference = channel_shuffle_reference,
                                        .tactics = channel_shuffle_tactics,
                                        .cases = cases,
                                        .moves = true,
                                        .axis_order = AxisOrder::along_axis,
                                        .default_axis = 1};

}  // namespace vireo::ops
