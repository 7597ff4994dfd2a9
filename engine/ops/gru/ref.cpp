#include "engine/ops/shared/recurrent.h"

namespace vireo::ops {
namespace {

class Cell final : public RecurrentCell {
 public:
  explicit Cell(const EvalContext& context)
      : hidden_(static_cast<std::size_t>(context.inputs[2].dims[2])),
        linear_before_reset_(context.attributes.integer("linear_before_reset", 0) != 0),
        r_(to_doubles(context.inputs[2])),
        activations_(gate_activations(context.attributes, {"sigmoid", "tanh"},
                                      static_cast<std::size_t>(context.inputs[1].dims[0]))) {
    if (has_input(context, 3)) bias_ = to_doubles(context.inputs[3]);
  }

  void step(std::size_t d, const std::vector<double>& gates, std::vector<double>& h,
            std::vector<double>&) const override {
    const GateActivation* f = &activations_[2 * d];
    const std::vector<double> before = h;
    std::vector<double> reset(hidden_), gated(hidden_);
    const auto bias = [&](std::size_t g, std::size_t j) {
      return bias_.empty() ? 0.0 : bias_[(d * 6 + 3 + g) * hidden_ + j];
    };
    const auto recurrent = [&](std::size_t g, std::size_t j, const std::vector<double>& from) {
      return dot(&r_[((d * 3 + g) * hidden_ + j) * hidden_], from) + bias(g, j);
    };
    for (std::size_t j = 0; j < hidden_; ++j) {
      reset[j] = f[0](gates[hidden_ + j] + recurrent(1, j, before));
      gated[j] = reset[j] * before[j];
    }
    for (std::size_t j = 0; j < hidden_; ++j) {
      const double update = f[0](gates[j] + recurrent(0, j, before));
      const double part = linear_before_reset_ ? reset[j] * recurrent(2, j, before) : recurrent(2, j, gated);
      h[j] = (1 - update) * f[1](gates[2 * hidden_ + j] + part) + update * before[j];
    }
  }

 private:
  std::size_t hidden_;
  bool linear_before_reset_;
  std::vector<double> r_, bias_;
  std::vector<GateActivation> activations_;
};

}  // namespace

void gru_reference(const EvalContext& c) { run_recurrent(c, 3, 1, false, Cell(c)); }

}  // namespace vireo::ops
