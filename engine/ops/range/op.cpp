// start, start + delta, … below limit (inputs 0, 2, 1: start, limit, delta as scalars).
#include <algorithm>
#include <cmath>

#include "engine/ops/shared/shape.h"
#include "engine/ops/shared/varying.h"

namespace vireo::ops {

void range_reference(const EvalContext&);
std::span<const Tactic> range_tactics();

namespace {

void infer(InferContext& c) {
  for (int k = 1; k < 3; ++k) c.require(c.dtype(k) == c.dtype(0), "start, limit and delta must have one type");
  for (int k = 0; k < 3; ++k) require_single(c, k);
  c.require(is_float(c.dtype(0)) || is_integer(c.dtype(0)), "takes numbers");
  const graph::Constant *start = c.constant(0), *limit = c.constant(1), *delta = c.constant(2);
  if (!start || !limit || !delta) return c.output(0, c.dtype(0), {kUnknown});
  c.require(start->count() == 1 && limit->count() == 1 && delta->count() == 1,
            "start, limit and delta must be scalars");
  const double step = to_reals(*delta)[0];
  c.require(step != 0, "delta is 0");
  const double count = std::ceil((to_reals(*limit)[0] - to_reals(*start)[0]) / step);
  c.require(count < 0x1p40, "has too many elements");
  c.output(0, c.dtype(0), {static_cast<std::int64_t>(std::max(count, 0.0))});
}

bool varying(VaryingContext& c) {  // 0, 1, … up to an extent
  Ints start, delta;
  std::vector<Count> limit;
  if (!c.integers(0, start) || !c.counts(1, limit) || !c.integers(2, delta)) return false;
  if (start != Ints{0} || delta != Ints{1} || limit.size() != 1) return false;
  c.output(0, {limit[0].varying}, true);
  c.output_no_copies(0);
  return true;
}

}  // namespace

extern const Operator range_operator;
const Operator range_operator{.name = "range",
                              .min_inputs = 3,
                              .max_inputs = 3,
                              .infer = infer,
                              .reference = range_reference,
                              .tactics = range_tactics,
                              .varying = varying};

}  // namespace vireo::ops
