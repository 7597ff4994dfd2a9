// Positions of the extremes of float32 along an axis: blocks of neighbouring columns at once, so that memory is read in
// order.
#include <algorithm>

#include "engine/ops/arg_reduce/opencl.h"
#include "engine/ops/shared/reference.h"
#include "engine/ops/shared/shape.h"

namespace vireo::ops {
namespace {

constexpr std::int64_t kBlock = 256;  ///< columns whose best values stay in registers and the first cache

struct State {
  std::int64_t outer, extent, inner, rows_per_tile, columns;
};

template <bool kMax, bool kLast>
inline bool better(float a, float b) {
  if constexpr (kMax) return kLast ? a >= b : a > b;
  else return kLast ? a <= b : a < b;
}

/// inner 1: whole rows.
template <bool kMax, bool kLast>
void run_rows(const graph::TileArgs& args) noexcept {
  const auto& s = *static_cast<const State*>(args.state);
  const float* x = static_cast<const float*>(args.inputs[0]);
  auto* y = static_cast<std::int64_t*>(args.outputs[0]);
  for (std::int64_t o = args.tile * s.rows_per_tile, end = std::min(o + s.rows_per_tile, s.outer); o < end; ++o) {
    const float* row = x + o * s.extent;
    std::int64_t best = 0;
    for (std::int64_t k = 1; k < s.extent; ++k)
      if (better<kMax, kLast>(row[k], row[best])) best = k;
    y[o] = best;
  }
}

template <bool kMax, bool kLast>
void run_columns(const graph::TileArgs& args) noexcept {
  const auto& s = *static_cast<const State*>(args.state);
  const std::int64_t o = args.tile / s.columns, first = args.tile % s.columns * kBlock,
                     n = std::min(kBlock, s.inner - first);
  const float* x = static_cast<const float*>(args.inputs[0]) + o * s.extent * s.inner + first;
  auto* y = static_cast<std::int64_t*>(args.outputs[0]) + o * s.inner + first;
  float value[kBlock];
  std::int32_t at[kBlock];
  for (std::int64_t i = 0; i < n; ++i) value[i] = x[i], at[i] = 0;
  for (std::int64_t k = 1; k < s.extent; ++k) {
    const float* row = x + k * s.inner;
    for (std::int64_t i = 0; i < n; ++i) {
      const bool wins = better<kMax, kLast>(row[i], value[i]);
      value[i] = wins ? row[i] : value[i];
      at[i] = wins ? static_cast<std::int32_t>(k) : at[i];
    }
  }
  for (std::int64_t i = 0; i < n; ++i) y[i] = at[i];
}

std::string refuse(const Problem& p) {
  if (p.inputs[0].dtype != DataType::float32) return "takes float32 only";
  if (!p.inputs[0].dense() || !p.outputs[0].dense()) return "takes dense tensors only";
  if (p.inputs[0].count() == 0) return "nothing to do";
  return p.inputs[0].count() / p.outputs[0].count() > INT32_MAX ? "the axis is too long" : "";
}

Launch prepare(const Problem& p) {
  const Dims& dims = p.inputs[0].dims;
  const std::size_t axis = wrap_axis(p.attributes->integer("axis", 0), dims.size());
  auto state = std::make_shared<State>(State{product(dims, 0, axis), dims[axis], product_from(dims, axis + 1), 1, 1});
  const bool max = p.attributes->text("mode", "max") == "max",
             last = p.attributes->integer("select_last_index", 0) != 0;
  graph::CpuLaunch launch;
  if (state->inner == 1) {
    const std::int64_t wanted = std::clamp<std::int64_t>(p.inputs[0].count() / 8192, 1, 32 * p.workers);
    state->rows_per_tile = (state->outer + wanted - 1) / wanted;
    const std::int64_t tiles = (state->outer + state->rows_per_tile - 1) / state->rows_per_tile;
    launch.phases = {{max ? (last ? &run_rows<true, true> : &run_rows<true, false>)
                          : (last ? &run_rows<false, true> : &run_rows<false, false>),
                      tiles}};
  } else {
    state->columns = (state->inner + kBlock - 1) / kBlock;
    launch.phases = {{max ? (last ? &run_columns<true, true> : &run_columns<true, false>)
                          : (last ? &run_columns<false, true> : &run_columns<false, false>),
                      state->outer * state->columns}};
  }
  launch.state = std::move(state);
  return launch;
}

constexpr Tactic kTactics[] = {
    {.name = "arg_reduce_blocks_portable", .refuse = refuse, .prepare = prepare},
    {.name = "arg_reduce_groups_opencl",
     .refuse = refuse_arg_reduce_opencl,
     .prepare = prepare_arg_reduce_opencl<LineForm::shared>,
     .device = "opencl",
     .predict = predict_arg_reduce_opencl<LineForm::shared>},
    {.name = "arg_reduce_items_opencl",
     .refuse = refuse_arg_reduce_opencl,
     .prepare = prepare_arg_reduce_opencl<LineForm::serial>,
     .device = "opencl",
     .predict = predict_arg_reduce_opencl<LineForm::serial>},
};

}  // namespace

std::span<const Tactic> arg_reduce_tactics() { return kTactics; }

}  // namespace vireo::ops
