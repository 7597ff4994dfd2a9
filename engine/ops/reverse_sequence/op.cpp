// Reverses the first lengths[b] entries along `time_axis` of sequence b along `batch_axis` (0 and 1, either way round);
// those behind them stay. Inputs x, lengths.
#include "engine/ops/shared/shape.h"

namespace vireo::ops {

void reverse_sequence_reference(const EvalContext&);

namespace {

void infer(InferContext& c) {
  require_rank(c, 0, 2);
  require_rank(c, 1, 1, 1);
  c.require(is_integer(c.dtype(1)), "lengths must be integers");
  const std::int64_t time = c.attributes().integer("time_axis", 0), batch = c.attributes().integer("batch_axis", 1);
  c.require((time == 0 && batch == 1) || (time == 1 && batch == 0), "time_axis is " + std::to_string(time) +
                                                                        ", batch_axis " + std::to_string(batch) +
                                                                        ", accepted: 0 and 1, or 1 and 0");
  require_extent(c, 1, 0, c.dims(0)[static_cast<std::size_t>(batch)], "one length for each sequence");
  infer_same(c);
}

}  // namespace

extern const Operator reverse_sequence_operator;
const Operator reverse_sequence_operator{.name = "reverse_sequence",
                                         .min_inputs = 2,
                                         .max_inputs = 2,
                                         .infer = infer,
                                         .reference = reverse_sequence_reference,
                                         .keeps = KeptExtents::all};

}  // namespace vireo::ops
