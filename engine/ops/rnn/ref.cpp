#include "engine/ops/shared/recurrent.h"

namespace vireo::ops {
namespace {

class Cell final : public RecurrentCell {
 public:
  explicit Cell(const EvalContext& context)
      : hidden_(static_cast<std::size_t>(context.inputs[2].dims[2])),
        r_(to_doubles(context.inputs[2])),
        activations_(
            gate_activations(context.attributes, {"tanh"}, static_cast<std::size_t>(context.inputs[1].dims[0]))) {}

  void step(std::size_t d, const std::vector<double>& gates, std::vector<double>& h,
            std::vector<double>&) const override {
    const std::vector<double> before = h;
    for (std::size_t j = 0; j < hidden_; ++j)
      h[j] = activations_[d](gates[j] + dot(&r_[(d * hidden_ + j) * hidden_], before));
  }

 private:
  std::size_t hidden_;
  std::vector<double> r_;
  std::vector<GateActivation> activations_;
};

}  // namespace

void rnn_reference(const EvalContext& c) { run_recurrent(c, 1, 1, true, Cell(c)); }

}  // namespace vireo::ops
