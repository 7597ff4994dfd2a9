// ONNX GRU: gates in the order update, reset, hidden. `activations`: names separated by commas.
#include "engine/ops/shared/recurrent.h"

namespace vireo::ops {

void gru_reference(const EvalContext&);
std::span<const Tactic> gru_tactics();

namespace {

void infer(InferContext& c) { infer_recurrent(c, 3, 1); }

double flops(const Problem& p) {
  const Dims &x = p.inputs[0].dims, &w = p.inputs[1].dims;
  return 2.0 * static_cast<double>(x[0]) * static_cast<double>(x[1]) * static_cast<double>(w[0]) *
         static_cast<double>(w[1]) * (static_cast<double>(w[2]) + static_cast<double>(p.inputs[2].dims[2]));
}

}  // namespace

extern const Operator gru_operator;
const Operator gru_operator{.name = "gru",
                            .min_inputs = 3,
                            .max_inputs = 6,
                            .max_outputs = 2,
                            .infer = infer,
                            .reference = gru_reference,
                            .flops = flops,
                            .tactics = gru_tactics,
                            .costly = true};

}  // namespace vireo::ops
