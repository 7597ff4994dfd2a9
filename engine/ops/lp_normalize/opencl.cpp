// lp_normalize on OpenCL devices.
#include "engine/ops/shared/opencl_normalize.h"
#include "engine/ops/shared/reference.h"

namespace vireo::ops {
namespace {

OpenclNorm lp_normalize_opencl(const Problem& p) {
  const Dims& dims = p.inputs[0].dims;
  OpenclNorm n{.mode = p.attributes->integer("p", 2) == 2 ? Normalization::l2_norm : Normalization::l1_norm,
               .dims = dims,
               .along = std::vector<bool>(dims.size()),
               .x = strides_of(p.inputs[0]),
               .y = strides_of(p.outputs[0])};
  n.along[wrap_axis(p.attributes->integer("axis", -1), dims.size())] = true;
  return n;
}

std::string refuse_lp_normalize_opencl(const Problem& p) {
  const std::string why = refuse_opencl(p, kReals);
  return why.empty() ? refuse_norm(p, lp_normalize_opencl(p)) : why;
}

constexpr Tactic kTactics[] = {
    {.name = "lp_normalize_groups_opencl",
     .refuse = refuse_lp_normalize_opencl,
     .prepare = NormTactics<lp_normalize_opencl>::prepare<LineForm::shared>,
     .device = "opencl",
     .predict = NormTactics<lp_normalize_opencl>::predict<LineForm::shared>},
    {.name = "lp_normalize_items_opencl",
     .refuse = refuse_lp_normalize_opencl,
     .prepare = NormTactics<lp_normalize_opencl>::prepare<LineForm::serial>,
     .device = "opencl",
     .predict = NormTactics<lp_normalize_opencl>::predict<LineForm::serial>},
};

}  // namespace

std::span<const Tactic> lp_normalize_tactics() { return kTactics; }

}  // namespace vireo::ops
