#pragma once
// The row kernels of image_input, one for each instruction set and type of image. Light: kernel bodies include it.

#include <cstdint>
#include <string>

#include "engine/graph/tactic.h"

namespace vireo::ops {

struct ImageInputState {
  std::int64_t rows = 0;  ///< of all images
  std::int64_t height = 1, width = 1, channels = 1;
  std::int64_t chunk = 1;   ///< rows of a tile
  bool planes = false;      ///< channels of the images apart
  std::int64_t period = 1;  ///< values in scale and shift: by channel, repeated to whole vectors
  const float* scale = nullptr;
  const float* shift = nullptr;
};

/// Rows [begin, end), counted through all images, of channels-last y.
using ImageRows = void (*)(const ImageInputState& state, const void* x, float* y, std::int64_t begin, std::int64_t end);

struct ImageRowKernels {
  ImageRows bytes, floats;  ///< by type of x
};
[[nodiscard]] ImageRowKernels image_rows_portable();
/// On OpenCL devices.
[[nodiscard]] std::string refuse_image_input_opencl(const graph::Problem& problem);
[[nodiscard]] graph::Launch prepare_image_input_opencl(const graph::Problem& problem);
#if defined(__x86_64__)
[[nodiscard]] ImageRowKernels image_rows_avx2();
[[nodiscard]] ImageRowKernels image_rows_avx512();
#endif

}  // namespace vireo::ops
