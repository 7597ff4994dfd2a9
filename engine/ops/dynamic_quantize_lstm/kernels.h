#pragma once
// New states of one sequence from its gates (input, output, forget, cell, `hidden` floats each), with the default
// activations. Pure functions; any thread.

#include <cstdint>

namespace vireo::ops {

using LstmUnits = void (*)(const float* gates, std::int64_t hidden, float* h, float* c);
[[nodiscard]] LstmUnits lstm_units_portable();
[[nodiscard]] LstmUnits lstm_units_avx2();
[[nodiscard]] LstmUnits lstm_units_avx512();

}  // namespace vireo::ops
