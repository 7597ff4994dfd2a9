#pragma once
// attention on OpenCL devices, for kernels.cpp.

#include "engine/ops/shared/opencl.h"

namespace vireo::ops {

[[nodiscard]] std::string refuse_attention_tiles(const Problem& problem);
[[nodiscard]] Launch prepare_attention_tiles(const Problem& problem);
[[nodiscard]] double predict_attention_tiles(const Problem& problem);
[[nodiscard]] std::string refuse_attention_queries(const Problem& problem);
[[nodiscard]] Launch prepare_attention_queries(const Problem& problem);
[[nodiscard]] double predict_attention_queries(const Problem& problem);

/// On tensor cores (mma.cl): float16, no mask.
[[nodiscard]] std::string refuse_attention_mma(const graph::Problem& problem);
[[nodiscard]] graph::Launch prepare_attention_mma(const graph::Problem& problem);
[[nodiscard]] double predict_attention_mma(const graph::Problem& problem);

}  // namespace vireo::ops
