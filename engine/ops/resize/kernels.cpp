// Nearest as moves of whole pixels (any element size), linear by the vector bodies. One or two neighbouring axes may
// change.
#include "engine/ops/resize/kernels.h"

#include <algorithm>
#include <cstring>

#include "engine/ops/resize/plan.h"
#include "engine/ops/shared/reference.h"
#include "engine/ops/shared/shape.h"

namespace vireo::ops {
namespace {

using Set = ResizeKernels (*)();

struct Owned : ResizeState {
  std::vector<LinearTap> taps[2];
};

bool linear(const Problem& p) { return p.attributes->text("mode", "nearest") == "linear"; }

bool known(const Problem& p, std::size_t k) {
  return k >= p.inputs.size() || !p.inputs[k].present() || p.inputs[k].constant;
}

LinearTap tap_at(const ResizeAxis& axis, std::int64_t o) {
  if (axis.identity) return {o, o, 0};
  const auto at = static_cast<std::size_t>(o * axis.taps);
  if (axis.taps == 1) return {axis.indices[at], axis.indices[at], 0};
  return {axis.indices[at], axis.indices[at + 1], static_cast<float>(axis.weights[at + 1])};
}

/// The axes that change: one, or two neighbours. Empty when there are more, or what kernels don't do. Without any, the
/// last counts.
std::vector<std::size_t> changing(const std::vector<ResizeAxis>& axes) {
  std::vector<std::size_t> list;
  for (std::size_t i = 0; i < axes.size(); ++i) {
    if (axes[i].identity) continue;
    if (axes[i].crops || axes[i].taps > 2) return {};
    list.push_back(i);
  }
  if (list.empty() && !axes.empty()) list.push_back(axes.size() - 1);
  if (list.size() > 2 || (list.size() == 2 && list[1] != list[0] + 1)) return {};
  return list;
}

/// The problem as [outer, height, width, inner], of axes that are changing.
void plan(const Problem& p, Owned& s) {
  const std::vector<ResizeAxis> axes = resize_axes(*p.attributes, resize_request_of(p));
  const std::vector<std::size_t> list = changing(axes);
  const Dims& in = p.inputs[0].dims;
  const std::size_t column = list.back(), row = list.front();
  const bool two = row != column;
  s.inner = product_from(in, column + 1);
  const bool by_pixel = column + 2 == in.size();
  s.in_pitch = by_pixel ? p.inputs[0].pitch : s.inner;
  s.out_pitch = by_pixel ? p.outputs[0].pitch : s.inner;
  // One axis: it is the height when axes follow it (whole rows are mixed), else the width.
  const bool as_height = !two && s.inner > 1 && s.in_pitch == s.inner && s.out_pitch == s.inner;
  if (as_height) {
    s.outer = product(in, 0, column);
    s.height = axes[column].in;
    s.out_height = axes[column].out;
    s.width = s.out_width = 1;
    s.in_pitch = s.out_pitch = s.inner;
    for (std::int64_t o = 0; o < s.out_height; ++o) s.taps[0].push_back(tap_at(axes[column], o));
    s.taps[1].push_back({0, 0, 0});
  } else {
    s.outer = product(in, 0, two ? row : column);
    s.height = two ? axes[row].in : 1;
    s.out_height = two ? axes[row].out : 1;
    s.width = axes[column].in;
    s.out_width = axes[column].out;
    for (std::int64_t o = 0; o < s.out_height; ++o)
      s.taps[0].push_back(two ? tap_at(axes[row], o) : LinearTap{0, 0, 0});
    for (std::int64_t o = 0; o < s.out_width; ++o) s.taps[1].push_back(tap_at(axes[column], o));
  }
  s.vertical = s.taps[0].data();
  s.horizontal = s.taps[1].data();
}

std::string refuse_common(const Problem& p) {
  if (!known(p, 1) || !known(p, 2) || !known(p, 3)) return "the scales are not known when building";
  if (p.outputs[0].count() == 0) return "nothing to do";
  const std::vector<std::size_t> list = changing(resize_outline(*p.attributes, resize_request_of(p)));
  if (list.empty()) return "takes two taps along one or two neighbouring axes";
  if (list.back() + 2 != p.inputs[0].dims.size() && (!p.inputs[0].dense() || !p.outputs[0].dense()))
    return "takes strided pixels only";
  return {};
}

std::string refuse_linear(const Problem& p) {
  if (!linear(p)) return "takes mode linear";
  if (p.inputs[0].dtype != DataType::float32) return "takes float32 only";
  return refuse_common(p);
}

std::string refuse_nearest(const Problem& p) {
  if (p.attributes->text("mode", "nearest") != "nearest") return "takes mode nearest";
  return refuse_common(p);
}

void cut(Owned& s, int workers) {
  const std::int64_t rows = s.outer * s.out_height, row = std::max<std::int64_t>(1, s.out_width * s.inner);
  const std::int64_t wanted = std::clamp<std::int64_t>(rows * row / 16384, 1, 32 * workers);
  s.rows_per_tile = (rows + wanted - 1) / wanted;
}

std::int64_t tiles(const Owned& s) { return (s.outer * s.out_height + s.rows_per_tile - 1) / s.rows_per_tile; }

template <Set kSet>
Launch prepare_linear(const Problem& p) {
  auto state = std::make_shared<Owned>();
  plan(p, *state);
  cut(*state, p.workers);
  graph::CpuLaunch launch;
  launch.phases = {{state->inner == 1 ? kSet().linear_planes : kSet().linear_pixels, tiles(*state)}};
  launch.scratch_bytes = static_cast<std::size_t>(state->width * state->inner) * sizeof(float);
  launch.state = std::shared_ptr<const void>(state, static_cast<const ResizeState*>(state.get()));
  return launch;
}

template <typename T>
void run_nearest(const graph::TileArgs& args) noexcept {
  const auto& s = *static_cast<const ResizeState*>(args.state);
  const std::int64_t rows = s.outer * s.out_height, first = args.tile * s.rows_per_tile,
                     end = std::min(first + s.rows_per_tile, rows);
  for (std::int64_t row = first; row < end; ++row) {
    const T* x = static_cast<const T*>(args.inputs[0]) +
                 (row / s.out_height * s.height + s.vertical[row % s.out_height].low) * s.width * s.in_pitch;
    T* y = static_cast<T*>(args.outputs[0]) + row * s.out_width * s.out_pitch;
    if (s.inner == 1) {
      for (std::int64_t ox = 0; ox < s.out_width; ++ox) y[ox * s.out_pitch] = x[s.horizontal[ox].low * s.in_pitch];
    } else {
      for (std::int64_t ox = 0; ox < s.out_width; ++ox)
        std::memcpy(y + ox * s.out_pitch, x + s.horizontal[ox].low * s.in_pitch,
                    static_cast<std::size_t>(s.inner) * sizeof(T));
    }
  }
}

Launch prepare_nearest(const Problem& p) {
  auto state = std::make_shared<Owned>();
  plan(p, *state);
  cut(*state, p.workers);
  graph::CpuLaunch launch;
  dispatch_bytes(p.inputs[0].dtype, [&](auto tag) {
    launch.phases = {{&run_nearest<typename decltype(tag)::type>, tiles(*state)}};
  });
  launch.state = std::shared_ptr<const void>(state, static_cast<const ResizeState*>(state.get()));
  return launch;
}

constexpr Tactic kTactics[] = {
    {.name = "resize_nearest_pixels_portable", .refuse = refuse_nearest, .prepare = prepare_nearest},
#if defined(__x86_64__)
    {.name = "resize_linear_avx512",
     .isa = graph::Isa::avx512,
     .refuse = refuse_linear,
     .prepare = prepare_linear<resize_kernels_avx512>},
    {.name = "resize_linear_avx2",
     .isa = graph::Isa::avx2,
     .refuse = refuse_linear,
     .prepare = prepare_linear<resize_kernels_avx2>},
#endif
    {.name = "resize_linear_portable", .refuse = refuse_linear, .prepare = prepare_linear<resize_kernels_portable>},
    {.name = "resize_part_opencl", .refuse = refuse_resize_part, .prepare = prepare_resize_part, .device = "opencl"},
    {.name = "resize_taps_opencl",
     .refuse = refuse_resize_opencl,
     .prepare = prepare_resize_opencl,
     .device = "opencl"},
};

}  // namespace

std::span<const Tactic> resize_tactics() { return kTactics; }

}  // namespace vireo::ops
