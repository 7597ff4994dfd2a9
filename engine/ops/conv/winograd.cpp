// Winograd F(m x m, 3x3) convolution, stride 1, channels-last. A few dozen blocks of m x m outputs are handled at a
// time, so that their transformed inputs stay in the second-level cache: transform, (m + 2)^2 products with the
// microkernels, transform back with bias, residual and activation, one panel of output channels after another. Where
// there are few blocks, tiles also split the panels, and the transformed inputs of all blocks go through the workspace
// in a phase of their own. Bound by multiply-adds; by streaming weights on small deep maps, which is where m = 2 wins,
// and by memory on large shallow ones. Measured on one Zen 4 core (peak 112), in GFLOP/s of the direct algorithm, m = 4
// and 6: 56x56x64 380 389, 28x28x128 399 432, 14x14x256 322 300, 80x80x32 271 295, 149x149x32 281 312; 7x7x512 with
// weights from memory, two cores: m = 2 260, m = 4 220, direct 200.
#include <algorithm>

#include "engine/base/text.h"
#include "engine/graph/packed_weights.h"
#include "engine/ops/conv/conv.h"
#include "engine/ops/conv/winograd.h"
#include "engine/ops/shared/panels.h"

namespace vireo::ops {
namespace {

using graph::Launch;
using graph::Problem;
using graph::TileArgs;

struct State {
  ConvGeometry g;
  std::int64_t x_pitch = 0, y_pitch = 0, r_pitch = 0;
  bool has_residual = false;
  PanelSet set;
  Epilogue epilogue;
  WinogradKernels transforms{};
  std::shared_ptr<const std::byte> memory;
  const float* packed = nullptr;  ///< [panel][point][channel][column]
  const float* bias = nullptr;
  std::int64_t out = 0, points = 0;  ///< m, (m + 2)^2
  std::int64_t blocks_high = 0, blocks_wide = 0;
  std::int64_t group_blocks = 0;  ///< blocks handled together
  std::int64_t groups = 0, panel_blocks = 1;
  std::int64_t channel_step = 0, point_step = 0;  ///< of transformed inputs, floats: [point][block][channel]
  std::int64_t product_step = 0;                  ///< of products: [point][block][column]
  std::size_t scratch_bytes = 0;
  double seconds = 0;

