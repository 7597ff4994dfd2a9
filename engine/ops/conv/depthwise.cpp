// Depthwise convolution, channels-last: a tile is a range of rows and of channel vectors; for each vector it walks down
// the rows, so that the tap rows it shares with the row before are still in the first-level cache.
#include <algorithm>

#include "engine/base/text.h"
#include "engine/graph/packed_weights.h"
#include "engine/ops/conv/conv.h"
#include "engine/ops/conv/depthwise.h"
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
  Epilogue epilogue;
  int width = 0;
  DepthwiseKernels rows;
  FinishKernel finish = nullptr;
  std::shared_ptr<const std::byte> memory;
  const float* weights = nullptr;  ///< [vector][ky][kx][width]
  const float* bias = nullptr;     ///< [vector][width]
  std::int64_t row_blocks = 1, vector_blocks = 1;
  std::int64_t side_by_side = 1;  ///< vectors that go down the rows together: they share memory pages

  [[nodiscard]] std::int64_t vectors() const { return (g.cin + width - 1) / width; }
};

/// Output row oy of one vector of channels, or two from there on.
void run_row(const State& s, const TileArgs& args, DepthwiseRow& row, std::int64_t n, std::int64_t v, std::int64_t oy,
             std::int64_t count) noexcept {
  const ConvGeometry& g = s.g;
  const std::int64_t channel = v * s.width;
  const std::int64_t top = oy * g.stride[1] - g.pad_begin[1], d = g.dilation[1];
  // Rows of the window inside the image; counting beats dividing.
  std::int64_t first = 0, last = g.kernel[1] + (count - 1) * g.stride[1];
  while (first < last && top + first * d < 0) ++first;
  while (last > first && top + (last - 1) * d >= g.in[1]) --last;
  row.first_row = first;
  row.end_row = last;
  row.w = s.weights + v * g.taps() * s.width;
  row.x = static_cast<const float*>(args.inputs[0]) + (n * g.in[1] + top) * g.in[2] * s.x_pitch + channel;
  const std::int64_t pixel = (n * g.out[1] + oy) * g.out[2];
  row.y = static_cast<float*>(args.outputs[0]) + pixel * s.y_pitch + channel;
  const float* residual =
      s.has_residual ? static_cast<const float*>(args.inputs[3]) + pixel * s.r_pitch + channel : nullptr;
  row.residual = s.epilogue.residual_before ? residual : nullptr;
  (count == 2 ? s.rows.two : s.rows.one)(row);
  if (s.epilogue.finish)
    s.finish(row.y, s.y_pitch, count * g.out[2], row.lanes, s.epilogue.activation,
             s.epilogue.residual_after ? residual : nullptr, s.r_pitch);
}

/// Output rows [top, bottom) of image n, vectors [first, last).
void run_part(const State& s, const TileArgs& args, std::int64_t n, std::int64_t top, std::int64_t bottom,
              std::int64_t first, std::int64_t last) noexcept {
  const ConvGeometry& g = s.g;
  DepthwiseRow row;
  row.x_pitch = s.x_pitch;
  row.x_step = g.dilation[1] * g.in[2] * s.x_pitch;
  row.in_width = g.in[2];
  row.kernel_width = g.kernel[2];
  row.stride = g.stride[2];
  row.dilation = g.dilation[2];
  row.pad = g.pad_begin[2];
  row.y_pitch = s.y_pitch;
  row.y_step = g.out[2] * s.y_pitch;
  row.r_pitch = s.r_pitch;
  row.r_step = g.out[2] * s.r_pitch;
  row.out_width = g.out[2];
  row.lo = s.epilogue.lo;
  row.hi = s.epilogue.hi;
  const std::int64_t step = s.rows.two ? 2 : 1;
  for (std::int64_t begin = first; begin < last; begin += s.side_by_side)
    for (std::int64_t oy = top; oy < bottom; oy += step)
      for (std::int64_t v = begin; v < std::min(begin + s.side_by_side, last); ++v) {
        row.bias = s.bias + v * s.width;
        row.lanes = static_cast<int>(std::min<std::int64_t>(g.cin - v * s.width, s.width));
        run_row(s, args, row, n, v, oy, std::min(step, bottom - oy));
      }
}

void run_tile(const TileArgs& args) noexcept {
  const State& s = *static_cast<const State*>(args.state);
  const std::int64_t vb = args.tile % s.vector_blocks, rb = args.tile / s.vector_blocks % s.row_blocks;
  const std::int64_t n = args.tile / s.vector_blocks / s.row_blocks, vectors = s.vectors();
  const auto row_of = [&](std::int64_t block) {
    const std::int64_t row = s.g.out[1] * block / s.row_blocks;
    return s.rows.two && block < s.row_blocks ? row / 2 * 2 : row;  // pairs of rows stay together
  };
  run_part(s, args, n, row_of(rb), row_of(rb + 1), vectors * vb / s.vector_blocks,
           vectors * (vb + 1) / s.vector_blocks);
}

void run_rows(const TileArgs& args, std::int64_t n, std::int64_t begin, std::int64_t end) noexcept {
  const State& s = *static_cast<const State*>(args.state);
  run_part(s, args, n, begin, end, 0, s.vectors());
}

