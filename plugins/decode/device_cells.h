#pragma once
// Of a large output that lies on a device, the cells that a decoder looks at (sdk::CellFilter): they are put together
// there, and only they come back. Where the decoder says how boxes are made of them (sdk::CellBoxes), they are
// suppressed there, too, and what comes back are the cells of the boxes that remain. The CPU's decoder gets an output
// with those cells alone, in their order, and its results are the same, since boxes that remain suppress none of each
// other. Where more cells pass than there is room for, the whole output is to be fetched: complete() tells. Where more
// boxes remain than there is room for, or one lies beyond what the device decides exactly (suppress.cl), all cells that
// passed come back.
//
// One for each batch in flight. One thread at a time, but for filter(), which threads may call for different images.

#include <cstdint>
#include <memory>
#include <optional>

#include "engine/api/device_kernel.h"
#include "plugins/sdk/decoder.h"

namespace vireo::decode {

class DeviceCells {
 public:
  static constexpr int kFew = 64;     ///< cells of an image that come back with the counts where all are suppressed
  static constexpr int kNear = 256;   ///< where they are not; boxes that may remain
  static constexpr int kMost = 2048;  ///< that are kept; what doesn't come at once comes in a second copy

  /// Whether an output of so many images has cells that are worth it.
  [[nodiscard]] static bool takes(const TensorInfo& output, int images);
  /// Throws Error.
  DeviceCells(const Device& device, const TensorInfo& output, int images);
  ~DeviceCells();

  /// Of the next run; nothing: the image's output comes back as a whole, by somebody else. False where the filter
  /// doesn't fit the output, which is the same.
  bool filter(int image, const std::optional<sdk::CellFilter>& wanted) noexcept;
  [[nodiscard]] bool filters(int image) const noexcept;

  /// Adds to the stream, behind what writes the output of `images` images: the filters' way up, the gathering, the
  /// suppression, and the first cells' way back.
  Status enqueue(Stream& stream, const Buffer& output, int images) noexcept;
  /// Once the stream is through: whether the image's cells are all there.
  [[nodiscard]] bool complete(int image) const noexcept;
  /// Then: whether its boxes were suppressed on the device.
  [[nodiscard]] bool suppressed(int image) const noexcept;
  /// The cells of an image, `whole` being the image's part of the output but for its data. Valid until the next run.
  /// Waits for a second copy where there are more than came at once. Throws Error.
  [[nodiscard]] sdk::TensorView cells(int image, const sdk::TensorView& whole, Stream& stream);
  [[nodiscard]] std::size_t memory_bytes() const noexcept;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace vireo::decode