  [[nodiscard]] std::int64_t blocks() const { return g.batch * blocks_high * blocks_wide; }
  [[nodiscard]] std::int64_t inputs_floats() const { return point_step * points; }
};

struct Block {
  std::int64_t n, y, x;  ///< image and output position
};
Block block_at(const State& s, std::int64_t index) {
  const std::int64_t per_image = s.blocks_high * s.blocks_wide, in_image = index % per_image;
  return {index / per_image, in_image / s.blocks_wide * s.out, in_image % s.blocks_wide * s.out};
}

void transform_inputs(const State& s, const float* x, float* to, std::int64_t first, std::int64_t count) noexcept {
  const ConvGeometry& g = s.g;
  WinogradInput args;
  args.x_pitch = s.x_pitch;
  args.x_row = g.in[2] * s.x_pitch;
  args.channels = g.cin;
  args.point_step = s.point_step;
  for (std::int64_t i = 0; i < count; ++i) {
    const Block b = block_at(s, first + i);
    const std::int64_t y = b.y - g.pad_begin[1], v = b.x - g.pad_begin[2];
    const auto clip = [&s](std::int64_t value) {
      return static_cast<int>(std::clamp<std::int64_t>(value, 0, s.out + 2));
    };
    args.x = x + ((b.n * g.in[1] + y) * g.in[2] + v) * s.x_pitch;
    args.top = clip(-y);
    args.bottom = clip(g.in[1] - y);
    args.left = clip(-v);
    args.right = clip(g.in[2] - v);
    args.to = to + i * s.channel_step;
    s.transforms.input(args);
  }
}

/// products[point][block][column] of one panel.
void multiply(const State& s, const Panel& panel, const float* inputs, float* products, std::int64_t count) noexcept {
  const KernelSet& kernels = *s.set.kernels;
  const std::int64_t columns = panel.vectors * kernels.width, most = kernels.max_rows[panel.vectors];
  const std::int64_t chunks = (count + most - 1) / most, small = count / chunks, large = count % chunks;
  const std::int64_t tap = 0;
  MicrokernelArgs args;
  args.a_stride = s.channel_step;
  args.taps = &tap;
  args.depth = s.g.cin;
  args.c_stride = columns;
  args.lo = -__builtin_inff();
  args.hi = __builtin_inff();
  args.tail = panel.half ? kernels.width / 2 : kernels.width;
  const Microkernel* micro = kernels_of(kernels, panel);
  args.b = s.packed + panel.b_offset * s.points;
  for (std::int64_t e = 0; e < s.points; ++e, args.b += s.g.cin * columns) {
    args.a = inputs + e * s.point_step;
    args.c = products + e * s.product_step;
    for (std::int64_t i = 0; i < chunks; ++i) {
      const std::int64_t rows = small + (i < large ? 1 : 0);
      micro[rows](args);
      args.a += rows * args.a_stride;
      args.c += rows * args.c_stride;
    }
  }
}

void transform_outputs(const State& s, const TileArgs& tile, const Panel& panel, const float* products,
                       std::int64_t first, std::int64_t count) noexcept {
  const ConvGeometry& g = s.g;
  WinogradOutput args;
  args.point_step = s.product_step;
  args.channels = panel.columns;
  args.bias = s.bias ? s.bias + panel.bias_offset : nullptr;
  args.y_pitch = s.y_pitch;
  args.y_row = g.out[2] * s.y_pitch;
  args.r_pitch = s.r_pitch;
  args.r_row = g.out[2] * s.r_pitch;
  args.lo = s.epilogue.lo;
  args.hi = s.epilogue.hi;
  const auto* residuals = s.has_residual ? static_cast<const float*>(tile.inputs[3]) : nullptr;
  for (std::int64_t i = 0; i < count; ++i) {
    const Block b = block_at(s, first + i);
    const std::int64_t pixel = (b.n * g.out[1] + b.y) * g.out[2] + b.x;
    args.from = products + i * panel.vectors * s.set.kernels->width;
    args.y = static_cast<float*>(tile.outputs[0]) + pixel * s.y_pitch + panel.column;
    const float* residual = residuals ? residuals + pixel * s.r_pitch + panel.column : nullptr;
    args.residual = s.epilogue.residual_before ? residual : nullptr;
    args.rows = static_cast<int>(std::min<std::int64_t>(g.out[1] - b.y, s.out));
    args.columns = static_cast<int>(std::min<std::int64_t>(g.out[2] - b.x, s.out));
    s.transforms.output(args);
    if (!s.epilogue.finish) continue;
    for (int row = 0; row < args.rows; ++row)
      s.set.kernels->finish(args.y + row * args.y_row, args.y_pitch, args.columns, panel.columns, s.epilogue.activation,
                            s.epilogue.residual_after ? residual + row * args.r_row : nullptr, args.r_pitch);
  }
}

void run_panels(const State& s, const TileArgs& args, const float* inputs, float* products, std::int64_t group,
                std::int64_t begin, std::int64_t end) noexcept {
  const std::int64_t first = s.blocks() * group / s.groups, count = s.blocks() * (group + 1) / s.groups - first;
  for (std::int64_t p = begin; p < end; ++p) {
    const Panel& panel = s.set.panels[static_cast<std::size_t>(p)];
    multiply(s, panel, inputs, products, count);
    transform_outputs(s, args, panel, products, first, count);
  }
}

void run_fused(const TileArgs& args) noexcept {
  const State& s = *static_cast<const State*>(args.state);
  const std::int64_t first = s.blocks() * args.tile / s.groups, count = s.blocks() * (args.tile + 1) / s.groups - first;
  auto* inputs = reinterpret_cast<float*>(args.scratch);
  transform_inputs(s, static_cast<const float*>(args.inputs[0]), inputs, first, count);
  run_panels(s, args, inputs, inputs + s.inputs_floats(), args.tile, 0, static_cast<std::int64_t>(s.set.panels.size()));
}

/// Phase 0 of the split form: one tile for a few blocks.
constexpr std::int64_t kInputTileBlocks = 2;
void run_inputs(const TileArgs& args) noexcept {
  const State& s = *static_cast<const State*>(args.state);
  const std::int64_t first = args.tile * kInputTileBlocks, last = std::min(first + kInputTileBlocks, s.blocks());
  for (std::int64_t i = first; i < last; ++i) {
    // The group that holds block i: groups are near-equal cuts of all blocks.
    std::int64_t group = (i * s.groups + s.groups - 1) / s.blocks();
    while (s.blocks() * group / s.groups > i) --group;
    while (s.blocks() * (group + 1) / s.groups <= i) ++group;
    float* to = reinterpret_cast<float*>(args.workspace) + group * s.inputs_floats();
    transform_inputs(s, static_cast<const float*>(args.inputs[0]),
                     to + (i - s.blocks() * group / s.groups) * s.channel_step, i, 1);
  }
}

void run_split(const TileArgs& args) noexcept {
  const State& s = *static_cast<const State*>(args.state);
  const std::int64_t pb = args.tile / s.groups, group = args.tile % s.groups;
  const auto panels = static_cast<std::int64_t>(s.set.panels.size());
  run_panels(s, args, reinterpret_cast<const float*>(args.workspace) + group * s.inputs_floats(),
             reinterpret_cast<float*>(args.scratch), group, panels * pb / s.panel_blocks,
             panels * (pb + 1) / s.panel_blocks);
}

/// Sets the steps for groups of `blocks` blocks and returns the bytes of inputs and of one panel's products.
std::pair<std::int64_t, std::int64_t> set_steps(State& s, std::int64_t blocks) {
  // An odd number of cache lines: the points of one block then spread over all sets of the first-level cache.
  const auto odd_lines = [](std::int64_t floats) { return ((floats + 15) / 16 | 1) * 16; };
  s.group_blocks = blocks;
  s.channel_step = (s.g.cin + 15) / 16 * 16;
  if (s.channel_step % 128 == 0) s.channel_step += 16;
  s.point_step = odd_lines(blocks * s.channel_step);
  const std::int64_t columns = s.set.panels[0].vectors * s.set.kernels->width;
  s.product_step = odd_lines(blocks * columns);
  return {s.point_step * s.points * 4, s.product_step * s.points * 4};
}

/// Issue slots that a block's transforms take for a vector of channels; the larger ones spill.
struct TransformSlots {
  double in, out;
};
TransformSlots transform_slots(std::int64_t out) {
  return out == 2 ? TransformSlots{75, 50} : out == 4 ? TransformSlots{230, 160} : TransformSlots{460, 360};
}

void choose_groups(State& s, int workers) {
  constexpr double kStreamBytesPerSecond = 25e9;
  constexpr std::int64_t kCacheBytes = 768 << 10;
  const KernelSet& kernels = *s.set.kernels;
  const auto panels = static_cast<std::int64_t>(s.set.panels.size());
  const double slot = 2.0 * kernels.width / kernels.flops_per_second;
  const double in_vectors = static_cast<double>((s.g.cin + kernels.width - 1) / kernels.width);
  const double out_vectors = static_cast<double>((s.g.cout + kernels.width - 1) / kernels.width);
  const double weight_bytes = static_cast<double>(s.set.packed_floats * 4 * s.points);
  const std::int64_t blocks = s.blocks();
  const TransformSlots cost = transform_slots(s.out);
  double best = 1e300;
  std::int64_t best_size = 1, best_panels = 1;
  const std::int64_t most = kernels.max_rows[s.set.panels[0].vectors];
  for (std::int64_t size = std::min(most, blocks); size <= blocks; size += most) {
    const std::int64_t groups = (blocks + size - 1) / size, even = (blocks + groups - 1) / groups;
    const auto [inputs, products] = set_steps(s, even);
    if (groups > 1 && inputs + products > kCacheBytes && size > most) break;
    for (std::int64_t pb = 1; pb <= panels; pb = std::max(pb + 1, pb * 5 / 4)) {
      const double panel_share = static_cast<double>((panels + pb - 1) / pb) / static_cast<double>(panels);
      double multiply = static_cast<double>(s.points) * block_seconds(s.set, 1, even, 0, (panels + pb - 1) / pb);
      // Weights larger than the cache are read once for every group; arithmetic hides part of that.
      const double weights = weight_bytes * panel_share;
      if (weights > 512e3)
        multiply = std::max(multiply, weights / kStreamBytesPerSecond * std::min(workers, 2) * 0.8) +
                   weights / kStreamBytesPerSecond * 0.25;
      const double transform_in = cost.in * in_vectors * slot * static_cast<double>(even);
      const double transform_out = cost.out * out_vectors * panel_share * slot * static_cast<double>(even);
      const double tiles = static_cast<double>(groups * pb);
      const double rounds = static_cast<double>((groups * pb + workers - 1) / workers);
      double total;
      if (pb == 1) {
        const double tile = multiply + transform_in + transform_out + 1e-6;
        total = rounds * tile + (workers > 1 ? 0.1 * tile : 0);
      } else {
        if (static_cast<double>(inputs * groups) > 12e6) continue;
        const double tile = multiply + transform_out + 1e-6;
        total = rounds * tile + (workers > 1 ? 0.1 * tile : 0) +
                1.3 * transform_in * static_cast<double>(groups) / workers + 1e-6;
      }
      (void)tiles;
      if (total < best) {
        best = total;
        best_size = even;
        best_panels = pb;
        s.groups = groups;
      }
    }
  }
  const auto [inputs, products] = set_steps(s, best_size);
  s.panel_blocks = best_panels;
  s.scratch_bytes = static_cast<std::size_t>(products + (best_panels == 1 ? inputs : 0)) + 64;
  s.seconds = best;
}

State plan(const ConvProblem& p, const KernelSet& kernels, int out) {
  State s;
  const ConvGeometry& g = s.g = p.g;
  s.x_pitch = p.x_pitch;
  s.y_pitch = p.y_pitch;
  s.r_pitch = p.r_pitch;
  s.has_residual = p.has_residual;
  s.epilogue = make_epilogue(p.activation, p.has_residual, p.residual_before);
  s.out = out;
  s.points = (out + 2) * (out + 2);
  s.blocks_high = (g.out[1] + out - 1) / out;
  s.blocks_wide = (g.out[2] + out - 1) / out;
  s.set = plan_panels(kernels, g.cout, 1, 0, {0}, g.cin, std::min<std::int64_t>(s.blocks(), 28));
  choose_groups(s, p.workers);
  return s;
}

/// The points of one panel: [point][channel][column].
void pack_points(const State& s, const Panel& panel, const float* weights, float* to) {
  const std::int64_t columns = panel.vectors * s.set.kernels->width, cin = s.g.cin;
  double points[kMaxWinogradIn * kMaxWinogradIn];
  for (std::int64_t c = 0; c < cin; ++c)
    for (std::int64_t j = 0; j < panel.columns; ++j) {
      winograd_points(static_cast<int>(s.out), weights + ((panel.column + j) * cin + c) * 9, points);
      for (std::int64_t e = 0; e < s.points; ++e) to[(e * cin + c) * columns + j] = static_cast<float>(points[e]);
    }
}

}  // namespace

std::string refuse_winograd(const Problem& problem) {
  if (std::string why = refuse_conv(problem); !why.empty()) return why;
  if (std::string why = refuse_narrow_residual(problem); !why.empty()) return why;
  const ConvGeometry g = read_conv(problem).g;
  if (g.kernel != Spatial{1, 3, 3} || g.stride != Spatial{1, 1, 1} || g.dilation != Spatial{1, 1, 1})
    return "not a dense 3x3 kernel with stride 1";
  if (g.groups != 1) return "grouped";
  if (g.cin < 8 || g.cout < 8) return "fewer than 8 channels";
  return {};
}

std::string refuse_winograd_6x6(const Problem& problem) {
  if (std::string why = refuse_winograd(problem); !why.empty()) return why;
  constexpr double kMost = 32 << 20;
  const ConvGeometry g = read_conv(problem).g;
  const double bytes = 64.0 * static_cast<double>(g.cin) * static_cast<double>(g.cout) * sizeof(float);
  return bytes > kMost ? base::str("its points take ", base::human_bytes(bytes), " of weights") : "";
}

double predict_winograd(const Problem& problem, const KernelSet& kernels, int out) {
  return plan(read_conv(problem), kernels, out).seconds;
}

Launch prepare_winograd(const Problem& problem, const KernelSet& kernels, const WinogradKernels& transforms) {
  const ConvProblem p = read_conv(problem);
  auto s = std::make_shared<State>(plan(p, kernels, transforms.out));
  s->transforms = transforms;
  const std::int64_t weights_floats = s->set.packed_floats * s->points;
  graph::CpuLaunch launch;
  launch.state_bytes = static_cast<std::size_t>(weights_floats + s->set.bias_floats) * sizeof(float);
  launch.unread_inputs = 0b110;
  s->memory = graph::packed(problem, base::str("conv_winograd ", s->out, "x", s->out, " ", layout_of(s->set)),
                            elements_of(s->set), {1, 2}, launch.state_bytes, [&](std::byte* block) {
                              auto* packed = reinterpret_cast<float*>(block);
                              const float* weights = p.weights->as<float>();
                              for (const Panel& panel : s->set.panels)
                                pack_points(*s, panel, weights, packed + panel.b_offset * s->points);
                              if (p.bias) pack_bias(s->set, p.bias->as<float>(), packed + weights_floats);
                            });
  s->packed = reinterpret_cast<const float*>(s->memory.get());
  if (p.bias) s->bias = s->packed + weights_floats;
  if (s->panel_blocks == 1) {
    launch.phases = {{run_fused, s->groups}};
  } else {
    launch.phases = {{run_inputs, (s->blocks() + kInputTileBlocks - 1) / kInputTileBlocks},
                     {run_split, s->groups * s->panel_blocks}};
    launch.workspace_bytes = static_cast<std::size_t>(s->inputs_floats() * s->groups) * sizeof(float) + 64;
  }
  launch.scratch_bytes = s->scratch_bytes;
  launch.state = std::move(s);
  return launch;
}

}  // namespace vireo::ops
