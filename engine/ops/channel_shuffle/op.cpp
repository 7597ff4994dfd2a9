// Splits `axis` into `groups` x (rest) and swaps the two: entry g * rest + r moves to r * groups + g.
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
  infer_same(c);
}

std::vector<Case> cases() {
  return {{.name = "nchw", .inputs = {{2, 12, 3, 5}}, .attributes = attributes({{"groups", 3}})},
          {.name = "nhwc", .inputs = {{2, 5, 7, 58}}, .attributes = attributes({{"groups", 2}, {"axis", 3}})},
          {.name = "nhwc_4", .inputs = {{1, 5, 7, 24}}, .attributes = attributes({{"groups", 4}, {"axis", -1}})}};
}

}  // namespace

extern const Operator channel_shuffle_operator;
const Operator channel_shuffle_operator{.name = "channel_shuffle",
                                        .infer = infer,
                                        .reference = channel_shuffle_reference,
                                        .tactics = channel_shuffle_tactics,
                                        .cases = cases};

}  // namespace vireo::ops
