// dequantize_linear on OpenCL devices.
#include "engine/ops/shared/opencl_quantization.h"

namespace vireo::ops {
namespace {

std::string refuse(const Problem& p) {
  if (std::string why = refuse_opencl(p, kOpenclTypes); !why.empty()) return why;
  OpenclRows rows;
  std::string why;
  (void)plan_quantization(p, rows, why);
  return why;
}

Launch prepare(const Problem& p) {
  return prepare_quantization(p, "dequantize_linear/elements.cl", "dequantize_linear_elements");
}

constexpr Tactic kTactics[] = {
    {.name = "dequantize_linear_elements_opencl", .refuse = refuse, .prepare = prepare, .device = "opencl"}};

}  // namespace

std::span<const Tactic> dequantize_linear_tactics() { return kTactics; }

}  // namespace vireo::ops
