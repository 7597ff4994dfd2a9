#pragma once
// Words: vectors of 32-bit words, each a few 8-bit integers side by side, and sums of their products. The vocabulary,
// and its form without intrinsics; words_avx2.h, words_avx512.h and words_avx512_vnni.h provide the same names.
//
// A word holds kValues integers: two of 16 bits or, where kBytes, four bytes, unsigned in columns and signed in rows
// (what the instruction takes). dot(sum, columns, rows) adds to each lane the products of its values; sums wrap.

#include <cstdint>
#include <cstring>

#include "engine/simd/inline.h"

namespace vireo::simd::portable {

struct Words {
  static constexpr int kLanes = 8, kValues = 2;
  static constexpr bool kBytes = false;
  std::int32_t lane[kLanes];

  VIREO_INLINE static Words set(std::int32_t x) {
    Words w;
    for (std::int32_t& v : w.lane) v = x;
    return w;
  }
  VIREO_INLINE static Words load(const void* p) {
    Words w;
    std::memcpy(w.lane, p, sizeof w.lane);
    return w;
  }
  VIREO_INLINE void store(void* p) const { std::memcpy(p, lane, sizeof lane); }
};

VIREO_INLINE Words operator+(Words a, Words b) {
  Words w;
  for (int i = 0; i < Words::kLanes; ++i)
    w.lane[i] =
        static_cast<std::int32_t>(static_cast<std::uint32_t>(a.lane[i]) + static_cast<std::uint32_t>(b.lane[i]));
  return w;
}
VIREO_INLINE Words operator*(Words a, Words b) {
  Words w;
  for (int i = 0; i < Words::kLanes; ++i)
    w.lane[i] =
        static_cast<std::int32_t>(static_cast<std::uint32_t>(a.lane[i]) * static_cast<std::uint32_t>(b.lane[i]));
  return w;
}
VIREO_INLINE Words dot(Words sum, Words columns, Words rows) {
  for (int i = 0; i < Words::kLanes; ++i) {
    const std::int32_t c = columns.lane[i], r = rows.lane[i];
    const auto low = static_cast<std::int16_t>(c) * static_cast<std::int16_t>(r), high = (c >> 16) * (r >> 16);
    sum.lane[i] = static_cast<std::int32_t>(static_cast<std::uint32_t>(sum.lane[i]) + static_cast<std::uint32_t>(low) +
                                            static_cast<std::uint32_t>(high));
  }
  return sum;
}

}  // namespace vireo::simd::portable
