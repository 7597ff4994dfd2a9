#pragma once
// Winograd F(4x4, 3x3): the contract between the tile body (winograd.cpp) and the transforms of each instruction set.
// Every 4x4 block of outputs comes from a 6x6 block of inputs by 36 products instead of 144. Interpolation points
// 0, ±1, ±2, ∞. Kernel bodies include this header: plain types only.

#include <cstdint>

namespace vireo::ops {

inline constexpr int kWinogradOut = 4, kWinogradIn = 6, kWinogradPoints = 36;

/// Transforms one 6x6 block of all channels [0, channels) into 36 points.
struct WinogradInput {
  const float* x = nullptr;  ///< the block's first pixel (which may lie outside of the image)
  std::int64_t x_pitch = 0, x_row = 0;  ///< floats between pixels, between rows
  int top = 0, bottom = 6, left = 0, right = 6;  ///< rows and columns of the block inside the image
  std::int64_t channels = 0;
  float* to = nullptr;       ///< point 0 of this block
  std::int64_t point_step = 0;
};
/// Transforms 36 points of one vector range of columns back into a 4x4 block, clipped to rows x columns pixels.
struct WinogradOutput {
  const float* from = nullptr;  ///< point 0 of this block
  std::int64_t point_step = 0;
  std::int64_t channels = 0;    ///< columns of the panel
  const float* bias = nullptr;  ///< whole vectors; null for none
  float* y = nullptr;
  std::int64_t y_pitch = 0, y_row = 0;
  const float* residual = nullptr;
  std::int64_t r_pitch = 0, r_row = 0;
  int rows = 4, columns = 4;
  float lo = 0, hi = 0;
};
struct WinogradKernels {
  void (*input)(const WinogradInput&);
  void (*output)(const WinogradOutput&);
};

[[nodiscard]] WinogradKernels winograd_kernels_portable();
#if defined(__x86_64__)
[[nodiscard]] WinogradKernels winograd_kernels_avx2();
[[nodiscard]] WinogradKernels winograd_kernels_avx512();
#endif

}  // namespace vireo::ops
