// Transposed convolution without multiplying zeros, channels-last: outputs whose position has the same remainder modulo
// the stride ("a phase") are an ordinary stride-1 convolution with the taps of that remainder. A tile gathers one
// padded window of the input and runs every phase on it, writing each stride-th pixel. Bound by multiply-adds.
#include <algorithm>
#include <cstring>

#include "engine/base/text.h"
#include "engine/graph/packed_weights.h"
#include "engine/ops/conv_transpose/conv_transpose.h"
#include "engine/ops/shared/conv_geometry.h"
#include "engine/ops/shared/conv_opencl.h"
#include "engine/ops/shared/panels.h"

namespace vireo::ops {
namespace {

using graph::Desc;
using graph::Isa;
using graph::Launch;
using graph::Problem;
using graph::Tactic;
using graph::TileArgs;

struct PhasePlan {
  std::array<std::int64_t, 2> remainder{};        ///< of the padded output position, by axis
  std::array<std::int64_t, 2> begin{}, end{};     ///< valid quotients
  std::vector<std::array<std::int64_t, 4>> taps;  ///< kernel row, kernel column, steps back along rows, columns
  PanelSet set;
  std::int64_t packed_offset = 0;
};

struct State {
  ConvGeometry g;
  std::int64_t x_pitch = 0, y_pitch = 0, r_pitch = 0;
  bool has_residual = false;
  Epilogue epilogue;
  std::vector<PhasePlan> phases;
  std::array<std::int64_t, 2> begin{}, end{}, reach{};  ///< quotients of all phases; how far taps reach back
  std::shared_ptr<const std::byte> memory;
  const float* packed = nullptr;
  const float* bias = nullptr;
  std::int64_t pixel_step = 0, scratch_row = 0;
  std::int64_t row_blocks = 1, column_blocks = 1, panel_blocks = 1;
  std::size_t scratch_bytes = 0;
  double seconds = 0;

