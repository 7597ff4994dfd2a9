#pragma once
// The last few durations, and what a share of them stays below. Not synchronised; its owner locks.

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

namespace vireo::infer {

class LatencyWindow {
 public:
  static constexpr std::size_t kSize = 16;

  void add(std::int64_t duration_ns) noexcept {
    values_[next_] = duration_ns;
    next_ = (next_ + 1) % kSize;
    count_ = std::min(count_ + 1, kSize);
  }
  void clear() noexcept { count_ = next_ = 0; }
  [[nodiscard]] bool full() const noexcept { return count_ == kSize; }
  /// Nanoseconds that at least this share (0..1) of the durations don't exceed; 0 when there are none.
  [[nodiscard]] std::int64_t percentile(double share) const noexcept {
    if (count_ == 0) return 0;
    std::array<std::int64_t, kSize> sorted = values_;
    std::sort(sorted.begin(), sorted.begin() + std::ptrdiff_t(count_));
    const auto at = static_cast<std::size_t>(std::clamp(share, 0.0, 1.0) * double(count_ - 1) + 0.999);
    return sorted[std::min(at, count_ - 1)];
  }

 private:
  std::array<std::int64_t, kSize> values_{};
  std::size_t next_ = 0, count_ = 0;
};

}  // namespace vireo::infer
