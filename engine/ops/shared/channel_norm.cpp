#include "engine/ops/shared/channel_norm.h"

#include <algorithm>

#include "engine/ops/shared/reference.h"

namespace vireo::ops {
namespace {
bool pixels(const graph::Problem& p) { return p.attributes->text("layout", "nchw") == "nhwc"; }
}  // namespace

std::string refuse_channel_norm(const graph::Problem& p) {
  for (const graph::Desc& in : p.inputs)
    if (in.dtype != DataType::float32) return "takes float32 only";
  if (p.outputs[0].count() == 0) return "nothing to do";
  if (!pixels(p) && (!p.inputs[0].dense() || !p.outputs[0].dense())) return "takes strided rows of layout nhwc only";
  return {};
}

graph::Launch prepare_channel_norm(const graph::Problem& p, std::int64_t groups, const ChannelNormKernels& kernels) {
  auto state = std::make_shared<ChannelNormState>();
  ChannelNormState& s = *state;
  const Dims& dims = p.inputs[0].dims;
  const bool last = pixels(p);
  s.batch = dims[0];
  s.channels = last ? dims.back() : dims[1];
  s.spatial = last ? product(dims, 1, dims.size() - 1) : product_from(dims, 2);
  s.groups = groups;
  s.in_pitch = p.inputs[0].pitch;
  s.out_pitch = p.outputs[0].pitch;
  s.epsilon = static_cast<float>(p.attributes->real("epsilon", 1e-5));
  graph::CpuLaunch launch;
  if (last) {
    const std::int64_t wanted = std::clamp<std::int64_t>(p.inputs[0].count() / 16384 / s.batch, 1, 8 * p.workers);
    s.stripe = (s.spatial + wanted - 1) / wanted;
    s.stripes = (s.spatial + s.stripe - 1) / s.stripe;
    launch.workspace_bytes = static_cast<std::size_t>(2 * s.batch * s.stripes * s.channels) * sizeof(float);
    launch.scratch_bytes = static_cast<std::size_t>(2 * s.channels) * sizeof(float);
    launch.phases = {{kernels.sums, s.batch * s.stripes},
                     {kernels.squares, s.batch * s.stripes},
                     {kernels.apply, s.batch * s.stripes}};
  } else {
    launch.phases = {{kernels.planes, s.batch * s.groups}};
  }
  launch.state = std::move(state);
  return launch;
}

}  // namespace vireo::ops
