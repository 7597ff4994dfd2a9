#pragma once
// The inner loops of packing: one row of 8-bit samples into float colour planes, and float planes into the network's
// input. Written once (rows_body.h) and compiled for each instruction set; rows() picks. Pure functions, any thread.

#include <cstddef>
#include <cstdint>
#include <span>

namespace vireo::preprocess {

/// Y'CbCr to R'G'B' on the 0..255 scale: luma is (Y - y_offset) * y_scale; chroma is centred at 128.
struct YuvCoefficients {
  float y_offset, y_scale, v_to_r, u_to_g, v_to_g, u_to_b;
};

struct RowKernels {
  const char* name;
  /// Every `step`-th byte from `src` on, as floats.
  void (*load_samples)(const std::uint8_t* src, int step, int count, float* dst);
  /// Three interleaved channels (step 3 or 4) into three planes.
  void (*load_pixels)(const std::uint8_t* src, int step, int count, float* c0, float* c1, float* c2);
  /// A sample of each a pixel.
  void (*load_yuv)(const std::uint8_t* y, const std::uint8_t* u, const std::uint8_t* v, int count,
                   const YuvCoefficients& k, float* r, float* g, float* b);
  /// load_yuv and store_plane in one: the usual frame into the usual network. Means and scales of red, green, blue.
  void (*yuv_to_planes)(const std::uint8_t* y, const std::uint8_t* u, const std::uint8_t* v, int count,
                        const YuvCoefficients& k, const float* mean, const float* scale, float* r, float* g, float* b);
  /// dst[i] = (src[i] - mean) * scale
  void (*store_plane)(const float* src, int count, float mean, float scale, float* dst);
  /// dst[3i+c] = (src_c[i] - mean[c]) * scale[c]
  void (*store_pixels)(const float* const* src, int count, const float* mean, const float* scale, float* dst);
  /// The same, rounded half up and clamped to 0..255, every `step`-th byte.
  void (*store_bytes)(const float* src, int count, float mean, float scale, std::uint8_t* dst, int step);
};

/// The best kernels for this processor.
[[nodiscard]] const RowKernels& rows() noexcept;
/// All that it can run, from the portable ones to the best.
[[nodiscard]] std::span<const RowKernels* const> all_rows() noexcept;

}  // namespace vireo::preprocess
