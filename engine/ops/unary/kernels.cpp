#include "engine/ops/unary/kernels.h"

#include "engine/ops/shared/loop_plan.h"
#include "engine/ops/shared/row_launch.h"
#include "engine/ops/unary/functions.h"

namespace vireo::ops {
namespace {

using Choose = graph::TileFunction (*)(int, bool);

template <Choose kChoose>
std::string refuse(const Problem& p) {
  const UnaryParameters u = unary_parameters(*p.attributes);
  if (p.inputs[0].dtype != DataType::float32) return "takes float32 only";
  if (p.outputs[0].count() == 0) return "nothing to do";
  if (!kChoose(static_cast<int>(u.function), u.tanh_gelu)) return "no vector form of this function";
  return {};
}

/// Elements that make a tile worthwhile: fewer where an element costs more.
std::int64_t grain(UnaryFunction f) {
  switch (f) {
    case UnaryFunction::relu:
    case UnaryFunction::clip:
    case UnaryFunction::abs:
    case UnaryFunction::neg:
    case UnaryFunction::identity:
    case UnaryFunction::leaky_relu:
    case UnaryFunction::hard_sigmoid:
    case UnaryFunction::hard_swish: return 16384;
    default: return 4096;
  }
}

template <Choose kChoose>
CpuLaunch prepare_whole(const Problem& p) {
  const UnaryParameters u = unary_parameters(*p.attributes);
  auto state = std::make_shared<UnaryState>();
  const Dims strides[] = {strides_of(p.inputs[0]), strides_of(p.outputs[0])};
  if (!plan_loop(p.outputs[0].dims, strides, state->loop) || !make_unit_rows(state->loop, 2))
    throw Error(ErrorCode::internal, "unary: too many axes");
  cut_loop(state->loop, grain(u.function), p.workers);
  state->a = static_cast<float>(u.a);
  state->b = static_cast<float>(u.b);
  graph::CpuLaunch launch;
  launch.phases = {{kChoose(static_cast<int>(u.function), u.tanh_gelu), state->loop.tiles}};
  launch.state = std::move(state);
  return launch;
}

template <Choose kChoose>
Launch prepare(const Problem& p) {
  return elementwise_launch(p, prepare_whole<kChoose>);
}

constexpr Tactic kTactics[] = {
#if defined(__x86_64__)
    {.name = "unary_rows_avx512",
     .isa = graph::Isa::avx512,
     .refuse = refuse<unary_tile_avx512>,
     .prepare = prepare<unary_tile_avx512>,
     .rows = elementwise_role},
    {.name = "unary_rows_avx2",
     .isa = graph::Isa::avx2,
     .refuse = refuse<unary_tile_avx2>,
     .prepare = prepare<unary_tile_avx2>,
     .rows = elementwise_role},
#endif
    {.name = "unary_rows_portable",
     .refuse = refuse<unary_tile_portable>,
     .prepare = prepare<unary_tile_portable>,
     .rows = elementwise_role},
    {.name = "unary_elements_opencl",
     .refuse = refuse_unary_opencl,
     .prepare = prepare_unary_opencl,
     .device = "opencl"},
};

}  // namespace

std::span<const Tactic> unary_tactics() { return kTactics; }

}  // namespace vireo::ops
