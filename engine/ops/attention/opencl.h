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

}  // namespace vireo::ops
