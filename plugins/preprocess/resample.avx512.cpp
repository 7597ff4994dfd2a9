#pragma GCC diagnostic ignored "-Wuninitialized"  // GCC 12 warns about its own _mm512_undefined_epi32
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#include <immintrin.h>

#include "plugins/preprocess/resample.h"

namespace vireo::preprocess {
namespace avx512 {
namespace {

inline int four_bytes(const std::uint8_t* from) {
  int value;
  __builtin_memcpy(&value, from, sizeof(value));
  return value;
}

/// Four lanes of 16 bytes.
struct V {
  static constexpr int kPixels = 16;
  __m512i r;

  static V set(int value) { return {_mm512_set1_epi32(value)}; }
  static V load(const void* from) { return {_mm512_loadu_si512(from)}; }
  static V repeat(const std::uint8_t* lane) {
    return {_mm512_broadcast_i32x4(_mm_loadu_si128(reinterpret_cast<const __m128i*>(lane)))};
  }
  static V all(__m128i a, __m128i b, __m128i c, __m128i d) {
    const __m256i low = _mm256_inserti128_si256(_mm256_castsi128_si256(a), b, 1);
    const __m256i high = _mm256_inserti128_si256(_mm256_castsi128_si256(c), d, 1);
    return {_mm512_inserti64x4(_mm512_castsi256_si512(low), high, 1)};
  }
  template <bool kWide>
  static V gather(const std::uint8_t* row, const std::int32_t* at) {
    return all(lane<kWide>(row, at), lane<kWide>(row, at + 4), lane<kWide>(row, at + 8), lane<kWide>(row, at + 12));
  }
  template <bool kWide>
  static __m128i lane(const std::uint8_t* row, const std::int32_t* at) {
    if constexpr (!kWide) return _mm_loadu_si128(reinterpret_cast<const __m128i*>(row + at[0]));
    return _mm_set_epi32(four_bytes(row + at[3]), four_bytes(row + at[2]), four_bytes(row + at[1]),
                         four_bytes(row + at[0]));
  }
  static V eight_bytes(const std::uint8_t* row, const std::int32_t* at) {
    const auto eight = [&](int i) { return _mm_loadl_epi64(reinterpret_cast<const __m128i*>(row + at[i])); };
    return all(eight(0), eight(1), eight(2), eight(3));
  }
  static V spread(const std::int32_t* each) {
    return all(_mm_set1_epi32(each[0]), _mm_set1_epi32(each[1]), _mm_set1_epi32(each[2]), _mm_set1_epi32(each[3]));
  }

  [[nodiscard]] V shuffled(const V& by) const { return {_mm512_shuffle_epi8(r, by.r)}; }
  [[nodiscard]] V pairs_times(const V& weights) const { return {_mm512_madd_epi16(r, weights.r)}; }
  void store_bytes(std::uint8_t* to) const {
    _mm_storeu_si128(reinterpret_cast<__m128i*>(to), _mm512_cvtepi32_epi8(r));
  }
};

/// What was multiplied fits 15 bits after the shift, so the upper halves of the 32 bits are 0 and stay so.
inline V blend(const V& above, const V& below, const V& above_weight, const V& below_weight) {
  const __m512i a = _mm512_mulhi_epi16(_mm512_srli_epi32(above.r, 4), above_weight.r);
  const __m512i b = _mm512_mulhi_epi16(_mm512_srli_epi32(below.r, 4), below_weight.r);
  return {_mm512_srli_epi32(_mm512_add_epi32(_mm512_add_epi32(a, b), _mm512_set1_epi32(2)), 2)};
}

#include "plugins/preprocess/resample_body.h"

}  // namespace
}  // namespace avx512

extern const ResampleKernels kResampleAvx512;
const ResampleKernels kResampleAvx512{"avx512", avx512::samples<avx512::V>, avx512::pairs<avx512::V>,
                                      avx512::pixels<avx512::V>};

}  // namespace vireo::preprocess
