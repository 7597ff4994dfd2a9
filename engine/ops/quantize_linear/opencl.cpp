// quantize_linear on OpenCL devices.
#include "engine/ops/shared/opencl_quantization.h"

namespace vireo::ops {

std::string refuse_quantize_linear_opencl(const Problem& p) {
  if (p.attributes->has("multiply") || p.attributes->has("precision")) return "divides in float32 only";
  if (std::string why = refuse_opencl(p, kOpenclTypes); !why.empty()) return why;
  OpenclRows rows;
  std::string why;
  (void)plan_quantization(p, rows, why);
  return why;
}

Launch prepare_quantize_linear_opencl(const Problem& p) {
  return prepare_quantization(p, "quantize_linear/elements.cl", "quantize_linear_elements");
}

}  // namespace vireo::ops
