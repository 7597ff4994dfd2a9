// Sampling of planes [N, C, spatial…], float32, every mode and padding. A tile takes some points of one sample; their
// taps are worked out once for all channels. Two forms: x is first turned channels-last into the workspace, so that a
// tap is one load for a vector of channels (where points are about as many as pixels); or x is read in place (few
// points of a large map). Bound by loads; with one to three channels by the coordinates, 10 to 30 ns a point. Measured
// on one Zen 4 core: 64x80x80 sampled at 80x80 points, linear 0.8 G outputs/s, cubic 0.4; sample_seconds() has the cost
// of each part.
#include <algorithm>
#include <cstring>

#include "engine/ops/grid_sample/sample.h"
#include "engine/ops/grid_sample/taps.h"
#include "engine/ops/shared/reference.h"
#include "engine/ops/shared/shape.h"
#include "engine/ops/shared/transpose_blocks.h"

namespace vireo::ops {
namespace {

constexpr std::int64_t kPoints = 64;    // of a tile
constexpr std::int64_t kTurned = 1024;  // pixels of a tile of the first phase
constexpr std::int64_t kBlockPitch = kSampleColumns + 16;

struct State {
  SampleAxes axes;
  SampleKernel kernel{};
  std::int64_t batch = 0, channels = 0, pixels = 0, points = 0;
  std::int64_t point_blocks = 0, pixel_blocks = 0;
  /// Channels-last x in the workspace, and after it one pixel of zeros that taps without a pixel read.
  [[nodiscard]] std::int64_t zero_pixel() const { return batch * pixels * channels; }
};

/// The taps of a tile's points, [point][tap].
struct TileTaps {
  std::int64_t n, first, count;
  int taps;
  std::int64_t* at;
  float* weight;
  float* rest;  ///< of the scratch
};

TileTaps tile_taps(const State& s, const graph::TileArgs& args) noexcept {
  TileTaps t;
  t.n = args.tile / s.point_blocks;
  t.first = args.tile % s.point_blocks * kPoints;
  t.count = std::min(kPoints, s.points - t.first);
  t.taps = s.axes.taps();
  t.at = reinterpret_cast<std::int64_t*>(args.scratch);
  t.weight = reinterpret_cast<float*>(t.at + kPoints * t.taps);
  t.rest = t.weight + kPoints * t.taps;
  const float* grid = static_cast<const float*>(args.inputs[1]) + (t.n * s.points + t.first) * s.axes.rank;
  sample_taps(s.axes, grid, t.count, t.at, t.weight);
  return t;
}

void turn(const graph::TileArgs& args) noexcept {
  const State& s = *static_cast<const State*>(args.state);
  const std::int64_t n = args.tile / s.pixel_blocks, first = args.tile % s.pixel_blocks * kTurned,
                     count = std::min(kTurned, s.pixels - first);
  auto* turned = reinterpret_cast<float*>(args.workspace);
  const float* x = static_cast<const float*>(args.inputs[0]) + n * s.channels * s.pixels + first;
  float* to = turned + (n * s.pixels + first) * s.channels;
  if (s.channels == 1) std::memcpy(to, x, static_cast<std::size_t>(count) * sizeof(float));
  else
    transpose_blocks(reinterpret_cast<const std::uint32_t*>(x), s.pixels, reinterpret_cast<std::uint32_t*>(to),
                     s.channels, s.channels, count);
  if (args.tile == 0) std::memset(turned + s.zero_pixel(), 0, static_cast<std::size_t>(s.channels) * sizeof(float));
}

void run_turned(const graph::TileArgs& args) noexcept {
  const State& s = *static_cast<const State*>(args.state);
  const TileTaps t = tile_taps(s, args);
  for (std::int64_t i = 0; i < t.count * t.taps; ++i)
    t.at[i] = t.at[i] < 0 ? s.zero_pixel() : (t.n * s.pixels + t.at[i]) * s.channels;
  SampleBlock block{
      .at = t.at, .weight = t.weight, .taps = t.taps, .points = t.count, .to = t.rest, .pitch = kBlockPitch};
  for (std::int64_t c = 0; c < s.channels; c += kSampleColumns) {
    block.x = reinterpret_cast<const float*>(args.workspace) + c;
    block.columns = std::min(kSampleColumns, s.channels - c);
    s.kernel.run(block);
    float* y = static_cast<float*>(args.outputs[0]) + (t.n * s.channels + c) * s.points + t.first;
    transpose_blocks(reinterpret_cast<const std::uint32_t*>(t.rest), kBlockPitch, reinterpret_cast<std::uint32_t*>(y),
                     s.points, t.count, block.columns);
  }
}

/// One channel of a tile's points, read where it lies. Taps that weigh nothing read pixel 0 and drop it.
template <int kTaps>
void sample_plane(const TileTaps& t, const float* plane, float* y) noexcept {
  const int taps = kTaps ? kTaps : t.taps;
  const std::int64_t* at = t.at;
  const float* weight = t.weight;
  for (std::int64_t i = 0; i < t.count; ++i, at += taps, weight += taps) {
    float sum = 0;
#pragma GCC unroll 4
    for (int k = 0; k < taps; ++k) {
      const float product = weight[k] * plane[at[k]];
      sum += weight[k] == 0 ? 0 : product;
    }
    y[i] = sum;
  }
}

void run_in_place(const graph::TileArgs& args) noexcept {
  const State& s = *static_cast<const State*>(args.state);
  const TileTaps t = tile_taps(s, args);
  for (std::int64_t i = 0; i < t.count * t.taps; ++i) t.at[i] = std::max<std::int64_t>(t.at[i], 0);
  const auto sample = t.taps == 1 ? sample_plane<1> : t.taps == 4 ? sample_plane<4> : sample_plane<0>;
  for (std::int64_t c = 0; c < s.channels; ++c)
    sample(t, static_cast<const float*>(args.inputs[0]) + (t.n * s.channels + c) * s.pixels,
           static_cast<float*>(args.outputs[0]) + (t.n * s.channels + c) * s.points + t.first);
}

std::string refuse(const Problem& p) {
  for (const graph::Desc& in : p.inputs)
    if (in.dtype != DataType::float32 || !in.dense()) return "takes dense float32 only";
  if (!p.outputs[0].dense()) return "takes dense float32 only";
  if (p.inputs[0].dims.size() > 2 + kMaxSampleRank) return "takes up to three spatial axes";
  return p.outputs[0].count() == 0 || p.inputs[0].count() == 0 ? "nothing to do" : refuse_extents(p);
}

State read(const Problem& p, const SampleKernel& kernel) {
  State s;
  const Dims &in = p.inputs[0].dims, &out = p.outputs[0].dims;
  s.axes.rank = static_cast<int>(in.size()) - 2;
  std::copy(in.begin() + 2, in.end(), s.axes.extent);
  s.axes.align = p.attributes->integer("align_corners", 0) != 0;
  const std::string mode = p.attributes->text("mode", "linear"), padding = p.attributes->text("padding_mode", "zeros");
  s.axes.mode = mode == "nearest" ? SampleMode::nearest : mode == "cubic" ? SampleMode::cubic : SampleMode::linear;
  s.axes.padding = padding == "border"       ? SamplePadding::border
                   : padding == "reflection" ? SamplePadding::reflection
                                             : SamplePadding::zeros;
  s.kernel = kernel;
  s.batch = in[0];
  s.channels = in[1];
  s.pixels = product_from(in, 2);
  s.points = product_from(out, 2);
  s.point_blocks = (s.points + kPoints - 1) / kPoints;
  s.pixel_blocks = (s.pixels + kTurned - 1) / kTurned;
  return s;
}

/// Seconds of the two forms: turned, in place.
std::pair<double, double> sample_seconds(const State& s) {
  const auto points = static_cast<double>(s.batch * s.points), channels = static_cast<double>(s.channels);
  const double taps = s.axes.taps();
  const double vectors = static_cast<double>((s.channels + s.kernel.width - 1) / s.kernel.width);
  const double coordinates = points * (10e-9 + taps * 1.5e-9);
  const double turning = 0.35e-9 * static_cast<double>(s.batch * s.pixels) * channels;
  return {coordinates + turning + points * (vectors * taps * 0.5e-9 + channels * 0.4e-9),
          coordinates + points * channels * (0.4e-9 + taps * 0.75e-9)};
}

template <SampleKernel (*kKernel)()>
double predict(const Problem& p) {
  const auto [turned, in_place] = sample_seconds(read(p, kKernel()));
  return std::min(turned, in_place) / p.workers;
}

template <SampleKernel (*kKernel)()>
Launch prepare(const Problem& p) {
  auto state = std::make_shared<State>(read(p, kKernel()));
  const auto [turned, in_place] = sample_seconds(*state);
  graph::CpuLaunch launch;
  const std::size_t taps = static_cast<std::size_t>(kPoints * state->axes.taps());
  launch.scratch_bytes = taps * (sizeof(std::int64_t) + sizeof(float));
  const std::int64_t tiles = state->batch * state->point_blocks;
  if (turned < in_place) {
    launch.scratch_bytes += static_cast<std::size_t>(kPoints * kBlockPitch) * sizeof(float);
    launch.workspace_bytes =
        static_cast<std::size_t>(state->zero_pixel() + state->channels + kSampleSlack) * sizeof(float);
    launch.phases = {{&turn, state->batch * state->pixel_blocks}, {&run_turned, tiles}};
  } else {
    launch.phases = {{&run_in_place, tiles}};
  }
  launch.state = std::move(state);
  return launch;
}

constexpr Tactic kTactics[] = {
#if defined(__x86_64__)
    {.name = "grid_sample_avx512",
     .isa = graph::Isa::avx512,
     .refuse = refuse,
     .prepare = prepare<sample_kernel_avx512>,
     .predict = predict<sample_kernel_avx512>},
    {.name = "grid_sample_avx2",
     .isa = graph::Isa::avx2,
     .refuse = refuse,
     .prepare = prepare<sample_kernel_avx2>,
     .predict = predict<sample_kernel_avx2>},
#endif
    {.name = "grid_sample_portable",
     .refuse = refuse,
     .prepare = prepare<sample_kernel_portable>,
     .predict = predict<sample_kernel_portable>},
    {.name = "grid_sample_points_opencl",
     .refuse = refuse_grid_sample_opencl,
     .prepare = prepare_grid_sample_opencl,
     .device = "opencl"},
};

}  // namespace

std::span<const Tactic> grid_sample_tactics() { return kTactics; }

}  // namespace vireo::ops
