#include "engine/ops/softmax/kernels.h"

#include <algorithm>

#include "engine/ops/shared/loop_plan.h"
#include "engine/ops/shared/reference.h"
#include "engine/ops/softmax/opencl.h"

namespace vireo::ops {
namespace {

using Set = SoftmaxKernels (*)();

SoftmaxState plan(const Problem& p) {
  SoftmaxState s;
  const Dims& dims = p.inputs[0].dims;
  const std::size_t axis = wrap_axis(p.attributes->integer("axis", -1), dims.size());
  s.outer = product(dims, 0, axis);
  s.extent = dims[axis];
  s.inner = product_from(dims, axis + 1);
  s.in_pitch = axis + 1 == dims.size() ? p.inputs[0].pitch : s.extent;
  s.out_pitch = axis + 1 == dims.size() ? p.outputs[0].pitch : s.extent;
  return s;
}

std::string refuse(const Problem& p) {
  if (p.inputs[0].dtype != DataType::float32) return "takes float32 only";
  if (p.inputs[0].dims.empty() || p.inputs[0].count() == 0) return "nothing to do";
  const std::string mode = p.attributes->text("mode", "softmax");
  if (mode == "hardmax") return "no vector form of hardmax";
  const SoftmaxState s = plan(p);
  const bool last = p.inputs[0].dims.back() == s.extent && s.inner == 1 && p.inputs[0].pitch == s.in_pitch &&
                    p.outputs[0].pitch == s.out_pitch;
  if (!last && (!p.inputs[0].dense() || !p.outputs[0].dense())) return "takes strided rows along the last axis only";
  return {};
}

template <Set kSet>
Launch prepare(const Problem& p) {
  auto state = std::make_shared<SoftmaxState>(plan(p));
  SoftmaxState& s = *state;
  const SoftmaxKernels kernels = kSet();
  const std::int64_t wanted = std::clamp<std::int64_t>(p.inputs[0].count() / 4096, 1, 32 * p.workers);
  graph::CpuLaunch launch;
  const bool log = p.attributes->text("mode", "softmax") == "log_softmax";
  if (s.inner == 1) {
    s.rows_per_tile = (s.outer + wanted - 1) / wanted;
    launch.phases = {{log ? kernels.log_rows : kernels.rows, (s.outer + s.rows_per_tile - 1) / s.rows_per_tile}};
  } else {
    const std::int64_t across = std::max<std::int64_t>(1, (wanted + s.outer - 1) / s.outer);
    s.width = ((s.inner + across - 1) / across + 15) / 16 * 16;
    s.columns = (s.inner + s.width - 1) / s.width;
    launch.phases = {{log ? kernels.log_columns : kernels.columns, s.outer * s.columns}};
  }
  launch.state = std::move(state);
  return launch;
}

constexpr Tactic kTactics[] = {
#if defined(__x86_64__)
    {.name = "softmax_rows_avx512",
     .isa = graph::Isa::avx512,
     .refuse = refuse,
     .prepare = prepare<softmax_kernels_avx512>},
    {.name = "softmax_rows_avx2", .isa = graph::Isa::avx2, .refuse = refuse, .prepare = prepare<softmax_kernels_avx2>},
#endif
    {.name = "softmax_rows_portable", .refuse = refuse, .prepare = prepare<softmax_kernels_portable>},
    {.name = "softmax_groups_opencl",
     .refuse = refuse_softmax_opencl,
     .prepare = NormTactics<softmax_opencl>::prepare<LineForm::shared>,
     .device = "opencl",
     .predict = NormTactics<softmax_opencl>::predict<LineForm::shared>},
    {.name = "softmax_items_opencl",
     .refuse = refuse_softmax_opencl,
     .prepare = NormTactics<softmax_opencl>::prepare<LineForm::serial>,
     .device = "opencl",
     .predict = NormTactics<softmax_opencl>::predict<LineForm::serial>},
};

}  // namespace

std::span<const Tactic> softmax_tactics() { return kTactics; }

}  // namespace vireo::ops
