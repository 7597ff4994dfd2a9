// quantize_linear on the CPU, in tiles of runs (shared/quantization_launch.h).
#include "engine/ops/shared/quantization_launch.h"

namespace vireo::ops {

std::string refuse_quantize_linear_opencl(const Problem&);
Launch prepare_quantize_linear_opencl(const Problem&);

namespace {

std::string refuse(const Problem& p) {
  if (!quantization_kernels_portable().quantize(p.inputs[0].dtype, p.outputs[0].dtype))
    return "leaves these types to the reference";
  return refuse_quantization(p);
}

template <QuantizationSet kSet>
Launch prepare(const Problem& p) {
  return prepare_quantize(p, kSet().quantize(p.inputs[0].dtype, p.outputs[0].dtype));
}

constexpr Tactic kTactics[] = {
#if defined(__x86_64__)
    {.name = "quantize_linear_runs_avx512",
     .isa = graph::Isa::avx512,
     .refuse = refuse,
     .prepare = prepare<quantization_kernels_avx512>},
    {.name = "quantize_linear_runs_avx2",
     .isa = graph::Isa::avx2,
     .refuse = refuse,
     .prepare = prepare<quantization_kernels_avx2>},
#endif
    {.name = "quantize_linear_runs_portable", .refuse = refuse, .prepare = prepare<quantization_kernels_portable>},
    {.name = "quantize_linear_elements_opencl",
     .refuse = refuse_quantize_linear_opencl,
     .prepare = prepare_quantize_linear_opencl,
     .device = "opencl"},
};

}  // namespace

std::span<const Tactic> quantize_linear_tactics() { return kTactics; }

}  // namespace vireo::ops
