#pragma once
// The tactics of conv_integer: sums as products of panels (panels.cpp), and groups of few filters tap by tap
// (taps.cpp). Any thread.

#include "engine/ops/shared/integer_product.h"
#include "engine/ops/shared/integer_shape.h"

namespace vireo::ops {

using IntegerSet = const IntegerKernels& (*)();

/// What neither takes; empty for yes.
[[nodiscard]] std::string refuse_conv_integer(const Problem& problem);
/// Input `index` as numbers: 0 where there is none.
[[nodiscard]] std::vector<std::int32_t> known_numbers(const Problem& problem, std::size_t index, std::int64_t count);

[[nodiscard]] std::string refuse_conv_integer_panels(const Problem& problem);
[[nodiscard]] Launch prepare_conv_integer_panels(const Problem& problem, const IntegerKernels& kernels);

/// `count` sums of a row: of tap t, sum += weights[t] * rows[t][i]. Writes whole numbers, plus `bias`.
using IntegerTaps = void (*)(const float* const* rows, const float* weights, std::int64_t taps, std::int64_t count,
                             std::int32_t bias, std::int32_t* to);
[[nodiscard]] IntegerTaps integer_taps_portable();
[[nodiscard]] IntegerTaps integer_taps_avx2();
[[nodiscard]] IntegerTaps integer_taps_avx512();

[[nodiscard]] std::string refuse_conv_integer_taps(const Problem& problem);
[[nodiscard]] Launch prepare_conv_integer_taps(const Problem& problem, IntegerTaps run);

}  // namespace vireo::ops
