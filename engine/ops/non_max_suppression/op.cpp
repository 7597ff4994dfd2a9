// For each image and class the boxes in order of score, without those that overlap a better one by more than input 3:
// int64 [count, 3] of image, class, box. Inputs: boxes [N, B, 4] (y1, x1, y2, x2; with `center_point_box` 1 x, y, w,
// h), scores [N, C, B], most boxes for each class? (0), overlap? (0), least score?. The count inferred is the bound. A
// score that is NaN is never chosen.
#include <algorithm>
#include <cstdint>

#include "engine/ops/shared/shape.h"
#include "engine/ops/shared/varying.h"

namespace vireo::ops {

void non_max_suppression_reference(const EvalContext&);
void non_max_suppression_evaluate(const EvalContext&);
std::size_t non_max_suppression_scratch(std::span<const View> inputs);

namespace {

void infer(InferContext& c) {
  for (int k = 0; k < c.input_count(); ++k)
    if (c.has_input(k)) require_computable(c, k);
  require_rank(c, 0, 3, 3);
  require_rank(c, 1, 3, 3);
  const Dims &boxes = c.dims(0), &scores = c.dims(1);
  require_extent(c, 0, 2, 4, "a box has four numbers");
  require_extent(c, 1, 0, boxes[0], "scores for each image");
  require_extent(c, 1, 2, boxes[1], "a score for each box");
  c.require(boxes[1] <= INT32_MAX, "too many boxes");
  c.require(c.dtype(0) == DataType::float32 && c.dtype(1) == DataType::float32, "boxes and scores must be float32");
  for (const int k : {3, 4})
    c.require(!c.has_input(k) || c.dtype(k) == DataType::float32, "thresholds must be float32");
  (void)c.attributes().integer("center_point_box", 0);  // of the right type
  std::int64_t most = boxes[1];
  Ints limit;
  if (!c.has_input(2)) most = 0;
  else if (c.integers(2, limit) && !limit.empty())
    most = most == kUnknown ? kUnknown : std::clamp<std::int64_t>(limit[0], 0, most);
  const bool known = most != kUnknown && scores[0] != kUnknown && scores[1] != kUnknown;
  c.output(
      0, DataType::int64,
      {known ? checked_mul(c, checked_mul(c, scores[0], scores[1], "the bound"), most, "the bound") : kUnknown, 3});
}

std::int64_t data_dependent_axis(const graph::Attributes&) { return 0; }

bool varying(VaryingContext& c) {
  c.output(0, {0, 0}, true);
  return true;
}

}  // namespace

extern const Operator non_max_suppression_operator;
const Operator non_max_suppression_operator{.name = "non_max_suppression",
                                            .min_inputs = 2,
                                            .max_inputs = 5,
                                            .infer = infer,
                                            .reference = non_max_suppression_reference,
                                            .data_dependent_axis = data_dependent_axis,
                                            .evaluate_data_dependent = non_max_suppression_evaluate,
                                            .evaluation_scratch = non_max_suppression_scratch,
                                            .costly = true,
                                            .varying = varying};

}  // namespace vireo::ops
