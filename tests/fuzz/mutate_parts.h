#pragma once
// What the files of the mutations share.

#include <cstdint>
#include <initializer_list>
#include <limits>
#include <random>
#include <string>

#include "tests/fuzz/mutate.h"

namespace vireo::fuzz_testing {

class Random {
 public:
  explicit Random(std::uint64_t seed) : engine_(seed) {}
  std::uint64_t below(std::uint64_t count) { return count == 0 ? 0 : engine_() % count; }
  bool chance(double p) { return static_cast<double>(engine_() >> 11) * 0x1p-53 < p; }
  template <typename T>
  T one_of(std::initializer_list<T> list) {
    return list.begin()[below(list.size())];
  }
  /// An extent, count or axis that nobody expects.
  std::int64_t awkward() {
    constexpr std::int64_t low = std::numeric_limits<std::int64_t>::min();
    constexpr std::int64_t high = std::numeric_limits<std::int64_t>::max();
    return one_of<std::int64_t>({0,
                                 -1,
                                 1,
                                 2,
                                 3,
                                 7,
                                 -2,
                                 17,
                                 64,
                                 255,
                                 65536,
                                 std::int64_t{1} << 31,
                                 (std::int64_t{1} << 31) - 1,
                                 -(std::int64_t{1} << 31),
                                 std::int64_t{1} << 40,
                                 std::int64_t{1} << 62,
                                 low,
                                 low + 1,
                                 high,
                                 high / 4,
                                 4294967296 / 3});
  }
  float awkward_real() {
    constexpr float infinity = std::numeric_limits<float>::infinity();
    return one_of({0.0f, -0.0f, -1.0f, 1e38f, -1e38f, 1e-38f, -1e-38f, infinity, -infinity,
                   std::numeric_limits<float>::quiet_NaN(), 0.5f});
  }

 private:
  std::mt19937_64 engine_;
};

[[nodiscard]] std::string mutated_plan(std::string plan, Random& random);
[[nodiscard]] std::string mutated_text(std::string text, Random& random);
/// One mutation of a model; `other` is a second sound model to take parts from.
void mutate(onnx::ModelProto& model, const onnx::ModelProto& other, Random& random);

}  // namespace vireo::fuzz_testing
