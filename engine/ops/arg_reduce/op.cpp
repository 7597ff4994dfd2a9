// Position of the largest (mode max) or smallest (mode min) entry along `axis`; the first, or the last of equals when
// `select_last_index`.
#include "engine/ops/shared/shape.h"
#include "engine/ops/shared/varying.h"

namespace vireo::ops {

void arg_reduce_reference(const EvalContext&);
std::span<const Tactic> arg_reduce_tactics();

namespace {

void infer(InferContext& c) {
  const std::string mode = c.attributes().text("mode", "max");
  c.require(mode == "max" || mode == "min", "unknown mode '" + mode + "'");
  c.require(is_float(c.dtype(0)) || is_integer(c.dtype(0)), "takes numbers");
  Dims out = c.dims(0);
  const std::int64_t axis = c.axis(c.attributes().integer("axis", 0), c.rank(0));
  c.require(out[static_cast<std::size_t>(axis)] != 0, "the axis has no entries");
  if (c.attributes().integer("keepdims", 1) != 0) out[static_cast<std::size_t>(axis)] = 1;
  else out.erase(out.begin() + axis);
  c.output(0, DataType::int64, out);
}

double flops(const Problem& p) { return static_cast<double>(p.inputs[0].count()); }

bool varying(VaryingContext& c) {
  const std::size_t axis = VaryingContext::wrap(c.attributes().integer("axis", 0), c.rank(0));
  if (c.axes(0)[axis] != 0) return false;
  std::vector<int> axes = c.axes(0);
  if (c.attributes().integer("keepdims", 1) == 0) axes.erase(axes.begin() + static_cast<std::ptrdiff_t>(axis));
  c.output(0, std::move(axes), true);
  return true;
}

}  // namespace

extern const Operator arg_reduce_operator;
const Operator arg_reduce_operator{.name = "arg_reduce",
                                   .infer = infer,
                                   .reference = arg_reduce_reference,
                                   .flops = flops,
                                   .tactics = arg_reduce_tactics,
                                   .varying = varying};

}  // namespace vireo::ops
