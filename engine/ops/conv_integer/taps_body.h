#pragma once
// The body of IntegerTaps over any vector V: sums of floats that hold integers, exact below 2^24. Rows may be read up
// to a vector behind their end. Bound by loads: one for each tap and vector of results.

#include "engine/ops/conv_integer/kernels.h"
#include "engine/simd/inline.h"

namespace vireo::ops {
namespace {

template <typename V>
void integer_taps(const float* const* rows, const float* weights, std::int64_t taps, std::int64_t count,
                  std::int32_t bias, std::int32_t* to) {
  constexpr int kVectors = 4, kStep = kVectors * V::kWidth;
  for (std::int64_t i = 0; i < count; i += kStep) {
    V sums[kVectors];
    for (V& s : sums) s = V::zero();
    if (count - i > V::kWidth) {
      for (std::int64_t t = 0; t < taps; ++t) {
        const V w = V::set(weights[t]);
#pragma GCC unroll 4
        for (int n = 0; n < kVectors; ++n) sums[n] = fma(w, V::load(rows[t] + i + n * V::kWidth), sums[n]);
      }
    } else {
      for (std::int64_t t = 0; t < taps; ++t) sums[0] = fma(V::set(weights[t]), V::load(rows[t] + i), sums[0]);
    }
    alignas(64) float whole[kStep];
#pragma GCC unroll 4
    for (int n = 0; n < kVectors; ++n) sums[n].store(whole + n * V::kWidth);
    const std::int64_t left = count - i < kStep ? count - i : kStep;
    for (std::int64_t k = 0; k < left; ++k) to[i + k] = static_cast<std::int32_t>(whole[k]) + bias;
  }
}

template <typename Byte>
void fill_bytes(const std::uint8_t* from, std::int64_t count, std::int64_t stride, std::int32_t zero, float* to) {
  const auto value = [zero](std::uint8_t byte) { return static_cast<float>(static_cast<Byte>(byte) - zero); };
  if (stride == 1)
    for (std::int64_t i = 0; i < count; ++i) to[i] = value(from[i]);
  else if (stride == 2)
    for (std::int64_t i = 0; i < count; ++i) to[i] = value(from[2 * i]);
  else
    for (std::int64_t i = 0; i < count; ++i) to[i] = value(from[i * stride]);
}

void integer_fill(const std::uint8_t* from, std::int64_t count, std::int64_t stride, bool is_signed, std::int32_t zero,
                  float* to) {
  if (is_signed) fill_bytes<std::int8_t>(from, count, stride, zero, to);
  else fill_bytes<std::uint8_t>(from, count, stride, zero, to);
}

}  // namespace
}  // namespace vireo::ops
