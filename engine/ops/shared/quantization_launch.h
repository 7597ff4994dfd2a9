#pragma once
// quantize_linear and dequantize_linear on the CPU: tiles of runs (quantization.h) by the functions of an instruction
// set (quantization_kernels.h). Used when a launch is prepared; any thread.

#include "engine/ops/shared/quantization.h"
#include "engine/ops/shared/quantization_kernels.h"

namespace vireo::ops {

using QuantizationSet = const QuantizationKernels& (*)();

/// Why tensors lie as no tactic of both takes them; empty for yes.
[[nodiscard]] std::string refuse_quantization(const Problem& problem);
[[nodiscard]] Launch prepare_quantize(const Problem& problem, Quantize run);
[[nodiscard]] Launch prepare_dequantize(const Problem& problem, Dequantize run);

}  // namespace vireo::ops
