#pragma once
// Parts of plan kernels (device/opencl/plan_kernel.h) that make words of 16 bytes, eight float16 numbers, out of such
// words, on any device (shared/opencl/words.cl). Any thread.

#include "engine/ops/shared/opencl.h"

namespace vireo::ops {

/// Why the target or a tensor can't: no plan kernels, types, rows at odd places. Tensors listed by input number, -1 for
/// the output.
[[nodiscard]] std::string refuse_words(const Problem& problem, std::initializer_list<int> tensors);
/// Items of a group that work where each makes one of `words` at a time: few words are spread over all groups.
[[nodiscard]] std::int64_t word_items(const Problem& problem, std::int64_t words);
/// The kernel as a part of `pieces` for all devices; local_bytes: that it takes where local memory is asked for.
[[nodiscard]] OpenclKernel word_part(OpenclKernel kernel, std::int64_t pieces, std::size_t local_bytes = 0);
/// Rough, without the meeting before it: `rounds` of loads one after the other for each word.
[[nodiscard]] double word_seconds(const Problem& problem, std::int64_t words, double rounds);

}  // namespace vireo::ops
