// Quantises to uint8 by the range of the numbers themselves, 0 included. Outputs: the bytes, their scale, their zero
// point.
#include "engine/ops/shared/shape.h"
#include "engine/ops/shared/varying.h"

namespace vireo::ops {

void dynamic_quantize_linear_reference(const EvalContext&);
std::span<const Tactic> dynamic_quantize_linear_tactics();

namespace {

void infer(InferContext& c) {
  c.require(c.dtype(0) == DataType::float32, "takes float32, found " + std::string(to_string(c.dtype(0))));
  c.output(0, DataType::uint8, c.dims(0));
  c.output(1, DataType::float32, {});
  c.output(2, DataType::uint8, {});
}

bool varying(VaryingContext& c) {  // copies of entries don't change the range; there has to be an entry
  if (!c.copies(0)) return false;
  for (const int number : c.axes(0))
    if (number != 0) c.needs_entries(number);
  c.output(0, c.axes(0));
  for (int k = 1; k < c.output_count(); ++k) c.output(k, {});
  return true;
}

double flops(const Problem& p) { return 4 * static_cast<double>(p.inputs[0].count()); }

}  // namespace

extern const Operator dynamic_quantize_linear_operator;
const Operator dynamic_quantize_linear_operator{.name = "dynamic_quantize_linear",
                                                .min_outputs = 1,
                                                .max_outputs = 3,
                                                .infer = infer,
                                                .reference = dynamic_quantize_linear_reference,
                                                .flops = flops,
                                                .tactics = dynamic_quantize_linear_tactics,
                                                .keeps = KeptExtents::all,
                                                .varying = varying};

}  // namespace vireo::ops
