#include <immintrin.h>

#include "plugins/preprocess/resample.h"

namespace vireo::preprocess {
namespace avx2 {
namespace {

inline int four_bytes(const std::uint8_t* from) {
  int value;
  __builtin_memcpy(&value, from, sizeof(value));
  return value;
}

/// Two lanes of 16 bytes.
struct V {
  static constexpr int kPixels = 8;
  __m256i r;

  static V set(int value) { return {_mm256_set1_epi32(value)}; }
  static V load(const void* from) { return {_mm256_loadu_si256(static_cast<const __m256i*>(from))}; }
  static V repeat(const std::uint8_t* lane) {
    return {_mm256_broadcastsi128_si256(_mm_loadu_si128(reinterpret_cast<const __m128i*>(lane)))};
  }
  static V both(__m128i low, __m128i high) { return {_mm256_inserti128_si256(_mm256_castsi128_si256(low), high, 1)}; }
  template <bool kWide>
  static V gather(const std::uint8_t* row, const std::int32_t* at) {
    return both(lane<kWide>(row, at), lane<kWide>(row, at + 4));
  }
  template <bool kWide>
  static __m128i lane(const std::uint8_t* row, const std::int32_t* at) {
    if constexpr (!kWide) return _mm_loadu_si128(reinterpret_cast<const __m128i*>(row + at[0]));
    return _mm_set_epi32(four_bytes(row + at[3]), four_bytes(row + at[2]), four_bytes(row + at[1]),
                         four_bytes(row + at[0]));
  }
  static V eight_bytes(const std::uint8_t* row, const std::int32_t* at) {
    return both(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(row + at[0])),
                _mm_loadl_epi64(reinterpret_cast<const __m128i*>(row + at[1])));
  }
  static V spread(const std::int32_t* each) { return both(_mm_set1_epi32(each[0]), _mm_set1_epi32(each[1])); }

  [[nodiscard]] V shuffled(const V& by) const { return {_mm256_shuffle_epi8(r, by.r)}; }
  [[nodiscard]] V pairs_times(const V& weights) const { return {_mm256_madd_epi16(r, weights.r)}; }
  void store_bytes(std::uint8_t* to) const {
    const __m256i words = _mm256_packus_epi32(r, r), bytes = _mm256_packus_epi16(words, words);
    _mm_storel_epi64(reinterpret_cast<__m128i*>(to),
                     _mm_unpacklo_epi32(_mm256_castsi256_si128(bytes), _mm256_extracti128_si256(bytes, 1)));
  }
};

/// What was multiplied fits 15 bits after the shift, so the upper halves of the 32 bits are 0 and stay so.
inline V blend(const V& above, const V& below, const V& above_weight, const V& below_weight) {
  const __m256i a = _mm256_mulhi_epi16(_mm256_srli_epi32(above.r, 4), above_weight.r);
  const __m256i b = _mm256_mulhi_epi16(_mm256_srli_epi32(below.r, 4), below_weight.r);
  return {_mm256_srli_epi32(_mm256_add_epi32(_mm256_add_epi32(a, b), _mm256_set1_epi32(2)), 2)};
}

#include "plugins/preprocess/resample_body.h"

}  // namespace
}  // namespace avx2

extern const ResampleKernels kResampleAvx2;
const ResampleKernels kResampleAvx2{"avx2", avx2::samples<avx2::V>, avx2::pairs<avx2::V>, avx2::pixels<avx2::V>};

}  // namespace vireo::preprocess
