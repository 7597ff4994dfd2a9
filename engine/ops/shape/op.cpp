// The extents [start, end) of the input as int64.
#include <algorithm>

#include "engine/ops/shared/shape.h"
#include "engine/ops/shared/varying.h"

namespace vireo::ops {

void shape_reference(const EvalContext&);

namespace {

void infer(InferContext& c) {
  const std::int64_t rank = c.rank(0);
  const auto clamp = [&](std::int64_t at) { return std::clamp<std::int64_t>(at < 0 ? at + rank : at, 0, rank); };
  const std::int64_t start = clamp(c.attributes().integer("start", 0)),
                     end = clamp(c.attributes().integer("end", rank));
  c.output(0, DataType::int64, {std::max<std::int64_t>(end - start, 0)});
}

bool varying(VaryingContext& c) {
  const auto rank = static_cast<std::int64_t>(c.rank(0));
  const auto clamp = [&](std::int64_t at) { return std::clamp<std::int64_t>(at < 0 ? at + rank : at, 0, rank); };
  const std::int64_t start = clamp(c.attributes().integer("start", 0)),
                     end = clamp(c.attributes().integer("end", rank));
  std::vector<Count> counts, unused;
  for (std::int64_t i = start; i < end; ++i) {
    const auto k = static_cast<std::size_t>(i);
    if (c.axes(0)[k] == 0 && c.dims(0)[k] == kUnknown) return false;
    counts.push_back({c.axes(0)[k] ? 0 : c.dims(0)[k], c.axes(0)[k]});
  }
  if (c.has_counts(0)) (void)c.counts(0, unused);  // its own extents are fixed
  c.output_counts(0, std::move(counts));
  return true;
}

}  // namespace

extern const Operator shape_operator;
const Operator shape_operator{.name = "shape", .infer = infer, .reference = shape_reference, .varying = varying};

}  // namespace vireo::ops
