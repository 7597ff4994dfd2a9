// A tile is some channels of one region. Where samples lie and their weights are computed once a tile, by row and by
// column; a cell is then a double loop over its samples. Bound by the reads of four pixels a sample.
#include <algorithm>
#include <cmath>

#include "engine/ops/shared/reference.h"
#include "engine/ops/shared/shape.h"

namespace vireo::ops {

std::string refuse_roi_align_opencl(const Problem&);
Launch prepare_roi_align_opencl(const Problem&);

namespace {

constexpr std::int64_t kMostSamples = 1024;  // along one axis of a cell, as the reference has it
constexpr std::int64_t kChannels = 32;

struct Sample {
  std::int32_t low, high;
  float low_weight, high_weight;  ///< both 0 outside of the image
};

struct State {
  std::int64_t images = 0, channels = 0, height = 0, width = 0, rows = 0, columns = 0, ratio = 0, blocks = 0;
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

void run(const TileArgs& args) noexcept {
  const State& s = *static_cast<const State*>(args.state);
  const std::int64_t region = args.tile / s.blocks, first = args.tile % s.blocks * kChannels,
                     end = std::min(first + kChannels, s.channels);
  const float* box = static_cast<const float*>(args.inputs[1]) + 4 * region;
  const std::int64_t image = s.wide_index ? static_cast<const std::int64_t*>(args.inputs[2])[region]
                                          : static_cast<const std::int32_t*>(args.inputs[2])[region];
  if (image < 0 || image >= s.images)
    return args.fault->store("roi_align: a region names an image that isn't there", std::memory_order_relaxed);
  auto* down = reinterpret_cast<Sample*>(args.scratch);
  Sample* right = down + s.rows * std::max(s.ratio, kMostSamples);
  const std::int64_t count_down = place_samples(s, box[1], box[3], s.rows, s.height, down),
                     count_right = place_samples(s, box[0], box[2], s.columns, s.width, right);
  float* y = static_cast<float*>(args.outputs[0]) + (region * s.channels + first) * s.rows * s.columns;
  for (std::int64_t channel = first; channel < end; ++channel) {
    const float* plane =
        static_cast<const float*>(args.inputs[0]) + (image * s.channels + channel) * s.height * s.width;
    for (std::int64_t i = 0; i < s.rows; ++i)
      for (std::int64_t j = 0; j < s.columns; ++j)
        *y++ = cell_value(s, plane, down + i * count_down, count_down, right + j * count_right, count_right);
  }
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

Launch prepare(const Problem& p) {
  auto s = std::make_shared<State>();
  const Dims &x = p.inputs[0].dims, &y = p.outputs[0].dims;
  s->images = x[0];
  s->channels = x[1];
  s->height = x[2];
  s->width = x[3];
  s->rows = y[2];
  s->columns = y[3];
  s->ratio = std::max<std::int64_t>(p.attributes->integer("sampling_ratio", 0), 0);
  s->scale = p.attributes->real("spatial_scale", 1.0);
  s->max = p.attributes->text("mode", "avg") == "max";
  s->half = p.attributes->text("coordinate_transformation_mode", "half_pixel") == "half_pixel";
  s->wide_index = p.inputs[2].dtype == DataType::int64;
  s->blocks = (s->channels + kChannels - 1) / kChannels;
  CpuLaunch launch;
  launch.phases = {{run, y[0] * s->blocks}};
  launch.scratch_bytes =
      static_cast<std::size_t>((s->rows + s->columns) * std::max(s->ratio, kMostSamples)) * sizeof(Sample);
  launch.state = std::move(s);
  return launch;
}

constexpr Tactic kTactics[] = {{.name = "roi_align_samples_portable", .refuse = refuse, .prepare = prepare},
                               {.name = "roi_align_regions_opencl",
                                .refuse = refuse_roi_align_opencl,
                                .prepare = prepare_roi_align_opencl,
                                .device = "opencl"}};

}  // namespace

std::span<const Tactic> roi_align_tactics() { return kTactics; }

}  // namespace vireo::ops
