// dequantize_linear on OpenCL devices.
#include "engine/ops/shared/opencl_quantization.h"

namespace vireo::ops {

std::string refuse_dequantize_linear_opencl(const Problem& p) {
  if (std::string why = refuse_opencl(p, kOpenclTypes); !why.empty()) return why;
  OpenclRows rows;
  std::string why;
  (void)plan_quantization(p, rows, why);
  return why;
}

Launch prepare_dequantize_linear_opencl(const Problem& p) {
  return prepare_quantization(p, "dequantize_linear/elements.cl", "dequantize_linear_elements");
}

}  // namespace vireo::ops
