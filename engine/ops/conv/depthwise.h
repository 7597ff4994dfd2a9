#pragma once
// Depthwise convolution: the contract between the tile body (depthwise.cpp) and the row kernels of each instruction
// set. Kernel bodies include this header: plain types only.

#include <cstdint>

namespace vireo::ops {

/// One row of output pixels, or two, and one vector of channels. Their window is the input rows that they read:
/// as many as the kernel is high for one row, `stride` more for two.
struct DepthwiseRow {
  const float* x = nullptr;  ///< first row of the window, if inside the image; pixel 0, first channel
  std::int64_t x_pitch = 0;  ///< floats between pixels
  std::int64_t x_step = 0;   ///< floats between the rows of successive taps (dilation included)
  std::int64_t in_width = 0;
  const float* w = nullptr;                                          ///< [ky][kx][width]
  std::int64_t first_row = 0, end_row = 0;                           ///< rows of the window inside the image
  std::int64_t kernel_width = 0, stride = 1, dilation = 1, pad = 0;  ///< along the row
  const float* bias = nullptr;                                       ///< one vector
  float* y = nullptr;                                                ///< pixel 0
  std::int64_t y_pitch = 0, y_step = 0;                              ///< floats between pixels, between output rows
  const float* residual = nullptr;
  std::int64_t r_pitch = 0, r_step = 0;
  std::int64_t out_width = 0;
  float lo = 0, hi = 0;
  int lanes = 0;  ///< channels, 1 … width
};
using DepthwiseKernel = void (*)(const DepthwiseRow&);

struct DepthwiseKernels {
  DepthwiseKernel one = nullptr;
  DepthwiseKernel two = nullptr;  ///< two rows at once, for square kernels and strides; null where that is not faster
};

/// The kernels for a kernel width, stride and dilation; every combination has one for single rows.
[[nodiscard]] DepthwiseKernels depthwise_kernels_portable(std::int64_t kernel_width, std::int64_t stride,
                                                          std::int64_t dilation);
#if defined(__x86_64__)
[[nodiscard]] DepthwiseKernels depthwise_kernels_avx2(std::int64_t kernel_width, std::int64_t stride,
                                                      std::int64_t dilation);
[[nodiscard]] DepthwiseKernels depthwise_kernels_avx512(std::int64_t kernel_width, std::int64_t stride,
                                                        std::int64_t dilation);
#endif

}  // namespace vireo::ops
