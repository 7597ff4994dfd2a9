// Reduces the axes named by input 1 (absent or empty: all, unless `noop_with_empty_axes`): mode sum, mean, max, min,
// prod, l1, l2, log_sum, log_sum_exp, sum_square.
#include <algorithm>

#include "engine/ops/shared/shape.h"
#include "engine/ops/shared/varying.h"

namespace vireo::ops {

void reduce_reference(const EvalContext&);
std::span<const Tactic> reduce_tactics();

namespace {

void infer(InferContext& c) {
  const std::string mode = c.attributes().text("mode", "sum");
  bool known = false;
  for (const char* m : {"sum", "mean", "max", "min", "prod", "l1", "l2", "log_sum", "log_sum_exp", "sum_square"})
    known = known || mode == m;
  c.require(known, "unknown mode '" + mode + "'");
  require_computable(c, 0);
  c.require(c.dtype(0) != DataType::boolean || mode == "max" || mode == "min",
            "mode '" + mode + "' does not take booleans");
  const bool keep = c.attributes().integer("keepdims", 1) != 0,
             noop = c.attributes().integer("noop_with_empty_axes", 0) != 0;
  Dims out = c.dims(0);
  Ints axes;
  if (c.has_input(1) && !c.integers(1, axes)) {
    const std::int64_t count = length_of(c, 1);
    if (!keep && count == kUnknown) return c.output_unranked(0, c.dtype(0));
    const std::int64_t rank = keep ? c.rank(0) : count == 0 ? (noop ? c.rank(0) : 0) : c.rank(0) - count;
    c.require(rank >= 0, "more axes than the input has");
    return c.output(0, c.dtype(0), Dims(static_cast<std::size_t>(rank), kUnknown));
  }
  std::vector<bool> reduced(out.size(), axes.empty() && !noop);
  for (std::int64_t axis : axes) reduced[static_cast<std::size_t>(c.axis(axis, c.rank(0)))] = true;
  Dims dims;
  for (std::size_t i = 0; i < out.size(); ++i)
    if (!reduced[i]) dims.push_back(out[i]);
    else if (keep) dims.push_back(1);
  c.output(0, c.dtype(0), dims);
}

double flops(const Problem& p) { return static_cast<double>(p.inputs[0].count()); }

bool varying(VaryingContext& c) {  // a copy of an entry changes no maximum
  const std::string mode = c.attributes().text("mode", "sum");
  const bool sees_copies = (mode == "max" || mode == "min") && c.copies(0);
  const bool keep = c.attributes().integer("keepdims", 1) != 0,
             noop = c.attributes().integer("noop_with_empty_axes", 0) != 0;
  Ints given;
  if (c.has_input(1) && !c.integers(1, given)) return false;
  std::vector<int> axes;
  for (std::size_t i = 0; i < c.rank(0); ++i) {
    const bool reduced = given.empty() ? !noop : std::any_of(given.begin(), given.end(), [&](std::int64_t axis) {
      return VaryingContext::wrap(axis, c.rank(0)) == i;
    });
    const int number = c.axes(0)[i];
    if (reduced && number != 0 && !sees_copies) return false;
    if (reduced && number != 0) c.needs_entries(number);
    if (!reduced || keep) axes.push_back(reduced ? 0 : number);
  }
  c.output(0, std::move(axes));
  return true;
}

}  // namespace

extern const Operator reduce_operator;
const Operator reduce_operator{.name = "reduce",
                               .min_inputs = 1,
                               .max_inputs = 2,
                               .infer = infer,
                               .reference = reduce_reference,
                               .flops = flops,
                               .tactics = reduce_tactics,
                               .varying = varying};

}  // namespace vireo::ops
