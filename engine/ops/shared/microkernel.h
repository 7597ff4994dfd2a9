#pragma once
// The register-blocked heart of conv, gemm and matmul: `rows` rows of C times up to four vectors of columns, summed
// over taps and depth. A rows are read in place (broadcast element by element), B is packed by pack_panel. One
// KernelSet for each instruction set; all tile bodies are written once against it. Kernel bodies include this header:
// plain types only.
//
// C[i][j] = clamp(start + sum over t < tap_count, k < depth of A[taps[t] + i * a_stride + k] * B[t][k][j] +
// residual[i][j]) where start is C[i][j] itself (accumulate), else bias[j], else 0.
//
// A set of reduced precision has two values of bfloat16 in the place of each float of A and B (KernelSet::values);
// their products are summed in float32, C, bias and residual are float32. Depth, strides and offsets are then counted
// in such places.

#include <cstdint>

#include "engine/ops/shared/activation.h"

namespace vireo::ops {

struct MicrokernelArgs {
  const float* a = nullptr;
  std::int64_t a_stride = 0;           ///< floats between rows
  const std::int64_t* taps = nullptr;  ///< offsets in floats
  std::int64_t tap_count = 1;
  std::int64_t depth = 0;
  const float* b = nullptr;  ///< [tap][depth][vectors * width]
  float* c = nullptr;
  std::int64_t c_stride = 0;
  const float* bias = nullptr;  ///< vectors * width values
  const float* residual = nullptr;
  std::int64_t residual_stride = 0;
  float lo = 0, hi = 0;  ///< clamp; -inf and inf for none
  int tail = 0;          ///< columns of the last vector, 1 … width
  bool accumulate = false;
  /// What will be read soon: every four depth steps fetch two lines of it into the second-level cache, `next_step`
  /// floats after the two before (32; 0 fetches the same again). May lie past the end of all memory; null means b.
  const float* next = nullptr;
  std::int64_t next_step = 0;
};
using Microkernel = void (*)(const MicrokernelArgs&);

inline constexpr int kMaxVectors = 4;  ///< widest panel, in vectors
inline constexpr int kMaxRows = 16;
inline constexpr int kMaxWidth = 16;  ///< floats in the widest vector

/// y = activation(y) (+ residual, when not null) over a rows x columns block.
using FinishKernel = void (*)(float* y, std::int64_t stride, std::int64_t rows, std::int64_t columns,
                              const ActivationSpec& activation, const float* residual, std::int64_t residual_stride);

/// Of each row: to[i] = (from[2i], from[2i + 1]) * scale as bfloat16, to nearest even; an odd count ends with a zero.
using RoundKernel = void (*)(float* to, std::int64_t to_step, const float* from, std::int64_t from_step,
                             std::int64_t count, std::int64_t rows, float scale);
/// to[i] = (even[i], odd[i]) * scale as bfloat16; zeros where odd is null.
using InterleaveKernel = void (*)(float* to, const float* even, const float* odd, std::int64_t count, float scale);

struct KernelSet {
  const char* name;
  int width;                      ///< floats in a vector
  int max_rows[kMaxVectors + 1];  ///< by vectors; 0 where a panel of that many vectors does not exist
  Microkernel micro[kMaxVectors + 1][kMaxRows + 1];  ///< [vectors][rows]
  /// Cheaper kernels for panels whose last vector holds at most half its columns (tail <= width / 2); packed alike.
  Microkernel half[kMaxVectors + 1][kMaxRows + 1];
  bool has_half;
  FinishKernel finish;
  int latency_slots;            ///< multiply-adds in flight that hide the latency of one
  double flops_per_second;      ///< of one core, estimated; only ratios matter
  int values = 1;               ///< of A and B that one place holds
  RoundKernel round = nullptr;  ///< null where values is 1
  InterleaveKernel interleave = nullptr;
  int depth_step = 1;  ///< places of depth taken at once; a shorter rest costs as much
  /// Must be called in this thread before microkernels of up to that many rows over taps of this depth, release() after
  /// the last one; null where they need nothing.
  void (*configure)(std::int64_t rows, std::int64_t depth) = nullptr;
  void (*release)() = nullptr;
  /// Places that this many values take.
  [[nodiscard]] std::int64_t places(std::int64_t count) const { return (count + values - 1) / values; }
};

[[nodiscard]] const KernelSet& kernel_set_portable();
#if defined(__x86_64__)
[[nodiscard]] const KernelSet& kernel_set_avx2();
[[nodiscard]] const KernelSet& kernel_set_avx512();
[[nodiscard]] const KernelSet& kernel_set_avx512_bf16();
[[nodiscard]] const KernelSet& kernel_set_amx_bf16();
#endif

}  // namespace vireo::ops
