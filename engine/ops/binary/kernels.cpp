#include "engine/ops/binary/kernels.h"

#include "engine/ops/binary/functions.h"
#include "engine/ops/shared/loop_plan.h"
#include "engine/ops/shared/row_launch.h"

namespace vireo::ops {

/// Null where there is none; both operands have the type. In compare.cpp.
graph::TileFunction compare_tile(DataType type, BinaryFunction function);

namespace {

using Choose = graph::TileFunction (*)(int);

/// Which BinaryFunction the kernels run.
int function_of(const Problem& p) {
  const BinaryFunction f = binary_function_from(p.attributes->text("function", ""));
  if (f != BinaryFunction::pow || !p.inputs[1].constant || p.inputs[1].count() != 1) return static_cast<int>(f);
  const double exponent = to_reals(*p.inputs[1].constant)[0];
  const BinaryFunction known = exponent == 2     ? BinaryFunction::square
                               : exponent == 3   ? BinaryFunction::cube
                               : exponent == 0.5 ? BinaryFunction::root
                                                 : f;
  return static_cast<int>(known);
}

bool plan(const Problem& p, Loop& loop) {
  const Dims& out = p.outputs[0].dims;
  const Dims strides[] = {broadcast_strides(p.inputs[0], out), broadcast_strides(p.inputs[1], out),
                          strides_of(p.outputs[0])};
  return plan_loop(out, strides, loop) && make_unit_rows(loop, 3);
}

template <Choose kChoose>
std::string refuse(const Problem& p) {
  if (p.inputs[0].dtype != DataType::float32 || p.inputs[1].dtype != DataType::float32) return "takes float32 only";
  if (p.outputs[0].count() == 0) return "nothing to do";
  if (!kChoose(function_of(p))) return "no vector form of this function";
  Loop loop;
  if (!plan(p, loop)) return "too many axes";
  return {};
}

template <Choose kChoose>
CpuLaunch prepare_whole(const Problem& p) {
  auto state = std::make_shared<BinaryState>();
  (void)plan(p, state->loop);
  cut_loop(state->loop, 16384, p.workers);
  graph::CpuLaunch launch;
  launch.phases = {{kChoose(function_of(p)), state->loop.tiles}};
  launch.state = std::move(state);
  return launch;
}

template <Choose kChoose>
Launch prepare(const Problem& p) {
  return elementwise_launch(p, prepare_whole<kChoose>);
}

graph::TileFunction compare_tile_of(const Problem& p) {
  return compare_tile(p.inputs[0].dtype, binary_function_from(p.attributes->text("function", "")));
}

std::string refuse_compare(const Problem& p) {
  if (p.inputs[0].dtype != p.inputs[1].dtype || !compare_tile_of(p))
    return "takes comparisons of float32, int32 and int64, and logic";
  if (p.outputs[0].count() == 0) return "nothing to do";
  Loop loop;
  if (!plan(p, loop)) return "too many axes";
  return {};
}

Launch prepare_compare(const Problem& p) {
  auto state = std::make_shared<BinaryState>();
  (void)plan(p, state->loop);
  cut_loop(state->loop, 16384, p.workers);
  graph::CpuLaunch launch;
  launch.phases = {{compare_tile_of(p), state->loop.tiles}};
  launch.state = std::move(state);
  return launch;
}

constexpr Tactic kTactics[] = {
#if defined(__x86_64__)
    {.name = "binary_rows_avx512",
     .isa = graph::Isa::avx512,
     .refuse = refuse<binary_tile_avx512>,
     .prepare = prepare<binary_tile_avx512>,
     .rows = elementwise_role},
    {.name = "binary_rows_avx2",
     .isa = graph::Isa::avx2,
     .refuse = refuse<binary_tile_avx2>,
     .prepare = prepare<binary_tile_avx2>,
     .rows = elementwise_role},
#endif
    {.name = "binary_rows_portable",
     .refuse = refuse<binary_tile_portable>,
     .prepare = prepare<binary_tile_portable>,
     .rows = elementwise_role},
    {.name = "binary_compare_portable", .refuse = refuse_compare, .prepare = prepare_compare},
    {.name = "binary_elements_opencl",
     .refuse = refuse_binary_opencl,
     .prepare = prepare_binary_opencl,
     .device = "opencl"},
};

}  // namespace

std::span<const Tactic> binary_tactics() { return kTactics; }

}  // namespace vireo::ops
