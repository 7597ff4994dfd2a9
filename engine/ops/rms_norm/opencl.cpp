// rms_norm on OpenCL devices.
#include "engine/ops/shared/opencl_normalize.h"
#include "engine/ops/shared/reference.h"

namespace vireo::ops {
namespace {

OpenclNorm rms_norm_opencl(const Problem& p) {
  const Dims& dims = p.inputs[0].dims;
  const std::size_t axis = wrap_axis(p.attributes->integer("axis", -1), dims.size());
  OpenclNorm n{.mode = Normalization::root_mean_square, .epsilon = p.attributes->real("epsilon", 1e-5), .dims = dims};
  for (std::size_t i = 0; i < dims.size(); ++i) n.along.push_back(i >= axis);
  n.x = strides_of(p.inputs[0]);
  n.y = strides_of(p.outputs[0]);
  n.scale = 1;
  n.scale_strides = broadcast_strides(p.inputs[1], dims);
  return n;
}

std::string refuse_rms_norm_opencl(const Problem& p) {
  const std::string why = refuse_opencl(p, kReals);
  return why.empty() ? refuse_norm(p, rms_norm_opencl(p)) : why;
}

constexpr Tactic kTactics[] = {
    {.name = "rms_norm_groups_opencl",
     .refuse = refuse_rms_norm_opencl,
     .prepare = NormTactics<rms_norm_opencl>::prepare<LineForm::shared>,
     .device = "opencl",
     .predict = NormTactics<rms_norm_opencl>::predict<LineForm::shared>},
    {.name = "rms_norm_items_opencl",
     .refuse = refuse_rms_norm_opencl,
     .prepare = NormTactics<rms_norm_opencl>::prepare<LineForm::serial>,
     .device = "opencl",
     .predict = NormTactics<rms_norm_opencl>::predict<LineForm::serial>},
};

}  // namespace

std::span<const Tactic> rms_norm_tactics() { return kTactics; }

}  // namespace vireo::ops
