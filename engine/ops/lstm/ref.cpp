#include "engine/ops/shared/recurrent.h"

namespace vireo::ops {
namespace {

class Cell final : public RecurrentCell {
 public:
  explicit Cell(const EvalContext& context)
      : hidden_(static_cast<std::size_t>(context.inputs[2].dims[2])),
        forget_with_input_(context.attributes.integer("input_forget", 0) != 0),
        r_(to_doubles(context.inputs[2])),
        activations_(gate_activations(context.attributes, {"sigmoid", "tanh", "tanh"},
                                      static_cast<std::size_t>(context.inputs[1].dims[0]))) {
    if (has_input(context, 7)) peepholes_ = to_doubles(context.inputs[7]);
  }

  void step(std::size_t d, const std::vector<double>& gates, std::vector<double>& h,
            std::vector<double>& c) const override {
    const GateActivation* f = &activations_[3 * d];
    const std::vector<double> before = h;
    const auto gate = [&](std::size_t g, std::size_t j) {
      return gates[g * hidden_ + j] + dot(&r_[((d * 4 + g) * hidden_ + j) * hidden_], before);
    };
    const auto peep = [&](std::size_t p, std::size_t j) {
      return peepholes_.empty() ? 0.0 : peepholes_[(d * 3 + p) * hidden_ + j];
    };
    for (std::size_t j = 0; j < hidden_; ++j) {
      const double input = f[0](gate(0, j) + peep(0, j) * c[j]);
      const double forget = forget_with_input_ ? 1 - input : f[0](gate(2, j) + peep(2, j) * c[j]);
      c[j] = forget * c[j] + input * f[1](gate(3, j));
      h[j] = f[0](gate(1, j) + peep(1, j) * c[j]) * f[2](c[j]);
    }
  }

 private:
  std::size_t hidden_;
  bool forget_with_input_;
  std::vector<double> r_, peepholes_;
  std::vector<GateActivation> activations_;
};

}  // namespace

void lstm_reference(const EvalContext& c) { run_recurrent(c, 4, 2, true, Cell(c)); }

}  // namespace vireo::ops