  [[nodiscard]] std::int64_t high() const { return end[0] - begin[0]; }
  [[nodiscard]] std::int64_t wide() const { return end[1] - begin[1]; }
};

/// Input rows [y0, y0 + height) x columns [x0, x0 + width) of image n, zero outside.
void gather(const State& s, const float* x, float* to, std::int64_t n, std::int64_t y0, std::int64_t height,
            std::int64_t x0, std::int64_t width) noexcept {
  const ConvGeometry& g = s.g;
  const std::int64_t first = std::clamp<std::int64_t>(-x0, 0, width),
                     last = std::clamp<std::int64_t>(g.in[2] - x0, first, width);
  const auto pixel = static_cast<std::size_t>(g.cin) * sizeof(float);
  for (std::int64_t y = y0; y < y0 + height; ++y, to += s.scratch_row) {
    const bool inside = y >= 0 && y < g.in[1];
    const float* row = x + ((n * g.in[1] + y) * g.in[2] + x0) * s.x_pitch;
    for (std::int64_t v = 0; v < width; ++v) {
      if (inside && v >= first && v < last) std::memcpy(to + v * s.pixel_step, row + v * s.x_pitch, pixel);
      else std::memset(to + v * s.pixel_step, 0, pixel);
    }
  }
}

void run_tile(const TileArgs& args) noexcept {
  const State& s = *static_cast<const State*>(args.state);
  const ConvGeometry& g = s.g;
  std::int64_t t = args.tile;
  const std::int64_t pb = t % s.panel_blocks;
  t /= s.panel_blocks;
  const std::int64_t cb = t % s.column_blocks;
  t /= s.column_blocks;
  const std::int64_t rb = t % s.row_blocks, n = t / s.row_blocks;
  const std::int64_t y0 = s.begin[0] + s.high() * rb / s.row_blocks,
                     y1 = s.begin[0] + s.high() * (rb + 1) / s.row_blocks;
  const std::int64_t x0 = s.begin[1] + s.wide() * cb / s.column_blocks,
                     x1 = s.begin[1] + s.wide() * (cb + 1) / s.column_blocks;
  auto* scratch = reinterpret_cast<float*>(args.scratch);
  gather(s, static_cast<const float*>(args.inputs[0]), scratch, n, y0 - s.reach[0], y1 - y0 + s.reach[0],
         x0 - s.reach[1], x1 - x0 + s.reach[1]);
  for (const PhasePlan& phase : s.phases) {
    const std::int64_t top = std::max(y0, phase.begin[0]), bottom = std::min(y1, phase.end[0]);
    const std::int64_t left = std::max(x0, phase.begin[1]), right = std::min(x1, phase.end[1]);
    if (top >= bottom || left >= right) continue;
    const std::int64_t oy = top * g.stride[1] + phase.remainder[0] - g.pad_begin[1];
    const std::int64_t ox = left * g.stride[2] + phase.remainder[1] - g.pad_begin[2];
    const std::int64_t pixel = (n * g.out[1] + oy) * g.out[2] + ox;
    const auto panels = static_cast<std::int64_t>(phase.set.panels.size());
    BlockArgs block;
    block.a = scratch + (top - y0) * s.scratch_row + (left - x0) * s.pixel_step;
    block.a_stride = s.pixel_step;
    block.a_segment = s.scratch_row;
    block.c = static_cast<float*>(args.outputs[0]) + pixel * s.y_pitch;
    block.c_stride = g.stride[2] * s.y_pitch;
    block.c_segment = g.stride[1] * g.out[2] * s.y_pitch;
    if (s.has_residual) block.residual = static_cast<const float*>(args.inputs[3]) + pixel * s.r_pitch;
    block.residual_stride = g.stride[2] * s.r_pitch;
    block.residual_segment = g.stride[1] * g.out[2] * s.r_pitch;
    block.segments = bottom - top;
    block.segment_rows = right - left;
    block.packed = s.packed + phase.packed_offset;
    block.bias = s.bias;
    block.panel_begin = panels * pb / s.panel_blocks;
    block.panel_end = panels * (pb + 1) / s.panel_blocks;
    run_block(phase.set, s.epilogue, block);
  }
}

std::int64_t floor_div(std::int64_t a, std::int64_t b) { return a >= 0 ? a / b : -((-a + b - 1) / b); }

std::int64_t merged_groups(const ConvGeometry& g, int width) {
  std::int64_t merged = 1;
  while (merged < g.groups && merged * g.cout_per_group() < width) {
    do ++merged;
    while (g.groups % merged != 0);
  }
  return merged;
}

/// The phases with their taps and quotient ranges; their union into the state.
void plan_phases(State& s) {
  const ConvGeometry& g = s.g;
  for (std::int64_t ry = 0; ry < g.stride[1]; ++ry)
    for (std::int64_t rx = 0; rx < g.stride[2]; ++rx) {
      PhasePlan phase;
      phase.remainder = {ry, rx};
      bool empty = false;
      for (std::size_t a = 0; a < 2; ++a) {
        const std::int64_t pad = g.pad_begin[a + 1], stride = g.stride[a + 1];
        phase.begin[a] = -floor_div(-(pad - phase.remainder[a]), stride);
        phase.end[a] = floor_div(g.out[a + 1] - 1 + pad - phase.remainder[a], stride) + 1;
        empty = empty || phase.begin[a] >= phase.end[a];
      }
      if (empty) continue;
      for (std::int64_t ky = 0; ky < g.kernel[1]; ++ky)
        for (std::int64_t kx = 0; kx < g.kernel[2]; ++kx) {
          const std::int64_t y = ky * g.dilation[1], x = kx * g.dilation[2];
          if (y % g.stride[1] != ry || x % g.stride[2] != rx) continue;
          phase.taps.push_back({ky, kx, y / g.stride[1], x / g.stride[2]});
          s.reach = {std::max(s.reach[0], y / g.stride[1]), std::max(s.reach[1], x / g.stride[2])};
        }
      for (std::size_t a = 0; a < 2; ++a) {
        s.begin[a] = s.phases.empty() ? phase.begin[a] : std::min(s.begin[a], phase.begin[a]);
        s.end[a] = s.phases.empty() ? phase.end[a] : std::max(s.end[a], phase.end[a]);
      }
      s.phases.push_back(std::move(phase));
    }
}

double tile_seconds(const State& s, std::int64_t rows, std::int64_t columns) {
  double seconds = 0.5e-6 + static_cast<double>((rows + s.reach[0]) * (columns + s.reach[1]) * s.pixel_step) * 4 / 15e9;
  for (const PhasePlan& phase : s.phases)
    seconds += block_seconds(phase.set, rows, columns, 0, static_cast<std::int64_t>(phase.set.panels.size()));
  return seconds;
}

void choose_tiles(State& s, int workers) {
  constexpr std::int64_t kScratchLimit = 256 << 10;
  const auto panels = static_cast<std::int64_t>(s.phases[0].set.panels.size());
  double best = 1e300;
  const auto scratch_of = [&](std::int64_t rows, std::int64_t columns) {
    return (rows + s.reach[0]) * (columns + s.reach[1]) * s.pixel_step * 4;
  };
  for (std::int64_t r = 1; r <= s.high(); r = std::max(r + 1, r * 5 / 4))
    for (const std::int64_t c : {1, 2, 4, 8, 16, 32}) {
      if (c > s.wide()) break;
      const std::int64_t rows = (s.high() + r - 1) / r, columns = (s.wide() + c - 1) / c,
                         scratch = scratch_of(rows, columns);
      if (scratch > kScratchLimit && best < 1e300) continue;
      for (std::int64_t p = 1; p <= panels; p *= 2) {
        double tile = tile_seconds(s, rows, columns) / static_cast<double>(p) +
                      (scratch > kScratchLimit ? static_cast<double>(scratch) / 5e9 : 0.0);
        const std::int64_t tiles = s.g.batch * r * c * p;
        const double total =
            static_cast<double>((tiles + workers - 1) / workers) * tile + (workers > 1 ? 0.1 * tile : 0.0);
        if (total >= best) continue;
        best = total;
        s.row_blocks = r;
        s.column_blocks = c;
        s.panel_blocks = p;
        s.scratch_bytes = static_cast<std::size_t>(scratch) + 64;
      }
    }
  s.seconds = best;
  s.scratch_row = ((s.wide() + s.column_blocks - 1) / s.column_blocks + s.reach[1]) * s.pixel_step;
}

std::string refuse(const Problem& p) {
  for (const Desc& d : p.inputs)
    if (d.present() && d.dtype != DataType::float32) return base::str("an input is ", d.dtype, ", not float32");
  if (p.attributes->text("layout", "nchw") != "nhwc") return "the layout is nchw";
  if (p.inputs[0].dims.size() > 4) return "three spatial axes";
  if (!p.inputs[1].constant || !p.inputs[1].dense()) return "the weights are not constant";
  if (p.inputs.size() > 2 && p.inputs[2].present() && !p.inputs[2].constant) return "the bias is not constant";
  if (p.outputs[0].count() == 0 || p.inputs[0].count() == 0) return "an extent is 0";
  const ConvGeometry g = conv_geometry(*p.attributes, p.inputs[0].dims, p.inputs[1].dims, Direction::transposed);
  if (g.stride[1] * g.stride[2] > 256) return "more than 256 phases";
  if (std::string why = refuse_extents(p); !why.empty()) return why;
  if (g.cout > kMostColumns) return "more columns than panels are made for";
  constexpr double kMostFloats = 1 << 28;
  const auto reach = [&](std::size_t axis) {  // rows or columns of the input below one quotient
    return static_cast<double>((g.kernel[axis] - 1) * g.dilation[axis] / g.stride[axis]) + 1;
  };
  if (reach(1) * reach(2) * static_cast<double>(g.cin) > kMostFloats) return "its taps reach further than scratch may";
  return {};
}

State plan(const Problem& p, const KernelSet& kernels) {
  State s;
  s.g = conv_geometry(*p.attributes, p.inputs[0].dims, p.inputs[1].dims, Direction::transposed);
  const ConvGeometry& g = s.g;
  s.x_pitch = p.inputs[0].pitch;
  s.y_pitch = p.outputs[0].pitch;
  s.has_residual = p.inputs.size() > 3 && p.inputs[3].present();
  if (s.has_residual) s.r_pitch = p.inputs[3].pitch;
  s.epilogue =
      make_epilogue(activation_of(*p.attributes), s.has_residual, p.attributes->text("residual", "") == "before");
  s.pixel_step = g.cin % 128 == 0 ? g.cin + 16 : g.cin;
  plan_phases(s);
  const std::int64_t merged = merged_groups(g, kernels.width), cin = g.cin_per_group() * merged,
                     cout = g.cout_per_group() * merged;
  std::int64_t packed = 0;
  for (PhasePlan& phase : s.phases) {
    // A phase that no tap reaches is the bias: one tap of depth 0.
    const std::size_t taps = std::max<std::size_t>(phase.taps.size(), 1);
    phase.set = plan_panels(kernels, cout, g.groups / merged, cin, std::vector<std::int64_t>(taps, 0),
                            phase.taps.empty() ? 0 : cin, s.wide());
    phase.packed_offset = packed;
    packed += phase.set.packed_floats;
  }
  choose_tiles(s, p.workers);
  for (PhasePlan& phase : s.phases)
    for (std::size_t t = 0; t < phase.taps.size(); ++t)
      phase.set.taps[t] =
          (s.reach[0] - phase.taps[t][2]) * s.scratch_row + (s.reach[1] - phase.taps[t][3]) * s.pixel_step;
  return s;
}

template <const KernelSet& (*kSet)()>
double predict(const Problem& p) {
  return plan(p, kSet()).seconds;
}

template <const KernelSet& (*kSet)()>
Launch prepare(const Problem& problem) {
  auto s = std::make_shared<State>(plan(problem, kSet()));
  const ConvGeometry& g = s->g;
  std::int64_t weights_floats = 0;
  for (const PhasePlan& phase : s->phases) weights_floats += phase.set.packed_floats;
  const graph::Constant* bias = problem.inputs.size() > 2 ? problem.inputs[2].constant.get() : nullptr;
  const auto fill = [&](std::byte* block) {
    auto* packed = reinterpret_cast<float*>(block);
    const auto* w = problem.inputs[1].constant->as<float>();
    const std::int64_t cin = g.cin_per_group(), cout = g.cout_per_group();
    for (const PhasePlan& phase : s->phases) {
      const std::int64_t merged = g.groups / phase.set.groups;
      pack_weights(
          phase.set, packed + phase.packed_offset,
          [&](std::int64_t group, std::int64_t t, std::int64_t k, std::int64_t j) {
            if (k / cin != j / cout) return 0.0f;
            const auto& tap = phase.taps[static_cast<std::size_t>(t)];
            return w[(((group * merged * cin + k) * cout + j % cout) * g.kernel[1] + tap[0]) * g.kernel[2] + tap[1]];
          });
    }
    if (bias) pack_bias(s->phases[0].set, bias->as<float>(), packed + weights_floats);
  };
  // These and the dims of the weights decide which taps belong to a phase; the outputs, which phases there are.
  std::string layout =
      base::str("conv_transpose s", g.stride[1], "x", g.stride[2], " d", g.dilation[1], "x", g.dilation[2]);
  for (const PhasePlan& phase : s->phases)
    layout += base::str(" r", phase.remainder[0], "x", phase.remainder[1], " ", layout_of(phase.set));
  graph::CpuLaunch launch;
  launch.state_bytes = static_cast<std::size_t>(weights_floats + s->phases[0].set.bias_floats) * sizeof(float);
  launch.unread_inputs = 0b110;
  s->memory = graph::packed(problem, layout, elements_of(s->phases[0].set), {1, 2}, launch.state_bytes, fill);
  s->packed = reinterpret_cast<const float*>(s->memory.get());
  if (bias) s->bias = s->packed + weights_floats;
  launch.phases = {{run_tile, g.batch * s->row_blocks * s->column_blocks * s->panel_blocks}};
  launch.scratch_bytes = s->scratch_bytes;
  launch.state = std::move(s);
  return launch;
}

const Tactic kTactics[] = {
#if defined(__x86_64__)
    {.name = "conv_transpose_phases_avx512",
     .isa = Isa::avx512,
     .refuse = refuse,
     .prepare = prepare<kernel_set_avx512>,
     .predict = predict<kernel_set_avx512>},
    {.name = "conv_transpose_phases_avx2",
     .isa = Isa::avx2,
     .refuse = refuse,
     .prepare = prepare<kernel_set_avx2>,
     .predict = predict<kernel_set_avx2>},
#endif
    {.name = "conv_transpose_phases_portable",
     .refuse = refuse,
     .prepare = prepare<kernel_set_portable>,
     .predict = predict<kernel_set_portable>},
    {.name = "conv_transpose_direct_opencl",
     .refuse = [](const Problem& p) { return refuse_conv_direct_opencl(p, Direction::transposed); },
     .prepare = [](const Problem& p) { return prepare_conv_direct_opencl(p, Direction::transposed); },
     .device = "opencl",
     .predict = [](const Problem& p) { return predict_conv_direct_opencl(p, Direction::transposed); }},
    {.name = "conv_transpose_any_opencl",
     .refuse = [](const Problem& p) { return refuse_conv_opencl(p, Direction::transposed); },
     .prepare = [](const Problem& p) { return prepare_conv_any_opencl(p, Direction::transposed); },
     .device = "opencl",
     .predict = [](const Problem& p) { return predict_conv_any_opencl(p, Direction::transposed); }},
};

}  // namespace

std::span<const Tactic> conv_transpose_tactics() { return kTactics; }

}  // namespace vireo::ops
