#pragma once
// The bodies of quantization_kernels.h over any vector V. Elements go through a block of floats in the first-level
// cache, so that arithmetic is the vocabulary's and the conversions are loops that the compiler turns into vectors.
// Bound by memory for tensors beyond the caches. Included by one file for each instruction set.

#include <limits>
#include <type_traits>

#include "engine/ops/shared/quantization_kernels.h"
#include "engine/simd/inline.h"

namespace vireo::ops {
namespace {

constexpr std::int64_t kQuantizationBlock = 256;

template <typename V, typename From, typename To>
void quantize_run(const void* from, void* to, std::int64_t count, const QuantizeRun& how) {
  alignas(64) float values[kQuantizationBlock], zeros[kQuantizationBlock];
  const From* x = static_cast<const From*>(from);
  To* y = static_cast<To*>(to);
  const To* zero = static_cast<const To*>(how.zero);
  const V low = V::set(static_cast<float>(std::numeric_limits<To>::lowest())),
          high = V::set(static_cast<float>(std::numeric_limits<To>::max())), none = V::zero();
  V s = V::set(how.one_scale ? *how.scale : 1), z = V::set(how.one_zero && zero ? static_cast<float>(*zero) : 0);
  for (std::int64_t begin = 0; begin < count; begin += kQuantizationBlock) {
    const std::int64_t n = count - begin < kQuantizationBlock ? count - begin : kQuantizationBlock;
    const float* source = values;
    if constexpr (std::is_same_v<From, float>) source = x + begin;
    else
      for (std::int64_t i = 0; i < n; ++i) values[i] = static_cast<float>(x[begin + i]);
    if (!how.one_zero && zero)
      for (std::int64_t i = 0; i < n; ++i) zeros[i] = static_cast<float>(zero[begin + i]);
    const auto convert = [&](V v) __attribute__((always_inline)) {
      V t = round(how.multiply ? v * s : v / s) + z;
      t = select(equal(t, t), t, none);
      return min(max(low, t), high);
    };
    std::int64_t i = 0;
    for (; i + V::kWidth <= n; i += V::kWidth) {
      if (!how.one_scale) {
        s = V::load(how.scale + begin + i);
        if (!how.one_zero && zero) z = V::load(zeros + i);
      }
      convert(V::load(source + i)).store(values + i);
    }
    if (i < n) {
      const auto tail = V::tail(static_cast<int>(n - i));
      if (!how.one_scale) {
        s = V::load(how.scale + begin + i, tail);
        if (!how.one_zero && zero) z = V::load(zeros + i, tail);
      }
      convert(V::load(source + i, tail)).store(values + i, tail);
    }
    for (std::int64_t k = 0; k < n; ++k) y[begin + k] = static_cast<To>(static_cast<std::int32_t>(values[k]));
  }
}

template <typename From>
void dequantize_run(const void* from, float* y, std::int64_t count, const QuantizeRun& how) {
  using Wide = std::conditional_t<sizeof(From) == 4, std::int64_t, std::int32_t>;
  const From *x = static_cast<const From*>(from), *zero = static_cast<const From*>(how.zero);
  if (how.one_scale) {
    const Wide z = zero ? *zero : From{0};
    const float s = *how.scale;
    if (z == 0)
      for (std::int64_t i = 0; i < count; ++i) y[i] = static_cast<float>(x[i]) * s;
    else
      for (std::int64_t i = 0; i < count; ++i) y[i] = static_cast<float>(static_cast<Wide>(x[i]) - z) * s;
  } else if (zero && how.one_zero) {
    const Wide z = *zero;
    for (std::int64_t i = 0; i < count; ++i) y[i] = static_cast<float>(static_cast<Wide>(x[i]) - z) * how.scale[i];
  } else if (zero) {
    for (std::int64_t i = 0; i < count; ++i)
      y[i] = static_cast<float>(static_cast<Wide>(x[i]) - static_cast<Wide>(zero[i])) * how.scale[i];
  } else {
    for (std::int64_t i = 0; i < count; ++i) y[i] = static_cast<float>(x[i]) * how.scale[i];
  }
}

template <typename V>
void range_of(const float* x, std::int64_t count, float& least, float& greatest) {
  V low = V::zero(), high = V::zero(), low2 = low, high2 = high;  // NaN is passed over: min and max give b then
  std::int64_t i = 0;
  for (; i + 2 * V::kWidth <= count; i += 2 * V::kWidth) {
    const V a = V::load(x + i), b = V::load(x + i + V::kWidth);
    low = min(a, low), high = max(a, high);
    low2 = min(b, low2), high2 = max(b, high2);
  }
  for (; i < count; i += V::kWidth) {
    const int n = static_cast<int>(count - i < V::kWidth ? count - i : V::kWidth);
    const V a = V::load(x + i, V::tail(n));  // the other lanes are 0
    low = min(a, low), high = max(a, high);
  }
  least = min_lane(min(low, low2));
  greatest = max_lane(max(high, high2));
}

template <typename V, typename From>
Quantize quantize_to(DataType to) {
  switch (to) {
    case DataType::uint8: return &quantize_run<V, From, std::uint8_t>;
    case DataType::int8: return &quantize_run<V, From, std::int8_t>;
    case DataType::uint16: return &quantize_run<V, From, std::uint16_t>;
    case DataType::int16: return &quantize_run<V, From, std::int16_t>;
    default: return nullptr;
  }
}

template <typename V>
Quantize find_quantize(DataType from, DataType to) {
  if (from == DataType::float32) return quantize_to<V, float>(to);
  return from == DataType::int32 ? quantize_to<V, std::int32_t>(to) : nullptr;
}

Dequantize find_dequantize(DataType from) {
  switch (from) {
    case DataType::uint8: return &dequantize_run<std::uint8_t>;
    case DataType::int8: return &dequantize_run<std::int8_t>;
    case DataType::uint16: return &dequantize_run<std::uint16_t>;
    case DataType::int16: return &dequantize_run<std::int16_t>;
    case DataType::int32: return &dequantize_run<std::int32_t>;
    default: return nullptr;
  }
}

template <typename V>
constexpr QuantizationKernels kQuantizationKernels{&find_quantize<V>, &find_dequantize, &range_of<V>};

}  // namespace
}  // namespace vireo::ops
