#pragma once
// pad: where what comes from; kernels that its tactics have besides copies. Pure; any thread.

#include "engine/ops/shared/reference.h"
#include "engine/ops/shared/shape.h"

namespace vireo::ops {

/// Where position `at` of an axis, counted from the input's first element, reads from; -1: the padding value.
[[nodiscard]] std::int64_t pad_source(std::int64_t at, std::int64_t extent, const std::string& mode);
/// What is added before each axis. `axes`: those that pads speak of; null: all.
[[nodiscard]] Dims pad_begins(const Dims& dims, const Ints& pads, const Ints* axes);
[[nodiscard]] Dims pad_begins(const Problem& problem);

/// Modes reflect, edge and wrap.
[[nodiscard]] std::string refuse_pad_rows(const Problem& problem);
[[nodiscard]] Launch prepare_pad_rows(const Problem& problem);

}  // namespace vireo::ops
