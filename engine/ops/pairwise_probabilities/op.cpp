// Probabilities of `classes` classes from those of each pair of them, by the second method of Wu, Lin and Weng
// ("Probability estimates for multi-class classification by pairwise coupling", 2004), as support vector machines use
// it. Input [rows, classes * (classes - 1) / 2]: for i < j, in the order of i and then j, the probability of i where it
// is i or j. Output [rows, classes].
#include "engine/ops/shared/shape.h"
#include "engine/ops/shared/varying.h"

namespace vireo::ops {

void pairwise_probabilities_reference(const EvalContext&);

namespace {

void infer(InferContext& c) {
  require_float(c, 0);
  require_rank(c, 0, 2, 2);
  const std::int64_t classes = c.attributes().integer("classes", 0);
  c.require(classes >= 2 && classes <= 1 << 15, "attribute 'classes' is out of range: 2 to 32768");
  require_extent(c, 0, 1, classes * (classes - 1) / 2, "one probability for each pair of classes");
  c.output(0, c.dtype(0), {c.dims(0)[0], classes});
}

bool varying(VaryingContext& c) {
  if (c.axes(0)[1] != 0) return false;
  c.output(0, {c.axes(0)[0], 0});
  return true;
}

}  // namespace

extern const Operator pairwise_probabilities_operator;
const Operator pairwise_probabilities_operator{.name = "pairwise_probabilities",
                                               .infer = infer,
                                               .reference = pairwise_probabilities_reference,
                                               .keeps = KeptExtents::batch,
                                               .varying = varying};

}  // namespace vireo::ops
