#pragma once
// Percentiles of durations in constant memory: a histogram whose cells grow by 2 %. Not synchronised; its owner locks.

#include <array>
#include <chrono>
#include <cstdint>

namespace vireo::infer {

class LatencyHistogram {
 public:
  void add(std::chrono::nanoseconds duration) noexcept;
  void merge(const LatencyHistogram& other) noexcept;
  [[nodiscard]] std::uint64_t count() const noexcept { return count_; }
  /// Milliseconds below which this share (0..1) of the durations lies, to 2 %; 0 when there are none.
  [[nodiscard]] double percentile_ms(double share) const noexcept;
  [[nodiscard]] double mean_ms() const noexcept;
  /// How many took so long at most, to 2 %.
  [[nodiscard]] std::uint64_t count_up_to(double ms) const noexcept;
  [[nodiscard]] double max_ms() const noexcept { return max_ms_; }

 private:
  static constexpr int kCells = 1000;  ///< 1 µs * 1.02^1000 is more than four minutes
  std::array<std::uint32_t, kCells> cells_{};
  std::uint64_t count_ = 0;
  double sum_ms_ = 0, max_ms_ = 0;
};

}  // namespace vireo::infer
