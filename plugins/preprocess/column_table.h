#pragma once
// The tables of ColumnTaps, which borrow them, for one width of frame and picture.

#include <cstdint>
#include <vector>

#include "plugins/preprocess/resample.h"

namespace vireo::preprocess {

class ColumnTable {
 public:
  /// From `from` pixels of `step` bytes to `to` pixels.
  ColumnTable(int from, int to, int step);
  ColumnTable(ColumnTable&&) noexcept = default;
  ColumnTable& operator=(ColumnTable&&) noexcept = default;
  [[nodiscard]] const ColumnTaps& taps() const noexcept { return taps_; }

 private:
  void plan_groups(int row_bytes);

  std::vector<std::int32_t> left_, right_, weights_, load_;
  std::vector<std::uint8_t> shuffle_[2];
  ColumnTaps taps_;
};

}  // namespace vireo::preprocess
