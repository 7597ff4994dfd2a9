// Rows of the broadcast condition and values, any element size.
#include "engine/ops/shared/loop_plan.h"
#include "engine/ops/shared/reference.h"

namespace vireo::ops {

std::string refuse_where_opencl(const Problem&);
Launch prepare_where_opencl(const Problem&);

namespace {

bool plan(const Problem& p, Loop& loop) {
  const Dims& out = p.outputs[0].dims;
  const Dims strides[] = {broadcast_strides(p.inputs[0], out), broadcast_strides(p.inputs[1], out),
                          broadcast_strides(p.inputs[2], out), strides_of(p.outputs[0])};
  return plan_loop(out, strides, loop);
}

std::string refuse(const Problem& p) {
  if (p.outputs[0].count() == 0) return "nothing to do";
  Loop loop;
  return plan(p, loop) ? "" : "too many axes";
}

template <typename T>
void run(const graph::TileArgs& args) noexcept {
  const auto& loop = *static_cast<const Loop*>(args.state);
  const auto* condition = static_cast<const std::uint8_t*>(args.inputs[0]);
  const T *x = static_cast<const T*>(args.inputs[1]), *y = static_cast<const T*>(args.inputs[2]);
  T* z = static_cast<T*>(args.outputs[0]);
  const int last = loop.rank - 1;
  const std::int64_t dc = loop.strides[0][last], dx = loop.strides[1][last], dy = loop.strides[2][last],
                     dz = loop.strides[3][last];
  for_rows<4>(loop, args.tile, [&](const std::int64_t* at, std::int64_t n) {
    const std::uint8_t* c = condition + at[0];
    const T *a = x + at[1], *b = y + at[2];
    T* out = z + at[3];
    for (std::int64_t i = 0; i < n; ++i) out[i * dz] = c[i * dc] ? a[i * dx] : b[i * dy];
  });
}

Launch prepare(const Problem& p) {
  auto loop = std::make_shared<Loop>();
  (void)plan(p, *loop);
  cut_loop(*loop, 16384, p.workers);
  graph::CpuLaunch launch;
  dispatch_bytes(p.outputs[0].dtype, [&](auto tag) {
    launch.phases = {{&run<typename decltype(tag)::type>, loop->tiles}};
  });
  launch.state = std::move(loop);
  return launch;
}

constexpr Tactic kTactics[] = {{.name = "where_rows_portable", .refuse = refuse, .prepare = prepare},
                               {.name = "where_elements_opencl",
                                .refuse = refuse_where_opencl,
                                .prepare = prepare_where_opencl,
                                .device = "opencl"}};

}  // namespace

std::span<const Tactic> where_tactics() { return kTactics; }

}  // namespace vireo::ops
