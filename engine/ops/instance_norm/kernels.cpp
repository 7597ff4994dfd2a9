#include "engine/ops/instance_norm/opencl.h"
#include "engine/ops/shared/channel_norm.h"
#include "engine/ops/shared/shape.h"

namespace vireo::ops {
namespace {

template <ChannelNormKernels (*kKernels)()>
Launch prepare(const Problem& p) {
  return prepare_channel_norm(
      p, p.attributes->text("layout", "nchw") == "nhwc" ? p.inputs[0].dims.back() : p.inputs[0].dims[1], kKernels());
}

constexpr Tactic kTactics[] = {
#if defined(__x86_64__)
    {.name = "instance_norm_avx512",
     .isa = graph::Isa::avx512,
     .refuse = refuse_channel_norm,
     .prepare = prepare<channel_norm_kernels_avx512>},
    {.name = "instance_norm_avx2",
     .isa = graph::Isa::avx2,
     .refuse = refuse_channel_norm,
     .prepare = prepare<channel_norm_kernels_avx2>},
#endif
    {.name = "instance_norm_portable",
     .refuse = refuse_channel_norm,
     .prepare = prepare<channel_norm_kernels_portable>},
    {.name = "instance_norm_groups_opencl",
     .refuse = refuse_instance_norm_opencl,
     .prepare = NormTactics<instance_norm_opencl>::prepare<LineForm::shared>,
     .device = "opencl",
     .predict = NormTactics<instance_norm_opencl>::predict<LineForm::shared>},
    {.name = "instance_norm_items_opencl",
     .refuse = refuse_instance_norm_opencl,
     .prepare = NormTactics<instance_norm_opencl>::prepare<LineForm::serial>,
     .device = "opencl",
     .predict = NormTactics<instance_norm_opencl>::predict<LineForm::serial>},
};

}  // namespace

std::span<const Tactic> instance_norm_tactics() { return kTactics; }

}  // namespace vireo::ops
