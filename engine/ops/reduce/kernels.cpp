#include "engine/ops/reduce/kernels.h"

#include <algorithm>

#include "engine/ops/reduce/opencl.h"
#include "engine/ops/shared/loop_plan.h"
#include "engine/ops/shared/reference.h"

namespace vireo::ops {
namespace {

using Set = ReduceKernels (*)(int);

int mode_of(const Problem& p) {
  constexpr std::string_view names[] = {"sum", "mean", "max", "min", "l1", "l2", "sum_square"};
  const std::string name = p.attributes->text("mode", "sum");
  for (int i = 0; i < 7; ++i)
    if (name == names[i]) return i;
  return -1;
}

/// The input as [outer, extent, inner] with even steps; false when the reduced axes are not one run.
bool plan(const Problem& p, ReduceState& s) {
  const graph::Desc& in = p.inputs[0];
  const Ints axes = p.inputs.size() > 1 && p.inputs[1].present() ? to_integers(*p.inputs[1].constant) : Ints{};
  std::vector<bool> reduced(in.dims.size(), axes.empty() && p.attributes->integer("noop_with_empty_axes", 0) == 0);
  for (std::int64_t axis : axes) reduced[wrap_axis(axis, in.dims.size())] = true;
  const Dims strides = strides_of(in);
  struct Run {
    std::int64_t extent = 1, stride = 0;
    bool used = false;
    bool add(std::int64_t more, std::int64_t step) {
      if (used && stride != more * step) return false;
      extent *= more;
      stride = step;
      return used = true;
    }
  } outer, middle, inner;
  int state = 0;  // 0: outer axes, 1: reduced, 2: inner
  for (std::size_t i = 0; i < in.dims.size(); ++i) {
    if (in.dims[i] == 1) continue;
    if (state == 0 && reduced[i]) state = 1;
    if (state == 1 && !reduced[i]) state = 2;
    if (state == 2 && reduced[i]) return false;
    if (!(state == 0 ? outer : state == 1 ? middle : inner).add(in.dims[i], strides[i])) return false;
  }
  if (inner.used && inner.stride != 1) return false;
  if (!inner.used && middle.used && middle.stride != 1) return false;
  s.outer = outer.extent;
  s.outer_pitch = outer.stride;
  s.extent = middle.extent;
  s.pitch = middle.used ? middle.stride : 1;
  s.inner = inner.extent;
  s.out_pitch = s.inner;
  return true;
}

std::string refuse(const Problem& p) {
  if (p.inputs[0].dtype != DataType::float32) return "takes float32 only";
  if (mode_of(p) < 0) return "no vector form of this mode";
  if (p.inputs.size() > 1 && p.inputs[1].present() && !p.inputs[1].constant)
    return "the axes are not known when building";
  if (p.inputs[0].count() == 0) return "nothing to do";
  ReduceState s;
  if (!plan(p, s)) return "the reduced axes are not one run";
  if (!p.outputs[0].dense()) return "takes a dense output only";
  return {};
}

template <Set kSet>
Launch prepare(const Problem& p) {
  auto state = std::make_shared<ReduceState>();
  ReduceState& s = *state;
  (void)plan(p, s);
  s.factor = 1.0f / static_cast<float>(s.extent);
  const ReduceKernels kernels = kSet(mode_of(p));
  const std::int64_t wanted = std::clamp<std::int64_t>(p.inputs[0].count() / 16384, 1, 16 * p.workers);
  graph::CpuLaunch launch;
  if (s.inner == 1) {
    s.rows_per_tile = (s.outer + wanted - 1) / wanted;
    launch.phases = {{kernels.rows, (s.outer + s.rows_per_tile - 1) / s.rows_per_tile}};
  } else {
    const std::int64_t across = std::max<std::int64_t>(1, wanted / s.outer);
    s.width = std::max<std::int64_t>(64, ((s.inner + across - 1) / across + 63) / 64 * 64);
    s.columns = (s.inner + s.width - 1) / s.width;
    if (s.columns * s.outer < wanted)
      s.parts = std::clamp<std::int64_t>(wanted / (s.columns * s.outer), 1, std::max<std::int64_t>(1, s.extent / 8));
    s.part = (s.extent + s.parts - 1) / s.parts;
    s.parts = (s.extent + s.part - 1) / s.part;
    launch.phases = {{kernels.columns, s.outer * s.columns * s.parts}};
    if (s.parts > 1) {
      launch.workspace_bytes = static_cast<std::size_t>(s.outer * s.parts * s.inner) * sizeof(float);
      launch.phases.push_back({kernels.combine, s.outer});
    }
  }
  launch.state = std::move(state);
  return launch;
}

constexpr Tactic kTactics[] = {
#if defined(__x86_64__)
    {.name = "reduce_blocks_avx512",
     .isa = graph::Isa::avx512,
     .refuse = refuse,
     .prepare = prepare<reduce_kernels_avx512>},
    {.name = "reduce_blocks_avx2", .isa = graph::Isa::avx2, .refuse = refuse, .prepare = prepare<reduce_kernels_avx2>},
#endif
    {.name = "reduce_blocks_portable", .refuse = refuse, .prepare = prepare<reduce_kernels_portable>},
    {.name = "reduce_part_opencl",
     .refuse = refuse_reduce_part,
     .prepare = prepare_reduce_part,
     .device = "opencl",
     .predict = predict_reduce_part},
    {.name = "reduce_groups_opencl",
     .refuse = refuse_reduce_opencl,
     .prepare = prepare_reduce_opencl<LineForm::shared>,
     .device = "opencl",
     .predict = predict_reduce_opencl<LineForm::shared>},
    {.name = "reduce_parts_opencl",
     .refuse = refuse_reduce_parts,
     .prepare = prepare_reduce_parts,
     .device = "opencl",
     .predict = predict_reduce_parts},
    {.name = "reduce_items_opencl",
     .refuse = refuse_reduce_opencl,
     .prepare = prepare_reduce_opencl<LineForm::serial>,
     .device = "opencl",
     .predict = predict_reduce_opencl<LineForm::serial>},
};

}  // namespace

std::span<const Tactic> reduce_tactics() { return kTactics; }

}  // namespace vireo::ops
