#include <algorithm>
#include <cmath>
#include <span>

#include "engine/ops/shared/dynamic_range.h"
#include "engine/ops/shared/recurrent.h"

namespace vireo::ops {
namespace {

/// The states of a sequence as numbers of their bytes, less the zero point.
std::vector<std::int64_t> quantized(std::span<const float> h, float& scale) {
  float least = 0, greatest = 0;
  for (const float v : h) {
    least = v < least ? v : least;
    greatest = v > greatest ? v : greatest;
  }
  const DynamicRange range = dynamic_range(least, greatest);
  scale = range.scale;
  std::vector<std::int64_t> numbers;
  for (const float v : h) {
    const float value = std::nearbyint(v / range.scale) + static_cast<float>(range.zero);
    const float byte = std::isnan(value) ? 0 : std::clamp(value, 0.0f, 255.0f);
    numbers.push_back(static_cast<std::int64_t>(byte) - range.zero);
  }
  return numbers;
}

struct Cell {
  std::vector<GateActivation> f;
  std::vector<double> peepholes;
  bool coupled = false;
  std::size_t hidden = 0;

  void step(const float* gates, float* h, float* c) const {
    const auto peep = [&](std::size_t p, std::size_t j) { return peepholes.empty() ? 0.0 : peepholes[p * hidden + j]; };
    const auto gate = [&](std::size_t g, std::size_t j) { return static_cast<double>(gates[g * hidden + j]); };
    for (std::size_t j = 0; j < hidden; ++j) {
      const auto before = static_cast<double>(c[j]);
      const double input = f[0](gate(0, j) + peep(0, j) * before);
      const double forget = coupled ? 1 - input : f[0](gate(2, j) + peep(2, j) * before);
      const double state = forget * before + input * f[1](gate(3, j));
      c[j] = static_cast<float>(state);
      h[j] = static_cast<float>(f[0](gate(1, j) + peep(1, j) * state) * f[2](state));
    }
  }
};

}  // namespace

void dynamic_quantize_lstm_reference(const EvalContext& c) {
  const std::int64_t sequence = c.inputs[0].dims[0], batch = c.inputs[0].dims[1], hidden = c.inputs[1].dims[0];
  const auto columns = static_cast<std::size_t>(4 * hidden), units = static_cast<std::size_t>(hidden);
  const bool reversed = c.attributes.text("direction", "forward") == "reverse";
  std::vector<std::int64_t> r = read_integers(c.inputs[1]);
  const std::vector<double> scale = to_doubles(c.inputs[2]);
  const std::vector<std::int64_t> zero = has_input(c, 3) ? read_integers(c.inputs[3]) : std::vector<std::int64_t>{0};
  for (std::size_t i = 0; i < r.size(); ++i) r[i] -= zero[zero.size() == 1 ? 0 : i % columns];
  const std::vector<std::int64_t> lengths = has_input(c, 4)
                                                ? read_integers(c.inputs[4])
                                                : std::vector<std::int64_t>(static_cast<std::size_t>(batch), sequence);
  const auto initial = [&](std::size_t k) {
    return has_input(c, k) ? std::vector<float>(c.inputs[k].as<float>(), c.inputs[k].as<float>() + batch * hidden)
                           : std::vector<float>(static_cast<std::size_t>(batch * hidden));
  };
  std::vector<float> h = initial(5), state = initial(6), gates(columns),
                     y(static_cast<std::size_t>(sequence * batch * hidden));
  const Cell cell{gate_activations(c.attributes, {"sigmoid", "tanh", "tanh"}, 1),
                  has_input(c, 7) ? to_doubles(c.inputs[7]) : std::vector<double>{},
                  c.attributes.integer("input_forget", 0) != 0, units};
  for (std::int64_t i = 0; i < sequence && hidden > 0; ++i) {
    for (std::int64_t n = 0; n < batch; ++n) {
      const std::int64_t length = std::clamp<std::int64_t>(lengths[static_cast<std::size_t>(n)], 0, sequence);
      if (i >= length) continue;
      float h_scale = 1;
      const std::vector<std::int64_t> bytes =
          quantized({h.data() + n * hidden, static_cast<std::size_t>(hidden)}, h_scale);
      const std::int64_t row = (reversed ? length - 1 - i : i) * batch + n;
      for (std::size_t k = 0; k < columns; ++k) {
        std::int64_t sum = 0;
        for (std::size_t u = 0; u < units; ++u) sum += bytes[u] * r[u * columns + k];
        const float factor = h_scale * static_cast<float>(scale[scale.size() == 1 ? 0 : k]);
        gates[k] =
            c.inputs[0].as<float>()[static_cast<std::size_t>(row) * columns + k] + static_cast<float>(sum) * factor;
      }
      cell.step(gates.data(), &h[static_cast<std::size_t>(n) * units], &state[static_cast<std::size_t>(n) * units]);
      std::copy_n(h.begin() + n * hidden, hidden, y.begin() + row * hidden);
    }
  }
  const std::vector<float>* results[] = {&y, &h, &state};
  for (std::size_t k = 0; k < 3; ++k)
    if (has_output(c, k)) std::copy(results[k]->begin(), results[k]->end(), c.outputs[k].as<float>());
}

}  // namespace vireo::ops
