#pragma once
// Vector bodies of lstm: the vector runs over the units. The recurrence is bound by streaming the recurrent weights
// from the second cache once for each time step and block of sequences.

#include "engine/ops/lstm/kernels.h"
#include "engine/ops/shared/strips.h"

namespace vireo::ops {

/// Gates of row (time, sequence) of a direction in the workspace: input, output, forget, cell, `padded` floats each.
VIREO_INLINE float* lstm_gates(const LstmState& s, const graph::TileArgs& args, std::int64_t d, std::int64_t t,
                               std::int64_t n) {
  return reinterpret_cast<float*>(args.workspace) + ((d * s.sequence + t) * s.batch + n) * 4 * s.padded;
}

template <class V>
void lstm_input_tile(const graph::TileArgs& args) noexcept {
  const auto& s = *static_cast<const LstmState*>(args.state);
  const std::int64_t rows = s.sequence * s.batch, blocks = (rows + kLstmRows - 1) / kLstmRows;
  const std::int64_t d = args.tile / blocks, first = args.tile % blocks * kLstmRows,
                     count = rows - first < kLstmRows ? rows - first : kLstmRows;
  const float* x[kLstmRows];
  for (std::int64_t i = 0; i < count; ++i) {
    const std::int64_t t = (first + i) / s.batch, n = (first + i) % s.batch;
    x[i] = static_cast<const float*>(args.inputs[0]) + (s.batch_first ? n * s.sequence + t : t * s.batch + n) * s.width;
  }
  const std::int64_t columns = 4 * s.padded;
  strips_product<V, false>(x, count, s.width, s.w + d * s.width * columns, columns / kStrip, s.bias + d * columns,
                           reinterpret_cast<float*>(args.workspace) + (d * rows + first) * columns, columns);
}

/// One unit vector: new c and h from the four gates.
template <class V>
VIREO_INLINE void lstm_unit(const float* gates, std::int64_t padded, float* h, float* c) {
  const V input = simd::sigmoid(V::load(gates)), output = simd::sigmoid(V::load(gates + padded));
  const V forget = simd::sigmoid(V::load(gates + 2 * padded)), cell = simd::tanh(V::load(gates + 3 * padded));
  const V state = fma(forget, V::load(c), input * cell);
  state.store(c);
  (output * simd::tanh(state)).store(h);
}

template <class V>
void lstm_recurrence_tile(const graph::TileArgs& args) noexcept {
  const auto& s = *static_cast<const LstmState*>(args.state);
  const std::int64_t blocks = (s.batch + kLstmSequences - 1) / kLstmSequences, d = args.tile / blocks,
                     first = args.tile % blocks * kLstmSequences;
  const std::int64_t count = s.batch - first < kLstmSequences ? s.batch - first : kLstmSequences;
  float *h = reinterpret_cast<float*>(args.scratch), *c = h + kLstmSequences * s.padded;
  const float* rows[kLstmSequences];
  const auto state_at = [&](std::int64_t i) {
    return (s.batch_first ? (first + i) * s.directions + d : d * s.batch + first + i) * s.hidden;
  };
  for (std::int64_t i = 0; i < count; ++i) {
    rows[i] = h + i * s.padded;
    const float* h0 = s.h_input >= 0 ? static_cast<const float*>(args.inputs[s.h_input]) + state_at(i) : nullptr;
    const float* c0 = s.c_input >= 0 ? static_cast<const float*>(args.inputs[s.c_input]) + state_at(i) : nullptr;
    for (std::int64_t j = 0; j < s.padded; ++j) {
      h[i * s.padded + j] = h0 && j < s.hidden ? h0[j] : 0;
      c[i * s.padded + j] = c0 && j < s.hidden ? c0[j] : 0;
    }
  }
  const std::int64_t columns = 4 * s.padded;
  for (std::int64_t step = 0; step < s.sequence; ++step) {
    const std::int64_t t = s.reversed || d == 1 ? s.sequence - 1 - step : step;
    float* gates = lstm_gates(s, args, d, t, first);
    strips_product<V, true>(rows, count, s.hidden, s.r + d * s.hidden * columns, columns / kStrip, nullptr, gates,
                            columns);
    for (std::int64_t i = 0; i < count; ++i) {
      for (std::int64_t j = 0; j < s.padded; j += V::kWidth)
        lstm_unit<V>(gates + i * columns + j, s.padded, h + i * s.padded + j, c + i * s.padded + j);
      if (!s.outputs[0]) continue;
      const std::int64_t n = first + i;
      float* y =
          static_cast<float*>(args.outputs[0]) +
          (s.batch_first ? (n * s.sequence + t) * s.directions + d : (t * s.directions + d) * s.batch + n) * s.hidden;
      for (std::int64_t j = 0; j < s.hidden; ++j) y[j] = h[i * s.padded + j];
    }
  }
  for (int k = 1; k < 3; ++k)
    for (std::int64_t i = 0; i < count && s.outputs[k]; ++i) {
      float* y = static_cast<float*>(args.outputs[k]) + state_at(i);
      for (std::int64_t j = 0; j < s.hidden; ++j) y[j] = (k == 1 ? h : c)[i * s.padded + j];
    }
}

template <class V>
LstmKernels lstm_kernels_for() {
  return {&lstm_input_tile<V>, &lstm_recurrence_tile<V>};
}

}  // namespace vireo::ops
