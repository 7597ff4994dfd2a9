// ONNX GRU: gates in the order update, reset, hidden. `activations`: names separated by commas.
#include "engine/ops/shared/recurrent.h"

namespace vireo::ops {

void gru_reference(const EvalContext&);

namespace {

void infer(InferContext& c) { infer_recurrent(c, 3, 1); }

double flops(const Problem& p) {
  const Dims &x = p.inputs[0].dims, &w = p.inputs[1].dims;
  return 2.0 * static_cast<double>(x[0]) * static_cast<double>(x[1]) * static_cast<double>(w[0]) *
         static_cast<double>(w[1]) * (static_cast<double>(w[2]) + static_cast<double>(p.inputs[2].dims[2]));
}

std::vector<Case> cases() {
  return {{.name = "forward",
           .inputs = {{5, 2, 7}, {1, 9, 7}, {1, 9, 3}, {1, 18}},
           .attributes = attributes({{"hidden_size", 3}}),
           .outputs = 2},
          {.name = "linear",
           .inputs = {{4, 1, 9}, {2, 15, 9}, {2, 15, 5}, {2, 30}},
           .attributes = attributes({{"hidden_size", 5}, {"direction", "bidirectional"}, {"linear_before_reset", 1}}),
           .outputs = 2}};
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
                            .cases = cases,
                            .costly = true};

}  // namespace vireo::ops
