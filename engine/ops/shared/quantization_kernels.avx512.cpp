// Sums of integer products become bytes in registers (a third of the instructions of the general body, which took as
// long as products over 64 values); the rest is the general body.
#include "engine/simd/avx512.h"
#include "engine/simd/words_avx512.h"

#include "engine/ops/shared/quantization_body.h"

namespace vireo::ops {
namespace {

template <typename To>
void scale_sums(const void* from, void* to, std::int64_t count, const QuantizeRun& how) {
  const float s = *how.scale;
  if (!how.one_scale || !how.one_zero || !how.multiply || !(s - s == 0))  // infinities and NaN are the general body's
    return quantize_run<simd::avx512::V, std::int32_t, To>(from, to, count, how);
  const std::int32_t zero = how.zero ? *static_cast<const To*>(how.zero) : To{0};
  const simd::avx512::ByteScale scale{
      _mm512_set1_ps(s), _mm512_set1_ps(static_cast<float>(std::numeric_limits<To>::lowest() - zero)),
      _mm512_set1_ps(static_cast<float>(std::numeric_limits<To>::max() - zero)), _mm512_set1_epi32(zero)};
  const auto* x = static_cast<const std::int32_t*>(from);
  auto* y = static_cast<std::uint8_t*>(to);
  std::int64_t i = 0;
  for (; i + 16 <= count; i += 16) store_bytes(x + i, y + i, 0xffff, scale);
  if (i < count) store_bytes(x + i, y + i, simd::avx512::V::tail(static_cast<int>(count - i)).lanes, scale);
}

Quantize find_quantize_avx512(DataType from, DataType to) {
  if (from == DataType::int32 && to == DataType::uint8) return &scale_sums<std::uint8_t>;
  if (from == DataType::int32 && to == DataType::int8) return &scale_sums<std::int8_t>;
  return find_quantize<simd::avx512::V>(from, to);
}

constexpr QuantizationKernels kKernels{&find_quantize_avx512, &find_dequantize, &range_of<simd::avx512::V>};

}  // namespace

const QuantizationKernels& quantization_kernels_avx512() { return kKernels; }

}  // namespace vireo::ops
