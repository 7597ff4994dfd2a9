// A new axis (`axis`) of extent depth (input 1): the on value where the index says, the off value elsewhere (input 2:
// off, on). Indices outside give only off values.
#include "engine/ops/shared/shape.h"
#include "engine/ops/shared/varying.h"

namespace vireo::ops {

void one_hot_reference(const EvalContext&);
std::span<const Tactic> one_hot_tactics();

namespace {

void infer(InferContext& c) {
  for (int k = 0; k < 2; ++k)
    if (c.has_input(k)) require_computable(c, k);
  Dims out = c.dims(0);
  const std::int64_t axis = c.axis(c.attributes().integer("axis", -1), c.rank(0) + 1);
  std::int64_t depth = kUnknown;
  if (const graph::Constant* value = c.constant(1)) {
    c.require(value->count() == 1, "depth must be one number");
    const double given = to_reals(*value)[0];
    c.require(given >= 0 && given < 0x1p62, "depth is " + std::to_string(given) + ", accepted: 0 to 2^62");
    depth = static_cast<std::int64_t>(given);
  }
  require_rank(c, 2, 1, 1);
  require_extent(c, 2, 0, 2, "the off and the on value");
  out.insert(out.begin() + axis, depth);
  c.output(0, c.dtype(2), out);
}

bool varying(VaryingContext& c) {
  Ints depth;
  if (!c.integers(1, depth) || c.varies(2)) return false;
  std::vector<int> axes = c.axes(0);
  const std::size_t axis = VaryingContext::wrap(c.attributes().integer("axis", -1), axes.size() + 1);
  axes.insert(axes.begin() + static_cast<std::ptrdiff_t>(axis), 0);
  c.output(0, std::move(axes));
  return true;
}

}  // namespace

extern const Operator one_hot_operator;
const Operator one_hot_operator{.name = "one_hot",
                                .min_inputs = 3,
                                .max_inputs = 3,
                                .infer = infer,
                                .reference = one_hot_reference,
                                .tactics = one_hot_tactics,
                                .varying = varying};

}  // namespace vireo::ops
