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
    for (std::int64_t k = 0; k < left; ++k) {  // sums between rows may be anything
      const auto sum = static_cast<std::uint32_t>(static_cast<std::int32_t>(whole[k]));
      to[i + k] = static_cast<std::int32_t>(sum + static_cast<std::uint32_t>(bias));
    }
  }
}

template <typename V>
void fill_zeros(float* to, std::int64_t begin, std::int64_t end) {  // mostly one or two: a call would cost more
  for (std::int64_t i = begin; i < end; i += V::kWidth)
    V::zero().store(to + i, V::tail(static_cast<int>(end - i < V::kWidth ? end - i : V::kWidth)));
}

template <typename Byte>
void fill_bytes(const FilledRow& row, float* to) {
  const std::int64_t count = row.last - row.first, stride = row.stride;
  const std::uint8_t* from = row.from;
  const std::int32_t zero = row.zero;
  const auto value = [zero](std::uint8_t byte) { return static_cast<float>(static_cast<Byte>(byte) - zero); };
  if (stride == 1)
    for (std::int64_t i = 0; i < count; ++i) to[i] = value(from[i]);
  else if (stride == 2)
    for (std::int64_t i = 0; i < count; ++i) to[i] = value(from[2 * i]);
  else
    for (std::int64_t i = 0; i < count; ++i) to[i] = value(from[i * stride]);
}

template <typename V>
void integer_fill(const FilledRow& row, float* to) {
  if (!row.from) return fill_zeros<V>(to, 0, row.length);
  fill_zeros<V>(to, 0, row.first);
  if (row.is_signed) fill_bytes<std::int8_t>(row, to + row.first);
  else fill_bytes<std::uint8_t>(row, to + row.first);
  fill_zeros<V>(to, row.last, row.length);
}

}  // namespace
}  // namespace vireo::ops
