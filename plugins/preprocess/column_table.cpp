#include "plugins/preprocess/column_table.h"

#include <algorithm>

#include "plugins/preprocess/taps.h"

namespace vireo::preprocess {

ColumnTable::ColumnTable(int from, int to, int step) {
  std::vector<std::int32_t> taps;
  add_taps(from, to, true, taps);
  taps.resize(std::size_t(to + kResampleBlock - 1) / kResampleBlock * kResampleBlock, taps.back());
  const int row_bytes = from * step;
  for (const std::int32_t tap : taps) {
    left_.push_back(first_of(tap) * step);
    right_.push_back(std::min(first_of(tap) + 1, from - 1) * step);
    weights_.push_back((kWhole - weight_of(tap)) | weight_of(tap) << 16);
  }
  taps_.count = to;
  taps_.step = step;
  taps_.vectors = row_bytes >= 16;
  taps_.inner = int(std::count_if(left_.begin(), left_.begin() + to, [&](int at) { return at + 8 <= row_bytes; }));
  if (taps_.vectors && step <= 2) plan_groups(row_bytes);
  taps_.left = left_.data();
  taps_.right = right_.data();
  taps_.weights = weights_.data();
  taps_.load = load_.data();
  for (int c = 0; c < 2; ++c) taps_.shuffle[c] = shuffle_[c].data();
}

/// The loads and shuffles of steps 1 and 2. No load goes beyond the row: one near its end begins before its pixel.
void ColumnTable::plan_groups(int row_bytes) {
  constexpr std::uint8_t kNothing = 128;  // a shuffle's word for 0
  const int step = taps_.step, padded = int(left_.size());
  for (int x = 0; x < padded; x += 4) {
    const int at = std::min(left_[std::size_t(x)], row_bytes - 16);
    if (right_[std::size_t(x) + 3] + step - 1 - at >= 16) taps_.wide = true;
  }
  for (int c = 0; c < step; ++c) shuffle_[c].assign(std::size_t(padded) * 4, kNothing);
  for (int x = 0; x < padded; ++x) {
    const int first = taps_.wide ? x : x / 4 * 4, in_lane = taps_.wide ? 4 * (x % 4) : 0;
    const int at = std::min(left_[std::size_t(first)], row_bytes - (taps_.wide ? 4 : 16));
    load_.push_back(at);
    for (int c = 0; c < step; ++c) {
      std::uint8_t* pair = shuffle_[c].data() + 4 * x;
      pair[0] = std::uint8_t(in_lane + left_[std::size_t(x)] + c - at);
      pair[2] = std::uint8_t(in_lane + right_[std::size_t(x)] + c - at);
    }
  }
}

}  // namespace vireo::preprocess
