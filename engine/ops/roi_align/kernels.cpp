// Where samples lie and their weights are computed once a tile, by row and by column. Two ways: in planes, where a tile
// is a few channels of one region (the next tiles are other regions of these channels, which stay in cache), bound by
// the reads of four pixels a sample; and, where there are more samples than pixels, in channels: the pictures are first
// written channels-last, a tile is a region, and all channels of a sample are summed in vectors.
#include <algorithm>
#include <cmath>

#include "engine/ops/shared/blend.h"
#include "engine/ops/shared/reference.h"
#include "engine/ops/shared/shape.h"
#include "engine/ops/shared/transpose_blocks.h"

namespace vireo::ops {

std::string refuse_roi_align_opencl(const Problem&);
Launch prepare_roi_align_opencl(const Problem&);

namespace {

constexpr std::int64_t kMostSamples = 1024;  // along one axis of a cell, as the reference has it
constexpr std::int64_t kChannels = 8, kTurnedPixels = 256;

struct Sample {
  std::int32_t low, high;
  float low_weight, high_weight;  ///< both 0 outside of the image
};

struct State {
  std::int64_t images = 0, channels = 0, height = 0, width = 0, rows = 0, columns = 0, ratio = 0, regions = 0;
  BlendRun blend = nullptr;
  double scale = 1;
  bool max = false, half = true, wide_index = true;
};

/// The samples of all cells along one axis; returns how many a cell has.
std::int64_t place_samples(const State& s, double begin, double end, std::int64_t cells, std::int64_t extent,
                           Sample* samples) noexcept {
  const double shift = s.half ? 0.5 : 0, start = begin * s.scale - shift;
  double size = end * s.scale - shift - start;
  if (!s.half) size = std::max(size, 1.0);
  const double cell = size / static_cast<double>(cells);
  const std::int64_t count =
      s.ratio > 0 ? s.ratio
                  : std::clamp<std::int64_t>(static_cast<std::int64_t>(std::ceil(cell > 0 ? std::min(cell, 1e4) : 0)),
                                             0, kMostSamples);
  for (std::int64_t i = 0; i < cells; ++i)
    for (std::int64_t k = 0; k < count; ++k, ++samples) {
      double at = start + (static_cast<double>(i) + (static_cast<double>(k) + 0.5) / static_cast<double>(count)) * cell;
      *samples = {};
      if (!(at >= -1 && at <= static_cast<double>(extent))) continue;
      at = std::max(at, 0.0);
      const std::int64_t low = std::min(static_cast<std::int64_t>(at), extent - 1),
                         high = std::min(low + 1, extent - 1);
      const double part = low == high ? 0 : at - static_cast<double>(low);
      *samples = {static_cast<std::int32_t>(low), static_cast<std::int32_t>(high), static_cast<float>(1 - part),
                  static_cast<float>(part)};
    }
  return count;
}

float cell_value(const State& s, const float* plane, const Sample* down, std::int64_t count_down, const Sample* right,
                 std::int64_t count_right) noexcept {
  float sum = 0, top = -INFINITY;
  for (std::int64_t a = 0; a < count_down; ++a) {
    const float *upper = plane + down[a].low * s.width, *lower = plane + down[a].high * s.width;
    const float u = down[a].low_weight, l = down[a].high_weight;
    for (std::int64_t b = 0; b < count_right; ++b) {
      const Sample& r = right[b];
      if (!s.max) {
        sum += r.low_weight * (u * upper[r.low] + l * lower[r.low]) +
               r.high_weight * (u * upper[r.high] + l * lower[r.high]);
      } else {
        top = std::max({top, u * r.low_weight * upper[r.low], u * r.high_weight * upper[r.high],
                        l * r.low_weight * lower[r.low], l * r.high_weight * lower[r.high]});
      }
    }
  }
  const std::int64_t count = count_down * count_right;
  return count == 0 ? 0 : s.max ? top : sum / static_cast<float>(count);
}

/// Samples of the region of a tile, in scratch.
struct Region {
  Sample *down, *right;
  std::int64_t count_down, count_right, image;  ///< samples of a cell along both axes; image below 0: there is none
};
Region place_region(const State& s, const TileArgs& args, std::int64_t region) noexcept {
  const float* box = static_cast<const float*>(args.inputs[1]) + 4 * region;
  const std::int64_t image = s.wide_index ? static_cast<const std::int64_t*>(args.inputs[2])[region]
                                          : static_cast<const std::int32_t*>(args.inputs[2])[region];
  if (image < 0 || image >= s.images) {
    args.fault->store("roi_align: a region names an image that isn't there", std::memory_order_relaxed);
    return {nullptr, nullptr, 0, 0, -1};
  }
  auto* down = reinterpret_cast<Sample*>(args.scratch);
  Sample* right = down + s.rows * std::max(s.ratio, kMostSamples);
  const std::int64_t count_down = place_samples(s, box[1], box[3], s.rows, s.height, down),
                     count_right = place_samples(s, box[0], box[2], s.columns, s.width, right);
  return {down, right, count_down, count_right, image};
}

std::size_t sample_bytes(const State& s) {
  return static_cast<std::size_t>((s.rows + s.columns) * std::max(s.ratio, kMostSamples)) * sizeof(Sample);
}

void run_planes(const TileArgs& args) noexcept {
  const State& s = *static_cast<const State*>(args.state);
  const std::int64_t region = args.tile % s.regions, first = args.tile / s.regions * kChannels,
                     end = std::min(first + kChannels, s.channels);
  const Region r = place_region(s, args, region);
  if (r.image < 0) return;
  float* y = static_cast<float*>(args.outputs[0]) + (region * s.channels + first) * s.rows * s.columns;
  for (std::int64_t channel = first; channel < end; ++channel) {
    const float* plane =
        static_cast<const float*>(args.inputs[0]) + (r.image * s.channels + channel) * s.height * s.width;
    for (std::int64_t i = 0; i < s.rows; ++i)
      for (std::int64_t j = 0; j < s.columns; ++j)
        *y++ =
            cell_value(s, plane, r.down + i * r.count_down, r.count_down, r.right + j * r.count_right, r.count_right);
  }
}

void run_turn(const TileArgs& args) noexcept {
  const State& s = *static_cast<const State*>(args.state);
  const std::int64_t pixels = s.height * s.width, turns = (pixels + kTurnedPixels - 1) / kTurnedPixels;
  const std::int64_t image = args.tile / turns, first = args.tile % turns * kTurnedPixels,
                     count = std::min(kTurnedPixels, pixels - first);
  const auto* x = static_cast<const std::uint32_t*>(args.inputs[0]) + image * s.channels * pixels + first;
  auto* y = reinterpret_cast<std::uint32_t*>(args.workspace) + (image * pixels + first) * s.channels;
  transpose_blocks(x, pixels, y, s.channels, s.channels, count);
}

/// The mean of a cell's samples, all channels.
void blend_cell(const State& s, const float* picture, const Sample* down, std::int64_t count_down, const Sample* right,
                std::int64_t count_right, float* to) noexcept {
  const float share = 1.0f / static_cast<float>(std::max<std::int64_t>(count_down * count_right, 1));
  bool add = false;
  for (std::int64_t a = 0; a < count_down; ++a)
    for (std::int64_t b = 0; b < count_right; ++b) {
      const Sample &d = down[a], &r = right[b];
      if ((d.low_weight == 0 && d.high_weight == 0) || (r.low_weight == 0 && r.high_weight == 0)) continue;  // outside
      const float u = d.low_weight * share, l = d.high_weight * share;
      const float weights[] = {u * r.low_weight, u * r.high_weight, l * r.low_weight, l * r.high_weight};
      const float *upper = picture + d.low * s.width * s.channels, *lower = picture + d.high * s.width * s.channels;
      const float* const from[] = {upper + r.low * s.channels, upper + r.high * s.channels, lower + r.low * s.channels,
                                   lower + r.high * s.channels};
      s.blend(to, from, weights, s.channels, add);
      add = true;
    }
  if (!add) std::fill(to, to + s.channels, 0.0f);
}

void run_channels(const TileArgs& args) noexcept {
  const State& s = *static_cast<const State*>(args.state);
  const Region r = place_region(s, args, args.tile);
  if (r.image < 0) return;
  auto* cells = reinterpret_cast<float*>(args.scratch + sample_bytes(s));
  const float* picture = reinterpret_cast<const float*>(args.workspace) + r.image * s.height * s.width * s.channels;
  for (std::int64_t i = 0; i < s.rows; ++i)
    for (std::int64_t j = 0; j < s.columns; ++j)
      blend_cell(s, picture, r.down + i * r.count_down, r.count_down, r.right + j * r.count_right, r.count_right,
                 cells + (i * s.columns + j) * s.channels);
  const std::int64_t count = s.rows * s.columns;
  auto* y = static_cast<std::uint32_t*>(args.outputs[0]) + args.tile * s.channels * count;
  transpose_blocks(reinterpret_cast<const std::uint32_t*>(cells), s.channels, y, count, count, s.channels);
}

std::string refuse(const Problem& p) {
  for (std::size_t k = 0; k < 2; ++k)
    if (p.inputs[k].dtype != DataType::float32 || !p.inputs[k].dense()) return "takes dense float32";
  if (!p.outputs[0].dense() || !p.inputs[2].dense()) return "takes dense tensors only";
  if (p.inputs[2].dtype != DataType::int64 && p.inputs[2].dtype != DataType::int32)
    return "takes numbers of images of int32 and int64 only";
  if (p.outputs[0].count() == 0 || p.inputs[0].count() == 0) return "an extent is 0";
  if (p.inputs[0].dims[2] > (1 << 30) || p.inputs[0].dims[3] > (1 << 30)) return "an image is too large";
  return p.outputs[0].dims[2] > 4096 || p.outputs[0].dims[3] > 4096 ? "too many cells" : "";
}

/// Worth it where turning the pictures costs less than it saves.
std::string refuse_channels(const Problem& p) {
  if (std::string why = refuse(p); !why.empty()) return why;
  if (std::string why = refuse_extents(p); !why.empty()) return why;
  if (p.attributes->text("mode", "avg") == "max") return "means only";
  const std::int64_t ratio = p.attributes->integer("sampling_ratio", 0), along = ratio > 0 ? ratio : 2;
  const Dims &x = p.inputs[0].dims, &y = p.outputs[0].dims;
  const double samples = static_cast<double>(y[0] * y[2] * y[3]) * static_cast<double>(along * along),
               pixels = static_cast<double>(x[0]) * static_cast<double>(x[2]) * static_cast<double>(x[3]);
  return 4 * samples < pixels ? "fewer samples than a quarter of the pixels" : "";
}

State plan(const Problem& p) {
  State s;
  const Dims &x = p.inputs[0].dims, &y = p.outputs[0].dims;
  s.images = x[0];
  s.channels = x[1];
  s.height = x[2];
  s.width = x[3];
  s.regions = y[0];
  s.rows = y[2];
  s.columns = y[3];
  s.ratio = std::max<std::int64_t>(p.attributes->integer("sampling_ratio", 0), 0);
  s.scale = p.attributes->real("spatial_scale", 1.0);
  s.max = p.attributes->text("mode", "avg") == "max";
  s.half = p.attributes->text("coordinate_transformation_mode", "half_pixel") == "half_pixel";
  s.wide_index = p.inputs[2].dtype == DataType::int64;
  return s;
}

Launch prepare_planes(const Problem& p) {
  auto s = std::make_shared<State>(plan(p));
  CpuLaunch launch;
  launch.phases = {{run_planes, s->regions * ((s->channels + kChannels - 1) / kChannels)}};
  launch.scratch_bytes = sample_bytes(*s);
  launch.state = std::move(s);
  return launch;
}

template <BlendRun (*kBlend)()>
Launch prepare_channels(const Problem& p) {
  auto s = std::make_shared<State>(plan(p));
  s->blend = kBlend();
  CpuLaunch launch;
  const std::int64_t turns = (s->height * s->width + kTurnedPixels - 1) / kTurnedPixels;
  launch.phases = {{run_turn, s->images * turns}, {run_channels, s->regions}};
  launch.workspace_bytes = static_cast<std::size_t>(p.inputs[0].count()) * sizeof(float);
  launch.scratch_bytes =
      sample_bytes(*s) + static_cast<std::size_t>(s->rows * s->columns * s->channels) * sizeof(float);
  launch.state = std::move(s);
  return launch;
}

constexpr Tactic kTactics[] = {
#if defined(__x86_64__)
    {.name = "roi_align_channels_avx512",
     .isa = graph::Isa::avx512,
     .refuse = refuse_channels,
     .prepare = prepare_channels<blend_avx512>},
    {.name = "roi_align_channels_avx2",
     .isa = graph::Isa::avx2,
     .refuse = refuse_channels,
     .prepare = prepare_channels<blend_avx2>},
#endif
    {.name = "roi_align_channels_portable", .refuse = refuse_channels, .prepare = prepare_channels<blend_portable>},
    {.name = "roi_align_planes_portable", .refuse = refuse, .prepare = prepare_planes},
    {.name = "roi_align_regions_opencl",
     .refuse = refuse_roi_align_opencl,
     .prepare = prepare_roi_align_opencl,
     .device = "opencl"}};

}  // namespace

std::span<const Tactic> roi_align_tactics() { return kTactics; }

}  // namespace vireo::ops
