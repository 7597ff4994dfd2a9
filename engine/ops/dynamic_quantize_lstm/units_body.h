#pragma once
// The body of LstmUnits over any vector V. Bound by the five exponentials of a unit.

#include "engine/ops/dynamic_quantize_lstm/kernels.h"
#include "engine/simd/math.h"

namespace vireo::ops {
namespace {

template <typename V>
void lstm_units(const float* gates, std::int64_t hidden, float* h, float* c) {
  for (std::int64_t j = 0; j < hidden; j += V::kWidth) {
    const auto tail = V::tail(static_cast<int>(hidden - j < V::kWidth ? hidden - j : V::kWidth));
    const auto gate = [&](int k) __attribute__((always_inline)) { return V::load(gates + k * hidden + j, tail); };
    const V input = simd::sigmoid(gate(0)), output = simd::sigmoid(gate(1)), forget = simd::sigmoid(gate(2));
    const V state = fma(forget, V::load(c + j, tail), input * simd::tanh(gate(3)));
    state.store(c + j, tail);
    (output * simd::tanh(state)).store(h + j, tail);
  }
}

}  // namespace
}  // namespace vireo::ops
