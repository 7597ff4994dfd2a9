// Ordered tactics of rms_norm: rows on processors, and the kernels of OpenCL devices that all normalisations share.
#include "engine/ops/rms_norm/kernels.h"

#include <algorithm>

#include "engine/ops/shared/opencl_normalize.h"
#include "engine/ops/shared/reference.h"
#include "engine/ops/shared/shape.h"

namespace vireo::ops {
namespace {

using Set = RmsNormKernels (*)();

std::string refuse_rms_norm(const Problem& p) {
  for (const graph::Desc& in : p.inputs)
    if (in.dtype != DataType::float32) return "takes float32 only";
  if (p.outputs[0].count() == 0) return "nothing to do";
  const Dims& dims = p.inputs[0].dims;
  const std::size_t axis = wrap_axis(p.attributes->integer("axis", -1), dims.size());
  Dims row(dims.begin() + static_cast<std::ptrdiff_t>(axis), dims.end()), own = p.inputs[1].dims;
  while (own.size() > row.size() && own.front() == 1) own.erase(own.begin());
  if (own != row || !p.inputs[1].dense()) return "the scale must be one row";
  if (axis + 1 != dims.size() && (!p.inputs[0].dense() || !p.outputs[0].dense()))
    return "takes strided rows along the last axis only";
  return {};
}

template <Set kSet>
Launch prepare_rms_norm(const Problem& p) {
  auto state = std::make_shared<RmsNormState>();
  RmsNormState& s = *state;
  const Dims& dims = p.inputs[0].dims;
  const std::size_t axis = wrap_axis(p.attributes->integer("axis", -1), dims.size());
  s.outer = product(dims, 0, axis);
  s.extent = product_from(dims, axis);
  s.in_pitch = axis + 1 == dims.size() ? p.inputs[0].pitch : s.extent;
  s.out_pitch = axis + 1 == dims.size() ? p.outputs[0].pitch : s.extent;
  s.epsilon = static_cast<float>(p.attributes->real("epsilon", 1e-5));
  const std::int64_t wanted = std::clamp<std::int64_t>(p.inputs[0].count() / 8192, 1, 32 * p.workers);
  s.rows_per_tile = (s.outer + wanted - 1) / wanted;
  graph::CpuLaunch launch;
  launch.phases = {{kSet().rows, (s.outer + s.rows_per_tile - 1) / s.rows_per_tile}};
  launch.state = std::move(state);
  return launch;
}

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
#if defined(__x86_64__)
    {.name = "rms_norm_rows_avx512",
     .isa = graph::Isa::avx512,
     .refuse = refuse_rms_norm,
     .prepare = prepare_rms_norm<rms_norm_kernels_avx512>},
    {.name = "rms_norm_rows_avx2",
     .isa = graph::Isa::avx2,
     .refuse = refuse_rms_norm,
     .prepare = prepare_rms_norm<rms_norm_kernels_avx2>},
#endif
    {.name = "rms_norm_rows_portable",
     .refuse = refuse_rms_norm,
     .prepare = prepare_rms_norm<rms_norm_kernels_portable>},
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
