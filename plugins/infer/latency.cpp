#include "plugins/infer/latency.h"

#include <algorithm>
#include <cmath>

namespace vireo::infer {
namespace {
constexpr double kFirstMs = 0.001, kGrowth = 1.02;
}

void LatencyHistogram::add(std::chrono::nanoseconds duration) noexcept {
  const double ms = std::max(0.0, std::chrono::duration<double, std::milli>(duration).count());
  const double cell = ms <= kFirstMs ? 0 : std::log(ms / kFirstMs) / std::log(kGrowth);
  ++cells_[static_cast<std::size_t>(std::clamp(cell, 0.0, double(kCells - 1)))];
  ++count_;
  sum_ms_ += ms;
  max_ms_ = std::max(max_ms_, ms);
}

void LatencyHistogram::merge(const LatencyHistogram& other) noexcept {
  for (int i = 0; i < kCells; ++i) cells_[i] += other.cells_[i];
  count_ += other.count_;
  sum_ms_ += other.sum_ms_;
  max_ms_ = std::max(max_ms_, other.max_ms_);
}

double LatencyHistogram::percentile_ms(double share) const noexcept {
  if (count_ == 0) return 0;
  const auto wanted = static_cast<std::uint64_t>(std::ceil(share * double(count_)));
  std::uint64_t seen = 0;
  for (int i = 0; i < kCells; ++i) {
    seen += cells_[i];
    if (seen >= std::max<std::uint64_t>(wanted, 1)) {
      return std::min(max_ms_, kFirstMs * std::pow(kGrowth, i + 0.5));
    }
  }
  return max_ms_;
}

std::uint64_t LatencyHistogram::count_up_to(double ms) const noexcept {
  if (ms >= max_ms_) return count_;
  std::uint64_t seen = 0;
  for (int i = 0; i < kCells && kFirstMs * std::pow(kGrowth, i + 0.5) <= ms; ++i) seen += cells_[i];
  return seen;
}

double LatencyHistogram::mean_ms() const noexcept { return count_ ? sum_ms_ / double(count_) : 0; }

}  // namespace vireo::infer
