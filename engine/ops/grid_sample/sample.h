#pragma once
// Sampling: the contract between the tile body (kernels.cpp) and the weighted sums of each instruction set. Kernel
// bodies include this header: plain types only.

#include <cstdint>

namespace vireo::ops {

inline constexpr std::int64_t kSampleColumns = 64;  ///< channels in one go, at most
inline constexpr std::int64_t kSampleSlack = 16;    ///< floats that may be read past the last pixel, and are not used

/// to[point][channel] = sum over taps of weight * x[at + channel].
struct SampleBlock {
  const float* x = nullptr;          ///< channels-last; the first channel wanted
  const std::int64_t* at = nullptr;  ///< [point][tap], floats
  const float* weight = nullptr;     ///< [point][tap]
  int taps = 1;
  std::int64_t points = 0, columns = 0;
  float* to = nullptr;               ///< rows of whole vectors
  std::int64_t pitch = 0;
};
struct SampleKernel {
  int width;  ///< floats in a vector
  void (*run)(const SampleBlock&);
};

[[nodiscard]] SampleKernel sample_kernel_portable();
#if defined(__x86_64__)
[[nodiscard]] SampleKernel sample_kernel_avx2();
[[nodiscard]] SampleKernel sample_kernel_avx512();
#endif

}  // namespace vireo::ops