/// Cuts rows and vectors into tiles: the shortest time of the busiest worker.
void choose_tiles(State& s, double seconds, std::int64_t workers) {
  constexpr double kTileSeconds = 0.4e-6;
  const std::int64_t rows = s.g.out[1], vectors = s.vectors();
  const double unit = seconds / static_cast<double>(s.g.batch * rows * vectors);  // one row of one vector
  double best = 1e300;
  for (std::int64_t r = 1; r <= std::min<std::int64_t>(rows, 64); ++r)
    for (std::int64_t v = 1; v <= std::min<std::int64_t>(vectors, 16); ++v) {
      const std::int64_t tiles = s.g.batch * r * v, tile_rows = (rows + r - 1) / r,
                         tile_vectors = (vectors + v - 1) / v;
      // Each tile fetches the rows above and below its own again, for a part of the cost of computing them.
      const double tile =
          kTileSeconds + unit * static_cast<double>(tile_vectors) *
                             (static_cast<double>(tile_rows) + 0.25 * static_cast<double>(s.g.kernel[1] - 1));
      const double total =
          static_cast<double>((tiles + workers - 1) / workers) * tile + (workers > 1 ? 0.15 * tile : 0.0);
      if (total >= best) continue;
      best = total;
      s.row_blocks = r;
      s.vector_blocks = v;
    }
}

double seconds_of(const ConvGeometry& g, const KernelSet& kernels) {
  const double vectors = static_cast<double>((g.cin + kernels.width - 1) / kernels.width);
  const bool special =
      g.dilation[2] == 1 && g.stride[2] <= 2 && (g.kernel[2] == 3 || g.kernel[2] == 5 || g.kernel[2] == 7);
  // Sixteen registers hold fewer sums than thirty-two.
  const double share = !special ? 0.12 : kernels.width == 16 ? 1.0 : 0.8;
  const auto slots = static_cast<double>(g.taps() + 4 * g.stride[2]);  // loads, clamp and store of the pixel itself
  return static_cast<double>(g.batch * g.out_pixels()) * vectors * kernels.width * slots * 2 /
         (kernels.flops_per_second * share);
}

}  // namespace

std::string refuse_depthwise(const Problem& problem) {
  if (std::string why = refuse_conv(problem); !why.empty()) return why;
  if (std::string why = refuse_narrow_residual(problem); !why.empty()) return why;
  const ConvProblem p = read_conv(problem);
  if (p.g.groups != p.g.cin || p.g.cout != p.g.cin) return "not depthwise with one output for each channel";
  return {};
}

double predict_depthwise(const Problem& problem, const KernelSet& kernels) {
  return seconds_of(read_conv(problem).g, kernels) / problem.workers;
}

Launch prepare_depthwise(const Problem& problem, const KernelSet& kernels,
                         DepthwiseKernels (*pick)(std::int64_t, std::int64_t, std::int64_t)) {
  const ConvProblem p = read_conv(problem);
  auto s = std::make_shared<State>();
  const ConvGeometry& g = s->g = p.g;
  s->x_pitch = p.x_pitch;
  s->y_pitch = p.y_pitch;
  s->r_pitch = p.r_pitch;
  s->has_residual = p.has_residual;
  s->epilogue = make_epilogue(p.activation, p.has_residual, p.residual_before);
  s->width = kernels.width;
  s->finish = kernels.finish;
  s->rows = pick(g.kernel[2], g.stride[2], g.dilation[2]);
  if (g.kernel[1] != g.kernel[2] || g.stride[1] != g.stride[2] || g.dilation[1] != 1) s->rows.two = nullptr;
  const std::int64_t taps = g.taps(), lanes = s->vectors() * s->width;
  graph::CpuLaunch launch;
  launch.state_bytes = static_cast<std::size_t>(lanes * (taps + 1)) * sizeof(float);
  launch.unread_inputs = 0b110;
  s->memory = graph::packed(problem, base::str("conv_depthwise w", s->width), DataType::float32, {1, 2},
                            launch.state_bytes, [&](std::byte* block) {
                              auto* weights = reinterpret_cast<float*>(block);
                              const float* from = p.weights->as<float>();
                              const float* bias = p.bias ? p.bias->as<float>() : nullptr;
                              for (std::int64_t c = 0; c < g.cin; ++c) {
                                for (std::int64_t t = 0; t < taps; ++t)
                                  weights[(c / s->width * taps + t) * s->width + c % s->width] = from[c * taps + t];
                                weights[lanes * taps + c] = bias ? bias[c] : 0.0f;
                              }
                            });
  s->weights = reinterpret_cast<const float*>(s->memory.get());
  s->bias = s->weights + lanes * taps;

  choose_tiles(*s, seconds_of(g, kernels), p.workers);
  const std::int64_t lines =
      s->rows.two ? (g.kernel[1] + g.stride[1]) * g.in[2] + 2 * g.out[2] : g.kernel[1] * g.in[2] + g.out[2];
  s->side_by_side = std::clamp<std::int64_t>((20 << 10) / (lines * s->width * 4), 1, 4);
  launch.phases = {{run_tile, g.batch * s->row_blocks * s->vector_blocks}};
  launch.rows = {run_rows, s, 0, g.out[1], g.stride[1], g.pad_begin[1], (g.kernel[1] - 1) * g.dilation[1] + 1};
  launch.state = std::move(s);
  return launch;
}

}  // namespace vireo::ops
