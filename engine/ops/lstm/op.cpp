// ONNX LSTM: gates in the order input, output, forget, cell. `activations`: names separated by commas.
#include "engine/ops/shared/recurrent.h"

namespace vireo::ops {

void lstm_reference(const EvalContext&);
std::span<const Tactic> lstm_tactics();

namespace {

void infer(InferContext& c) { infer_recurrent(c, 4, 2); }

double flops(const Problem& p) {
  const Dims &x = p.inputs[0].dims, &w = p.inputs[1].dims;
  return 2.0 * static_cast<double>(x[0]) * static_cast<double>(x[1]) * static_cast<double>(w[0]) *
         static_cast<double>(w[1]) * (static_cast<double>(w[2]) + static_cast<double>(p.inputs[2].dims[2]));
}

}  // namespace

extern const Operator lstm_operator;
const Operator lstm_operator{.name = "lstm",
                             .min_inputs = 3,
                             .max_inputs = 8,
                             .max_outputs = 3,
                             .infer = infer,
                             .reference = lstm_reference,
                             .flops = flops,
                             .tactics = lstm_tactics,
                             .costly = true};

}  // namespace vireo::ops
