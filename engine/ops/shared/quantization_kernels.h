#pragma once
// Runs of elements between numbers and their quantised form, for each instruction set: what quantize_linear,
// dequantize_linear and dynamic_quantize_linear are made of on the CPU. Pure functions; any thread.

#include <cstdint>

#include "engine/api/types.h"

namespace vireo::ops {

/// How `count` elements of `x` are quantised: round(x / scale) + zero point, saturated; NaN gives 0.
struct QuantizeRun {
  const float* scale = nullptr;
  const void* zero = nullptr;  ///< of the output's type; null: 0
  bool one_scale = true;       ///< else each element has its own
  bool one_zero = true;
  bool multiply = false;  ///< x * scale instead
};
using Quantize = void (*)(const void* x, void* y, std::int64_t count, const QuantizeRun& how);
/// (x - zero point) * scale; `zero` of the input's type.
using Dequantize = void (*)(const void* x, float* y, std::int64_t count, const QuantizeRun& how);

struct QuantizationKernels {
  Quantize (*quantize)(DataType from, DataType to);  ///< float32, int32 → integers of 8 and 16 bits; null for others
  Dequantize (*dequantize)(DataType from);           ///< integers of 8 and 16 bits and int32; null for others
  /// The least and the greatest of the numbers and 0.
  void (*range)(const float* x, std::int64_t count, float& least, float& greatest);
};

[[nodiscard]] const QuantizationKernels& quantization_kernels_portable();
[[nodiscard]] const QuantizationKernels& quantization_kernels_avx2();
[[nodiscard]] const QuantizationKernels& quantization_kernels_avx512();

}  // namespace vireo::ops
