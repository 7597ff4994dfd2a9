#include <cmath>

#include "engine/ops/linear_attention/geometry.h"
#include "engine/ops/shared/reference.h"

namespace vireo::ops {
namespace {

/// One head of the state at one entry.
struct Step {
  const double *k, *v;
  const double* decay;  ///< null for none
  bool decay_each;
  const double* rate;  ///< null for none
};

void advance(const LinearAttention& g, const Step& step, std::vector<double>& state) {
  std::vector<double> added(step.v, step.v + g.width);
  for (std::int64_t d = 0; d < g.depth && step.decay; ++d)
    for (std::int64_t m = 0; m < g.width; ++m)
      state[static_cast<std::size_t>(d * g.width + m)] *= std::exp(step.decay[step.decay_each ? d : 0]);
  for (std::int64_t m = 0; m < g.width && step.rate; ++m) {
    double found = 0;
    for (std::int64_t d = 0; d < g.depth; ++d) found += state[static_cast<std::size_t>(d * g.width + m)] * step.k[d];
    double& value = added[static_cast<std::size_t>(m)];
    value = *step.rate * (value - found);
  }
  for (std::int64_t d = 0; d < g.depth; ++d)
    for (std::int64_t m = 0; m < g.width; ++m)
      state[static_cast<std::size_t>(d * g.width + m)] += step.k[d] * added[static_cast<std::size_t>(m)];
}

}  // namespace

void linear_attention_reference(const EvalContext& c) {
  const auto dims = [&](std::size_t k) { return has_input(c, k) ? &c.inputs[k].dims : nullptr; };
  const auto values = [&](std::size_t k) { return has_input(c, k) ? to_doubles(c.inputs[k]) : std::vector<double>{}; };
  const LinearAttention g = linear_attention_geometry(c.attributes, c.inputs[0].dims, c.inputs[2].dims,
                                                      dims(kLinearDecay), dims(kLinearRate));
  const std::vector<double> q = values(0), k = values(1), v = values(2), before = values(kLinearState),
                            decay = values(kLinearDecay), rate = values(kLinearRate);
  const std::int64_t group = g.heads / g.key_heads, cells = g.depth * g.width;
  std::vector<double> y(static_cast<std::size_t>(g.batch * g.entries * g.heads * g.width)),
      after(static_cast<std::size_t>(g.batch * g.key_heads * cells));
  for (std::int64_t b = 0; b < g.batch; ++b)
    for (std::int64_t h = 0; h < g.key_heads; ++h) {
      const std::int64_t place = (b * g.key_heads + h) * cells;
      std::vector<double> state(static_cast<std::size_t>(cells));
      if (!before.empty()) std::copy_n(before.begin() + place, cells, state.begin());
      for (std::int64_t t = 0; t < g.entries; ++t) {
        const std::int64_t at = b * g.entries + t, head = at * g.key_heads + h;
        advance(g,
                {.k = k.data() + head * g.depth,
                 .v = v.data() + head * g.width,
                 .decay = g.decays ? decay.data() + head * (g.decay_each ? g.depth : 1) : nullptr,
                 .decay_each = g.decay_each,
                 .rate = g.corrects ? rate.data() + (g.rate_each ? head : at) : nullptr},
                state);
        for (std::int64_t i = h * group; i < (h + 1) * group; ++i)
          for (std::int64_t m = 0; m < g.width; ++m) {
            double sum = 0;
            for (std::int64_t d = 0; d < g.depth; ++d)
              sum += q[static_cast<std::size_t>((at * g.heads + i) * g.depth + d)] *
                     state[static_cast<std::size_t>(d * g.width + m)];
            y[static_cast<std::size_t>((at * g.heads + i) * g.width + m)] = g.scale * sum;
          }
      }
      std::copy(state.begin(), state.end(), after.begin() + place);
    }
  if (has_output(c, 0)) from_doubles(y, c.outputs[0]);
  if (has_output(c, 1)) from_doubles(after, c.outputs[1]);
}

}  // namespace vireo::ops
