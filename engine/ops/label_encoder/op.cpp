// Each element of input 0 found among the keys (input 1, rank 1, of its type), and the value (input 2, as many, of any
// type) beside the key given for it. Of keys that are there twice the last one counts; NaN is equal to NaN. Input 3,
// one value, is for elements without a key; without it such an element is an error of the run.
#include "engine/ops/shared/shape.h"
#include "engine/ops/shared/varying.h"

namespace vireo::ops {

void label_encoder_reference(const EvalContext&);
std::span<const Tactic> label_encoder_tactics();

namespace {

void infer(InferContext& c) {
  c.require(c.dtype(1) == c.dtype(0), "the keys are " + std::string(to_string(c.dtype(1))) + ", the input is " +
                                          std::string(to_string(c.dtype(0))));
  require_rank(c, 1, 1, 1);
  require_rank(c, 2, 1, 1);
  require_extent(c, 2, 0, c.dims(1)[0], "one value for each key");
  if (c.has_input(3)) {
    c.require(c.dtype(3) == c.dtype(2), "the value for elements without a key should have the type of the others");
    require_single(c, 3);
  }
  c.output(0, c.dtype(2), c.dims(0));
}

bool varying(VaryingContext& c) {
  for (int k = 1; k < c.input_count(); ++k)
    if (c.varies(k)) return false;
  c.output(0, c.axes(0));
  return true;
}

}  // namespace

extern const Operator label_encoder_operator;
const Operator label_encoder_operator{.name = "label_encoder",
                                      .min_inputs = 3,
                                      .max_inputs = 4,
                                      .infer = infer,
                                      .reference = label_encoder_reference,
                                      .tactics = label_encoder_tactics,
                                      .axis_order = AxisOrder::free,
                                      .keeps = KeptExtents::all,
                                      .varying = varying};

}  // namespace vireo::ops
