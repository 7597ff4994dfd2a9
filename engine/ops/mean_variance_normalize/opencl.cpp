// mean_variance_normalize on OpenCL devices.
#include "engine/ops/shared/opencl_normalize.h"
#include "engine/ops/shared/reference.h"

namespace vireo::ops {
namespace {

OpenclNorm mean_variance_normalize_opencl(const Problem& p) {
  const Dims& dims = p.inputs[0].dims;
  OpenclNorm n{.mode = Normalization::deviation,
               .epsilon = 1e-9,
               .dims = dims,
               .along = std::vector<bool>(dims.size()),
               .x = strides_of(p.inputs[0]),
               .y = strides_of(p.outputs[0])};
  for (std::int64_t axis : p.attributes->integers("axes", {0, 2, 3})) n.along[wrap_axis(axis, dims.size())] = true;
  return n;
}

std::string refuse_mean_variance_normalize_opencl(const Problem& p) {
  const std::string why = refuse_opencl(p, kReals);
  return why.empty() ? refuse_norm(p, mean_variance_normalize_opencl(p)) : why;
}

constexpr Tactic kTactics[] = {
    {.name = "mean_variance_normalize_groups_opencl",
     .refuse = refuse_mean_variance_normalize_opencl,
     .prepare = NormTactics<mean_variance_normalize_opencl>::prepare<LineForm::shared>,
     .device = "opencl",
     .predict = NormTactics<mean_variance_normalize_opencl>::predict<LineForm::shared>},
    {.name = "mean_variance_normalize_items_opencl",
     .refuse = refuse_mean_variance_normalize_opencl,
     .prepare = NormTactics<mean_variance_normalize_opencl>::prepare<LineForm::serial>,
     .device = "opencl",
     .predict = NormTactics<mean_variance_normalize_opencl>::predict<LineForm::serial>},
};

}  // namespace

std::span<const Tactic> mean_variance_normalize_tactics() { return kTactics; }

}  // namespace vireo::ops
