#pragma once
// Counter-based random numbers for the scene: the same on every machine and independent of the order of use, because a
// frame must be a pure function of (seed, frame index). Values only, any thread.

#include <cstdint>

namespace vireo::scene {

/// One well-mixed 64-bit value of up to three keys (the finaliser of splitmix64).
inline std::uint64_t hash(std::uint64_t a, std::uint64_t b = 0, std::uint64_t c = 0) {
  std::uint64_t x = a * 0x9E3779B97F4A7C15u + b * 0xD1B54A32D192ED03u + c * 0x8CB92BA72F3D8DD7u + 0x632BE59BD9B4E019u;
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9u;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EBu;
  return x ^ (x >> 31);
}

/// A small sequence of random numbers that starts at a key.
class Random {
 public:
  explicit Random(std::uint64_t a, std::uint64_t b = 0, std::uint64_t c = 0) : state_(hash(a, b, c)) {}

  std::uint32_t next() {
    state_ += 0x9E3779B97F4A7C15u;
    return static_cast<std::uint32_t>(hash(state_) >> 32);
  }
  /// In [0, 1).
  float unit() { return static_cast<float>(next() >> 8) * (1.0f / 16777216.0f); }
  float uniform(float low, float high) { return low + (high - low) * unit(); }
  int below(int n) {
    return static_cast<int>((static_cast<std::uint64_t>(next()) * static_cast<std::uint64_t>(n)) >> 32);
  }
  bool chance(float probability) { return unit() < probability; }

 private:
  std::uint64_t state_;
};

}  // namespace vireo::scene
