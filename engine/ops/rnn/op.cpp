// ONNX RNN: h = f(w x + r h + biases). `activations`: names separated by commas.
#include "engine/ops/shared/recurrent.h"

namespace vireo::ops {

void rnn_reference(const EvalContext&);
std::span<const Tactic> rnn_tactics();

namespace {

void infer(InferContext& c) { infer_recurrent(c, 1, 1); }

double flops(const Problem& p) {
  const Dims &x = p.inputs[0].dims, &w = p.inputs[1].dims;
  return 2.0 * static_cast<double>(x[0]) * static_cast<double>(x[1]) * static_cast<double>(w[0]) *
         static_cast<double>(w[1]) * (static_cast<double>(w[2]) + static_cast<double>(p.inputs[2].dims[2]));
}

}  // namespace

extern const Operator rnn_operator;
const Operator rnn_operator{.name = "rnn",
                            .min_inputs = 3,
                            .max_inputs = 6,
                            .max_outputs = 2,
                            .infer = infer,
                            .reference = rnn_reference,
                            .flops = flops,
                            .tactics = rnn_tactics,
                            .costly = true};

}  // namespace vireo::ops
