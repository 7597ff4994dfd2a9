#include "engine/ops/layer_norm/kernels.h"

#include <algorithm>

#include "engine/ops/layer_norm/opencl.h"
#include "engine/ops/shared/reference.h"
#include "engine/ops/shared/shape.h"

namespace vireo::ops {
namespace {

using Set = LayerNormKernels (*)();

/// True when scale or bias is one row of the normalised axes.
bool is_row(const graph::Desc& desc, const Dims& dims, std::size_t axis) {
  if (!desc.dense() || desc.count() != product_from(dims, axis)) return false;
  const std::size_t rank = dims.size() - axis;
  for (std::size_t i = 0; i < rank; ++i) {
    const std::int64_t own = i < desc.dims.size() ? desc.dims[desc.dims.size() - 1 - i] : 1;
    if (own != dims[dims.size() - 1 - i]) return false;
  }
  return true;
}

std::string refuse(const Problem& p) {
  for (const graph::Desc& in : p.inputs)
    if (in.present() && in.dtype != DataType::float32) return "takes float32 only";
  for (std::size_t k = 1; k < p.outputs.size(); ++k)
    if (p.outputs[k].present()) return "gives no statistics";
  const Dims& dims = p.inputs[0].dims;
  const std::size_t axis = wrap_axis(p.attributes->integer("axis", -1), dims.size());
  if (!p.outputs[0].present() || p.outputs[0].count() == 0) return "nothing to do";
  for (std::size_t k = 1; k < p.inputs.size(); ++k)
    if (p.inputs[k].present() && !is_row(p.inputs[k], dims, axis)) return "scale and bias must be one row";
  if (axis + 1 != dims.size() && (!p.inputs[0].dense() || !p.outputs[0].dense()))
    return "takes strided rows along the last axis only";
  return {};
}

template <Set kSet>
Launch prepare(const Problem& p) {
  auto state = std::make_shared<LayerNormState>();
  LayerNormState& s = *state;
  const Dims& dims = p.inputs[0].dims;
  const std::size_t axis = wrap_axis(p.attributes->integer("axis", -1), dims.size());
  s.outer = product(dims, 0, axis);
  s.extent = product_from(dims, axis);
  s.in_pitch = axis + 1 == dims.size() ? p.inputs[0].pitch : s.extent;
  s.out_pitch = axis + 1 == dims.size() ? p.outputs[0].pitch : s.extent;
  s.epsilon = static_cast<float>(p.attributes->real("epsilon", 1e-5));
  s.has_bias = p.inputs.size() > 2 && p.inputs[2].present();
  const std::int64_t wanted = std::clamp<std::int64_t>(p.inputs[0].count() / 8192, 1, 32 * p.workers);
  s.rows_per_tile = (s.outer + wanted - 1) / wanted;
  graph::CpuLaunch launch;
  launch.phases = {{kSet().rows, (s.outer + s.rows_per_tile - 1) / s.rows_per_tile}};
  launch.state = std::move(state);
  return launch;
}

constexpr Tactic kTactics[] = {
#if defined(__x86_64__)
    {.name = "layer_norm_rows_avx512",
     .isa = graph::Isa::avx512,
     .refuse = refuse,
     .prepare = prepare<layer_norm_kernels_avx512>},
    {.name = "layer_norm_rows_avx2",
     .isa = graph::Isa::avx2,
     .refuse = refuse,
     .prepare = prepare<layer_norm_kernels_avx2>},
#endif
    {.name = "layer_norm_rows_portable", .refuse = refuse, .prepare = prepare<layer_norm_kernels_portable>},
    {.name = "layer_norm_groups_opencl",
     .refuse = refuse_layer_norm_opencl,
     .prepare = NormTactics<layer_norm_opencl>::prepare<LineForm::shared>,
     .device = "opencl",
     .predict = NormTactics<layer_norm_opencl>::predict<LineForm::shared>},
    {.name = "layer_norm_items_opencl",
     .refuse = refuse_layer_norm_opencl,
     .prepare = NormTactics<layer_norm_opencl>::prepare<LineForm::serial>,
     .device = "opencl",
     .predict = NormTactics<layer_norm_opencl>::predict<LineForm::serial>},
};

}  // namespace

std::span<const Tactic> layer_norm_tactics() { return kTactics; }

}  // namespace vireo::ops
