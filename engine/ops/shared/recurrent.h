#pragma once
// What the references and shape rules of lstm, gru and rnn share: the walk over directions, sequences and time, the
// input part of the gates, and ONNX's activation lists. Plain values; any thread.

#include <string>

#include "engine/ops/shared/reference.h"
#include "engine/ops/shared/shape.h"

namespace vireo::ops {

/// Shape rule: inputs x, w [directions, gates · hidden, in], r, b?, sequence_lens?, initial_h?, (lstm: initial_c?, p?);
/// outputs y, y_h (, y_c). `layout` 1 puts the batch first.
void infer_recurrent(InferContext& context, std::int64_t gates, int states);

/// One activation of the list, with its parameters.
struct GateActivation {
  std::string name;  ///< lower case
  double alpha = 0, beta = 0, clip = 0;
  [[nodiscard]] double operator()(double x) const;
};
/// `per_direction` functions for each direction, from `activations` or the defaults.
[[nodiscard]] std::vector<GateActivation> gate_activations(const Attributes& attributes,
                                                           const std::vector<std::string>& defaults,
                                                           std::size_t directions);

/// One step of one sequence: from the input part of all gates and the states to new states (h, and c of lstm).
class RecurrentCell {
 public:
  virtual ~RecurrentCell() = default;
  virtual void step(std::size_t direction, const std::vector<double>& gates, std::vector<double>& h,
                    std::vector<double>& c) const = 0;
};
/// gates[k] = w[k] · x + w-bias[k] (+ r-bias[k] where `add_recurrent_bias`).
void run_recurrent(const EvalContext& context, std::int64_t gates, int states, bool add_recurrent_bias,
                   const RecurrentCell& cell);

/// sum of row[i] * h[i]
[[nodiscard]] double dot(const double* row, const std::vector<double>& h);

}  // namespace vireo::ops
