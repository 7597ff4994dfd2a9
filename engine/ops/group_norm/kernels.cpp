#include "engine/ops/group_norm/opencl.h"
#include "engine/ops/shared/channel_norm.h"
#include "engine/ops/shared/shape.h"

namespace vireo::ops {
namespace {

template <ChannelNormKernels (*kKernels)()>
Launch prepare(const Problem& p) {
  return prepare_channel_norm(p, p.attributes->integer("num_groups", 1), kKernels());
}

constexpr Tactic kTactics[] = {
#if defined(__x86_64__)
    {.name = "group_norm_avx512",
     .isa = graph::Isa::avx512,
     .refuse = refuse_channel_norm,
     .prepare = prepare<channel_norm_kernels_avx512>},
    {.name = "group_norm_avx2",
     .isa = graph::Isa::avx2,
     .refuse = refuse_channel_norm,
     .prepare = prepare<channel_norm_kernels_avx2>},
#endif
    {.name = "group_norm_portable", .refuse = refuse_channel_norm, .prepare = prepare<channel_norm_kernels_portable>},
    {.name = "group_norm_groups_opencl",
     .refuse = refuse_group_norm_opencl,
     .prepare = NormTactics<group_norm_opencl>::prepare<LineForm::shared>,
     .device = "opencl",
     .predict = NormTactics<group_norm_opencl>::predict<LineForm::shared>},
    {.name = "group_norm_items_opencl",
     .refuse = refuse_group_norm_opencl,
     .prepare = NormTactics<group_norm_opencl>::prepare<LineForm::serial>,
     .device = "opencl",
     .predict = NormTactics<group_norm_opencl>::predict<LineForm::serial>},
};

}  // namespace

std::span<const Tactic> group_norm_tactics() { return kTactics; }

}  // namespace vireo::ops
