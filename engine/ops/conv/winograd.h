#pragma once
// Winograd F(m x m, 3x3) for m = 2, 4, 6: the contract between the tile body (winograd.cpp), the packed weights and
// their measured error (winograd_weights.cpp), and the transforms of each instruction set. Every m x m block of outputs
// comes from an (m + 2) x (m + 2) block of inputs by (m + 2)^2 products instead of 9 m^2: 2.25, 4 and 5.1 times fewer.
// Interpolation points, as many as needed in this order: 0, ±1, ±2, ±1/2, ∞. Kernel bodies include this header: plain
// types only.

#include <cstdint>

namespace vireo::ops {

inline constexpr int kMaxWinogradIn = 8;

/// Transforms one (m + 2) x (m + 2) block of all channels [0, channels) into (m + 2)^2 points.
struct WinogradInput {
  const float* x = nullptr;                      ///< the block's first pixel (which may lie outside the image)
  std::int64_t x_pitch = 0, x_row = 0;           ///< floats between pixels, between rows
  int top = 0, bottom = 0, left = 0, right = 0;  ///< rows and columns of the block inside the image: [top, bottom) …
  std::int64_t channels = 0;
  float* to = nullptr;  ///< point 0 of this block
  std::int64_t point_step = 0;
};
/// Transforms the points of one vector range of columns back into an m x m block, clipped to rows x columns pixels.
struct WinogradOutput {
  const float* from = nullptr;  ///< point 0 of this block
  std::int64_t point_step = 0;
  std::int64_t channels = 0;    ///< columns of the panel
  const float* bias = nullptr;  ///< whole vectors; null for none
  float* y = nullptr;
  std::int64_t y_pitch = 0, y_row = 0;
  const float* residual = nullptr;
  std::int64_t r_pitch = 0, r_row = 0;
  int rows = 0, columns = 0;
  float lo = 0, hi = 0;
};
struct WinogradKernels {
  int out = 0;  ///< m
  void (*input)(const WinogradInput&) = nullptr;
  void (*output)(const WinogradOutput&) = nullptr;
  [[nodiscard]] int in() const { return out + 2; }
  [[nodiscard]] int points() const { return in() * in(); }
};

/// `out`: 2, 4 or 6.
[[nodiscard]] WinogradKernels winograd_kernels_portable(int out);
#if defined(__x86_64__)
[[nodiscard]] WinogradKernels winograd_kernels_avx2(int out);
[[nodiscard]] WinogradKernels winograd_kernels_avx512(int out);
#endif

}  // namespace vireo::ops
