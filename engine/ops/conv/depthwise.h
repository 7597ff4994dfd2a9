#pragma once
// Depthwise convolution: the contract between the tile body (depthwise.cpp) and the row kernels of each instruction
// set. Kernel bodies include this header: plain types only.

#include <cstdint>

namespace vireo::ops {

/// One row of output pixels, one vector of channels.
struct DepthwiseRow {
  const float* x = nullptr;       ///< input row of the first tap, pixel 0, first channel
  std::int64_t x_pitch = 0;       ///< floats between pixels
  std::int64_t x_step = 0;        ///< floats between the rows of successive taps (dilation included)
  std::int64_t in_width = 0;
  const float* w = nullptr;       ///< [ky][kx][width], from the first tap row that lies inside the image
  std::int64_t kernel_rows = 0;   ///< tap rows inside the image
  std::int64_t kernel_width = 0, stride = 1, dilation = 1, pad = 0;  ///< along the row
  const float* bias = nullptr;    ///< one vector
  float* y = nullptr;             ///< pixel 0
  std::int64_t y_pitch = 0;
  const float* residual = nullptr;
  std::int64_t r_pitch = 0;
  std::int64_t out_width = 0;
  float lo = 0, hi = 0;
  int lanes = 0;                  ///< channels, 1 … width
};
using DepthwiseKernel = void (*)(const DepthwiseRow&);

/// The row kernel for a kernel width, stride and dilation; every combination has one.
[[nodiscard]] DepthwiseKernel depthwise_kernel_portable(std::int64_t kernel_width, std::int64_t stride,
                                                        std::int64_t dilation);
#if defined(__x86_64__)
[[nodiscard]] DepthwiseKernel depthwise_kernel_avx2(std::int64_t kernel_width, std::int64_t stride,
                                                    std::int64_t dilation);
[[nodiscard]] DepthwiseKernel depthwise_kernel_avx512(std::int64_t kernel_width, std::int64_t stride,
                                                      std::int64_t dilation);
#endif

}  // namespace vireo::ops
