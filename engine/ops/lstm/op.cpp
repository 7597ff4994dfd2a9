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

std::vector<Case> cases() {
  return {{.name = "forward",
           .inputs = {{5, 2, 7}, {1, 12, 7}, {1, 12, 3}, {1, 24}},
           .attributes = attributes({{"hidden_size", 3}}),
           .outputs = 3},
          {.name = "both",
           .inputs = {{4, 1, 9}, {2, 20, 9}, {2, 20, 5}, {2, 40}},
           .attributes = attributes({{"hidden_size", 5}, {"direction", "bidirectional"}}),
           .outputs = 3},
          {.name = "batch",
           .inputs = {{3, 7, 16}, {2, 192, 16}, {2, 192, 48}, {2, 384}},
           .attributes = attributes({{"hidden_size", 48}, {"direction", "bidirectional"}}),
           .outputs = 3},
          {.name = "batch_first",
           .inputs = {{2, 6, 16}, {1, 64, 16}, {1, 64, 16}, {1, 128}},
           .attributes = attributes({{"hidden_size", 16}, {"layout", 1}, {"direction", "reverse"}}),
           .outputs = 3}};
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
                             .cases = cases,
                             .costly = true};

}  // namespace vireo::ops
