#pragma once
// One row of the resized picture from two rows of the frame, as the decoder laid them out: 8-bit samples in, 8-bit
// samples out, each the same as OpenCV's INTER_LINEAR gives. Written once (resample_body.h) over the vectors of each
// instruction set; resample() picks. Pure functions, any thread.

#include <cstdint>
#include <span>

namespace vireo::preprocess {

/// Where the pixels of a row come from, made by ColumnTable. The tables go on to whole vectors, with the last pixel.
struct ColumnTaps {
  int count = 0;         ///< pixels of the result
  int step = 1;          ///< bytes of a pixel of the frame: 1, 2 (u and v), 3 or 4
  bool vectors = false;  ///< rows are long enough for vector loads
  bool wide = false;     ///< four pixels lie further apart than one load of 16 bytes reaches; steps 1 and 2
  int inner = 0;         ///< pixels from the left on whose 8 bytes lie in the row; steps 3 and 4
  const std::int32_t *left = nullptr, *right = nullptr;  ///< bytes from the row's beginning
  const std::int32_t* weights = nullptr;                 ///< the left one's, and << 16 the right one's
  const std::int32_t* load = nullptr;   ///< where to load from: 4 bytes a pixel (wide), or 16 at each fourth
  const std::uint8_t* shuffle[2] = {};  ///< from four pixels' loads to pairs of 16 bits, for either sample
};

/// Two rows of the frame and their weights, of kWhole (taps.h).
struct RowPair {
  const std::uint8_t *above, *below;
  int above_weight, below_weight;
};

/// Results are written up to the next multiple of so many pixels.
constexpr int kResampleBlock = 16;

struct ResampleKernels {
  const char* name;
  /// Step 1: a byte a pixel.
  void (*samples)(const ColumnTaps& taps, const RowPair& rows, std::uint8_t* dst);
  /// Step 2: a byte a pixel for each of the two.
  void (*pairs)(const ColumnTaps& taps, const RowPair& rows, std::uint8_t* first, std::uint8_t* second);
  /// Steps 3 and 4: four bytes a pixel; the fourth means nothing for step 3.
  void (*pixels)(const ColumnTaps& taps, const RowPair& rows, std::uint8_t* dst);
};

/// The best kernels for this processor.
[[nodiscard]] const ResampleKernels& resample() noexcept;
/// All that it can run, from the portable ones to the best.
[[nodiscard]] std::span<const ResampleKernels* const> all_resample() noexcept;

}  // namespace vireo::preprocess
