// dequantize_linear on the CPU, in tiles of runs (shared/quantization_launch.h).
#include "engine/ops/shared/quantization_launch.h"

namespace vireo::ops {

std::string refuse_dequantize_linear_opencl(const Problem&);
Launch prepare_dequantize_linear_opencl(const Problem&);

namespace {

std::string refuse(const Problem& p) {
  if (!quantization_kernels_portable().dequantize(p.inputs[0].dtype)) return "leaves these types to the reference";
  if (p.outputs[0].dtype != DataType::float32) return "makes float32 only";
  return refuse_quantization(p);
}

template <QuantizationSet kSet>
Launch prepare(const Problem& p) {
  return prepare_dequantize(p, kSet().dequantize(p.inputs[0].dtype));
}

constexpr Tactic kTactics[] = {
#if defined(__x86_64__)
    {.name = "dequantize_linear_runs_avx512",
     .isa = graph::Isa::avx512,
     .refuse = refuse,
     .prepare = prepare<quantization_kernels_avx512>},
    {.name = "dequantize_linear_runs_avx2",
     .isa = graph::Isa::avx2,
     .refuse = refuse,
     .prepare = prepare<quantization_kernels_avx2>},
#endif
    {.name = "dequantize_linear_runs_portable", .refuse = refuse, .prepare = prepare<quantization_kernels_portable>},
    {.name = "dequantize_linear_elements_opencl",
     .refuse = refuse_dequantize_linear_opencl,
     .prepare = prepare_dequantize_linear_opencl,
     .device = "opencl"},
};

}  // namespace

std::span<const Tactic> dequantize_linear_tactics() { return kTactics; }

}  // namespace vireo::ops
