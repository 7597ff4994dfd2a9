#pragma once
// The tactics of conv_integer: sums as products of panels (panels.cpp), and groups of few filters tap by tap
// (taps.cpp). Any thread.

#include "engine/ops/shared/integer_product.h"
#include "engine/ops/shared/integer_shape.h"
#include "engine/ops/shared/quantization_kernels.h"

namespace vireo::ops {

/// How sums become 8-bit results; `run` is null where they stay sums.
struct IntegerResults {
  Quantize run = nullptr;
  std::size_t size = sizeof(std::int32_t);  ///< of a result
  std::vector<float> scale;                 ///< one for each filter
  std::uint8_t zero = 0;                    ///< its bits

  void operator()(const std::int32_t* sums, void* to, std::int64_t count, std::int64_t filter) const {
    run(sums, to, count, {&scale[static_cast<std::size_t>(filter)], &zero, true, true, true});
  }
};
[[nodiscard]] IntegerResults integer_results(const Problem& problem, const QuantizationKernels& kernels);

/// What neither takes; empty for yes.
[[nodiscard]] std::string refuse_conv_integer(const Problem& problem);
/// Input `index` as numbers: 0 where there is none.
[[nodiscard]] std::vector<std::int32_t> known_numbers(const Problem& problem, std::size_t index, std::int64_t count);

[[nodiscard]] std::string refuse_conv_integer_panels(const Problem& problem);
[[nodiscard]] Launch prepare_conv_integer_panels(const Problem& problem, const IntegerKernels& kernels,
                                                 const QuantizationKernels& results);

/// `count` sums: of tap t, sum += weights[t] * rows[t][i]. Writes whole numbers, plus `bias`.
using IntegerTaps = void (*)(const float* const* rows, const float* weights, std::int64_t taps, std::int64_t count,
                             std::int32_t bias, std::int32_t* to);
/// A row of `length` floats: from `first` to `last` bytes, `stride` apart, less their zero point; 0 around them, and
/// everywhere where `from` is null.
struct FilledRow {
  const std::uint8_t* from = nullptr;
  std::int64_t first = 0, last = 0, length = 0, stride = 1;
  std::int32_t zero = 0;
  bool is_signed = false;
};
using IntegerFill = void (*)(const FilledRow& row, float* to);
struct TapKernels {
  IntegerTaps run;
  IntegerFill fill;
};
[[nodiscard]] TapKernels integer_taps_portable();
[[nodiscard]] TapKernels integer_taps_avx2();
[[nodiscard]] TapKernels integer_taps_avx512();

[[nodiscard]] std::string refuse_conv_integer_taps(const Problem& problem);
[[nodiscard]] Launch prepare_conv_integer_taps(const Problem& problem, TapKernels kernels,
                                               const QuantizationKernels& results);

}  // namespace vireo::ops
