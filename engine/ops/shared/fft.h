#pragma once
// Discrete Fourier transforms of float32, many lines at once: lane l of every vector belongs to line l, so that a
// transform of any length runs on whole vectors. Stockham's algorithm with radices 4, 2, 3, 5 and other primes up to 31
// as they are; lengths with larger ones by Bluestein's (a convolution of a power of two). Light: kernel bodies include
// it. Plans are immutable; transforms are pure.

#include <cstdint>

namespace vireo::ops {

struct FftStage {
  std::int64_t radix = 1;
  std::int64_t rest = 1;            ///< length of the transforms that are left when the stage is done
  std::int64_t step = 1;            ///< how many transforms there are before it
  const float* twiddles = nullptr;  ///< [rest][radix - 1][2]
  const float* roots = nullptr;     ///< [radix][2]
};

struct FftPlan {
  std::int64_t points = 1;
  std::int64_t length = 1;  ///< of the buffers; more than points for Bluestein's
  const FftStage* stages = nullptr;
  std::int64_t stage_count = 0;
  const float* chirp = nullptr;   ///< [points][2]; null where Bluestein's isn't needed
  const float* filter = nullptr;  ///< [length][2]
};

inline constexpr std::int64_t kMostFftRadix = 31;

/// Transforms points of `width` lines: a[k] is `width` real and then as many imaginary parts. `a` and `b` hold
/// plan.length of them; returns the one that has the result in its first plan.points.
using FftRun = float* (*)(const FftPlan& plan, float* a, float* b);

struct FftKernel {
  int width = 0;
  FftRun run = nullptr;
};
[[nodiscard]] FftKernel fft_kernel_portable();
[[nodiscard]] FftKernel fft_kernel_avx2();
[[nodiscard]] FftKernel fft_kernel_avx512();

}  // namespace vireo::ops
