#pragma once
// The register-blocked heart of conv, gemm and matmul: `rows` rows of C times up to four vectors of columns, summed over
// taps and depth. A rows are read in place (broadcast element by element), B is packed by pack_panel. One KernelSet for
// each instruction set; all tile bodies are written once against it. Kernel bodies include this header: plain types only.
//
// C[i][j] = clamp(start + sum over t < tap_count, k < depth of A[taps[t] + i * a_stride + k] * B[t][k][j] + residual[i][j])
// where start is C[i][j] itself (accumulate), else bias[j], else 0.

#include <cstdint>

#include "engine/ops/shared/activation.h"

namespace vireo::ops {

struct MicroArgs {
  const float* a = nullptr;
  std::int64_t a_stride = 0;            ///< floats between rows
  const std::int64_t* taps = nullptr;   ///< offsets in floats
  std::int64_t tap_count = 1;
  std::int64_t depth = 0;
  const float* b = nullptr;             ///< [tap][depth][vectors * width]
  float* c = nullptr;
  std::int64_t c_stride = 0;
  const float* bias = nullptr;          ///< vectors * width values
  const float* residual = nullptr;
  std::int64_t residual_stride = 0;
  float lo = 0, hi = 0;                 ///< clamp; -inf and inf for none
  int tail = 0;                         ///< columns of the last vector, 1 … width
  bool accumulate = false;
};
using MicroKernel = void (*)(const MicroArgs&);

inline constexpr int kMaxVectors = 4;  ///< widest panel, in vectors
inline constexpr int kMaxRows = 16;
inline constexpr int kMaxWidth = 16;   ///< floats in the widest vector

/// y = activation(y) (+ residual, when not null) over a rows x columns block.
using FinishKernel = void (*)(float* y, std::int64_t stride, std::int64_t rows, std::int64_t columns,
                              const ActivationSpec& activation, const float* residual, std::int64_t residual_stride);

struct KernelSet {
  const char* name;
  int width;                                       ///< floats in a vector
  int max_rows[kMaxVectors + 1];                   ///< by vectors; 0 where a panel of that many vectors does not exist
  MicroKernel micro[kMaxVectors + 1][kMaxRows + 1];  ///< [vectors][rows]
  /// Cheaper kernels for panels whose last vector holds at most half its columns (tail <= width / 2); packed alike.
  MicroKernel half[kMaxVectors + 1][kMaxRows + 1];
  bool has_half;
  FinishKernel finish;
  int latency_slots;                               ///< multiply-adds in flight that hide the latency of one
  double flops_per_second;                         ///< of one core, guessed; only ratios matter
};

[[nodiscard]] const KernelSet& kernel_set_portable();
#if defined(__x86_64__)
[[nodiscard]] const KernelSet& kernel_set_avx2();
[[nodiscard]] const KernelSet& kernel_set_avx512();
#endif

}  // namespace vireo::ops
