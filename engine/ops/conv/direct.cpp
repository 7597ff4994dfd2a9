// Direct convolution, channels-last: every tile gathers the input window it needs into scratch, padded with zeros and
// free of cache-set conflicts, and then multiplies rows of pixels by panels of packed weights
// (engine/ops/shared/panels.h). A 1x1 kernel with stride 1 reads its input in place. For kernels of reduced precision
// all inputs are gathered, and rounded on the way: the channels of a pixel then take half as many places, and the
// last of an odd number is paired with a zero. Bound by multiply-adds; measured on one Zen 4 core with AVX-512: 94 to
// 100 % of the microkernels' rate for 64 channels and more, 80 to 90 % for 16 to 32, 70 to 90 % for first layers.
#include <algorithm>
#include <cstring>

#include "engine/base/text.h"
#include "engine/graph/packed_weights.h"
#include "engine/ops/conv/conv.h"
#include "engine/ops/shared/pack.h"
#include "engine/ops/shared/panels.h"

namespace vireo::ops {
namespace {

using graph::Launch;
using graph::Problem;
using graph::TileArgs;

enum class Access {
  in_place,  ///< 1x1, stride 1: rows are the input's pixels
  gather,    ///< 1x1 otherwise: rows are copied, pixel by pixel
  window,    ///< a padded window of the input is copied; taps are offsets in it
};

struct State {
  ConvGeometry g;
  std::int64_t x_pitch = 0, y_pitch = 0, r_pitch = 0;
  bool has_residual = false;
  std::int64_t residual_channels = 0;
  Access access = Access::in_place;
  PanelSet set;
  Epilogue epilogue;
  std::shared_ptr<const std::byte> memory;
  const float* packed = nullptr;
  const float* bias = nullptr;
  std::int64_t channels = 0;     ///< places of a pixel's channels in scratch: KernelSet::places(cin)
  std::int64_t pixel_step = 0;   ///< floats between pixels in scratch
  std::int64_t scratch_row = 0;  ///< floats between rows in scratch (window)
  // Tiles: batch x row blocks x column blocks x panel blocks, the last running fastest. Flat accesses see one row of
  // pixels.
  std::int64_t images = 1, height = 1, width = 1;
  std::int64_t row_blocks = 1, column_blocks = 1, panel_blocks = 1;
  std::size_t scratch_bytes = 0;
  double seconds = 0;

  [[nodiscard]] std::int64_t tiles() const { return images * row_blocks * column_blocks * panel_blocks; }
};

struct Range {
  std::int64_t begin, end;
  [[nodiscard]] std::int64_t size() const { return end - begin; }
};
Range part(std::int64_t extent, std::int64_t parts, std::int64_t index) {
  return {extent * index / parts, extent * (index + 1) / parts};
}

/// A pixel distance of a multiple of 512 bytes makes rows compete for few cache sets: then a line more.
std::int64_t spread(std::int64_t channels) { return channels % 128 == 0 ? channels + 16 : channels; }

/// Copies `count` pixels of x into scratch; one block when both sides are dense.
void copy_pixels(const State& s, float* to, const float* from, std::int64_t count) noexcept {
  const std::int64_t cin = s.g.cin;
  if (s.set.kernels->values > 1) return s.set.kernels->round(to, s.pixel_step, from, s.x_pitch, cin, count, 1.0f);
  const bool dense = s.pixel_step == cin && s.x_pitch == cin;
  const std::int64_t length = dense ? cin * count : cin;
  for (std::int64_t i = 0; i < (dense ? 1 : count); ++i)
    std::memcpy(to + i * s.pixel_step, from + i * s.x_pitch, static_cast<std::size_t>(length) * sizeof(float));
}

/// Output rows x columns of image n need this window of the input; outside the image it is zero.
void gather_window(const State& s, const float* x, float* to, std::int64_t n, Range rows, Range columns) noexcept {
  const ConvGeometry& g = s.g;
  const std::int64_t y0 = rows.begin * g.stride[1] - g.pad_begin[1];
  const std::int64_t x0 = columns.begin * g.stride[2] - g.pad_begin[2];
  const std::int64_t height = (rows.size() - 1) * g.stride[1] + (g.kernel[1] - 1) * g.dilation[1] + 1;
  const std::int64_t width = (columns.size() - 1) * g.stride[2] + (g.kernel[2] - 1) * g.dilation[2] + 1;
  const std::int64_t first = std::clamp<std::int64_t>(-x0, 0, width);
  const std::int64_t last = std::clamp<std::int64_t>(g.in[2] - x0, first, width);
  const auto bytes = [&](std::int64_t pixels) {
    return static_cast<std::size_t>(pixels * s.pixel_step) * sizeof(float);
  };
  for (std::int64_t i = 0; i < height; ++i, to += s.scratch_row) {
    const std::int64_t y = y0 + i;
    if (y < 0 || y >= g.in[1] || first == last) {
      std::memset(to, 0, bytes(width));
      continue;
    }
    std::memset(to, 0, bytes(first));
    copy_pixels(s, to + first * s.pixel_step, x + ((n * g.in[1] + y) * g.in[2] + x0 + first) * s.x_pitch, last - first);
    std::memset(to + last * s.pixel_step, 0, bytes(width - last));
  }
}

/// Input pixels of output pixels [begin, end) of the whole batch, for 1x1 kernels.
void gather_pixels(const State& s, const float* x, float* to, Range pixels) noexcept {
  const ConvGeometry& g = s.g;
  if (s.width == g.batch * g.in_pixels() && g.stride[1] == 1 && g.stride[2] == 1 && g.pad_begin[1] == 0 &&
      g.pad_begin[2] == 0) {
    copy_pixels(s, to, x + pixels.begin * s.x_pitch, pixels.size());
    return;
  }
  for (std::int64_t i = pixels.begin; i < pixels.end; ++i, to += s.pixel_step) {
    const std::int64_t n = i / g.out_pixels(), in_image = i % g.out_pixels();
    const std::int64_t y = in_image / g.out[2] * g.stride[1] - g.pad_begin[1];
    const std::int64_t v = in_image % g.out[2] * g.stride[2] - g.pad_begin[2];
    if (y < 0 || y >= g.in[1] || v < 0 || v >= g.in[2])
      std::memset(to, 0, static_cast<std::size_t>(s.channels) * sizeof(float));
    else copy_pixels(s, to, x + ((n * g.in[1] + y) * g.in[2] + v) * s.x_pitch, 1);
  }
}

/// Output rows x columns of image n (flat accesses: columns of the one row of pixels) times panels.
void run_part(const State& s, const TileArgs& args, std::int64_t n, Range rows, Range columns, Range panels) noexcept {
  const auto* x = static_cast<const float*>(args.inputs[0]);
  auto* scratch = reinterpret_cast<float*>(args.scratch);
  BlockArgs block;
  const std::int64_t pixel = (n * s.height + rows.begin) * s.width + columns.begin;
  block.c = static_cast<float*>(args.outputs[0]) + pixel * s.y_pitch;
  block.c_stride = s.y_pitch;
  block.c_segment = s.width * s.y_pitch;
  if (s.has_residual) block.residual = static_cast<const float*>(args.inputs[3]) + pixel * s.r_pitch;
  block.residual_columns = s.residual_channels;
  block.residual_stride = s.r_pitch;
  block.residual_segment = s.width * s.r_pitch;
  block.segments = rows.size();
  block.segment_rows = columns.size();
  block.packed = s.packed;
  block.bias = s.bias;
  block.panel_begin = panels.begin;
  block.panel_end = panels.end;
  switch (s.access) {
    case Access::in_place:
      block.a = x + columns.begin * s.x_pitch;
      block.a_stride = s.x_pitch;
      break;
    case Access::gather:
      gather_pixels(s, x, scratch, columns);
      block.a = scratch;
      block.a_stride = s.pixel_step;
      break;
    case Access::window:
      gather_window(s, x, scratch, n, rows, columns);
      block.a = scratch;
      block.a_stride = s.g.stride[2] * s.pixel_step;
      block.a_segment = s.g.stride[1] * s.scratch_row;
      break;
  }
  run_block(s.set, s.epilogue, block);
}

void run_tile(const TileArgs& args) noexcept {
  const State& s = *static_cast<const State*>(args.state);
  std::int64_t t = args.tile;
  const Range panels = part(static_cast<std::int64_t>(s.set.panels.size()), s.panel_blocks, t % s.panel_blocks);
  t /= s.panel_blocks;
  const Range columns = part(s.width, s.column_blocks, t % s.column_blocks);
  t /= s.column_blocks;
  run_part(s, args, t / s.row_blocks, part(s.height, s.row_blocks, t % s.row_blocks), columns, panels);
}

/// Rows of one image, in parts no larger than the tiles, for which there is scratch.
void run_rows(const TileArgs& args, std::int64_t n, std::int64_t begin, std::int64_t end) noexcept {
  const State& s = *static_cast<const State*>(args.state);
  const Range panels{0, static_cast<std::int64_t>(s.set.panels.size())};
  if (s.access != Access::window) {
    const std::int64_t first = (n * s.g.out[1] + begin) * s.g.out[2], last = (n * s.g.out[1] + end) * s.g.out[2];
    const std::int64_t step =
        s.access == Access::in_place ? last - first : (s.width + s.column_blocks - 1) / s.column_blocks;
    for (std::int64_t at = first; at < last; at += step)
      run_part(s, args, 0, {0, 1}, {at, std::min(at + step, last)}, panels);
    return;
  }
  const std::int64_t step = (s.height + s.row_blocks - 1) / s.row_blocks;
  for (std::int64_t at = begin; at < end; at += step)
    for (std::int64_t c = 0; c < s.column_blocks; ++c)
      run_part(s, args, n, {at, std::min(at + step, end)}, part(s.width, s.column_blocks, c), panels);
}

std::int64_t window_extent(const ConvGeometry& g, std::size_t axis, std::int64_t outputs) {
  return (outputs - 1) * g.stride[axis] + (g.kernel[axis] - 1) * g.dilation[axis] + 1;
}

std::int64_t scratch_floats(const State& s, std::int64_t rows, std::int64_t columns) {
  switch (s.access) {
    case Access::in_place: return 0;
    case Access::gather: return columns * s.pixel_step;
    case Access::window: return window_extent(s.g, 1, rows) * window_extent(s.g, 2, columns) * s.pixel_step;
  }
  return 0;
}

/// Cuts the output into tiles: tries shapes, keeps the one with the shortest predicted time for all workers.
void choose_tiles(State& s, int workers) {
  constexpr double kCopyBytesPerSecond = 18e9, kStreamBytesPerSecond = 30e9, kTileSeconds = 0.4e-6;
  constexpr std::int64_t kScratchLimit = 384 << 10, kCacheBytes = 640 << 10;
  const auto panels = static_cast<std::int64_t>(s.set.panels.size());
  const double panel_bytes = static_cast<double>(s.set.packed_floats) * 4;
  double best = 1e300;
  const auto consider = [&](std::int64_t row_blocks, std::int64_t column_blocks, std::int64_t panel_blocks) {
    const std::int64_t rows = (s.height + row_blocks - 1) / row_blocks,
                       columns = (s.width + column_blocks - 1) / column_blocks;
    const std::int64_t scratch = scratch_floats(s, rows, columns) * 4;
    const std::int64_t tiles = s.images * row_blocks * column_blocks * panel_blocks;
    const std::int64_t tile_panels = (panels + panel_blocks - 1) / panel_blocks;
    double tile = block_seconds(s.set, rows, columns, 0, tile_panels) +
                  static_cast<double>(scratch * s.set.kernels->values) / kCopyBytesPerSecond + kTileSeconds;
    // Weights that don't fit the second-level cache together with the window are read again for every tile.
    const double weights = panel_bytes * static_cast<double>(tile_panels) / static_cast<double>(panels);
    if (weights > kCacheBytes) tile += weights / kStreamBytesPerSecond;
    if (scratch > kScratchLimit)
      tile += static_cast<double>((scratch - kScratchLimit) * tile_panels) / kStreamBytesPerSecond;
    const double rounds = static_cast<double>((tiles + workers - 1) / workers);
    const double filled = static_cast<double>(s.height) / static_cast<double>(rows * row_blocks) *
                          (static_cast<double>(s.width) / static_cast<double>(columns * column_blocks)) *
                          (static_cast<double>(panels) / static_cast<double>(tile_panels * panel_blocks));
    double total = std::max(rounds * tile * filled, tile);
    if (workers > 1) total += 0.1 * tile;  // workers are not equally fast: small tiles balance that
    if (total < best) {
      best = total;
      s.row_blocks = row_blocks;
      s.column_blocks = column_blocks;
      s.panel_blocks = panel_blocks;
      s.scratch_bytes = static_cast<std::size_t>(scratch) + 64;
      s.seconds = total;
    }
  };
  std::vector<std::int64_t> row_choices, column_choices, panel_choices;
  for (std::int64_t i = 1; i <= std::min<std::int64_t>(s.height, 512); i = std::max(i + 1, i * 5 / 4))
    row_choices.push_back(i);
  if (s.access == Access::window) {
    for (const std::int64_t i : {1, 2, 3, 4, 6, 8, 16})
      if (i == 1 || s.width / i >= 14) column_choices.push_back(i);
  } else {
    for (std::int64_t i = 1; i <= std::min<std::int64_t>(s.width, 4096); i = std::max(i + 1, i * 5 / 4))
      column_choices.push_back(i);
  }
  for (std::int64_t i = 1; i <= std::min<std::int64_t>(panels, 64); i = std::max(i + 1, i * 5 / 4))
    panel_choices.push_back(i);
  if (panels > 64) panel_choices.push_back(panels);
  for (const std::int64_t r : row_choices)
    for (const std::int64_t c : column_choices)
      for (const std::int64_t p : panel_choices) consider(r, c, p);
}

/// Neighbouring groups taken together until they fill a vector; the weights between different groups are zero.
std::int64_t merged_groups(const ConvGeometry& g, int width) {
  if (g.groups == 1) return 1;
  std::int64_t merged = 1;
  while (merged < g.groups && merged * g.cout_per_group() < width) {
    do ++merged;
    while (g.groups % merged != 0);
  }
  return merged;
}

State plan(const ConvProblem& p, const KernelSet& kernels) {
  State s;
  const ConvGeometry& g = s.g = p.g;
  s.x_pitch = p.x_pitch;
  s.y_pitch = p.y_pitch;
  s.r_pitch = p.r_pitch;
  s.has_residual = p.has_residual;
  s.residual_channels = p.residual_channels;
  s.epilogue = make_epilogue(p.activation, p.has_residual, p.residual_before);
  const std::int64_t merged = merged_groups(g, kernels.width);
  const std::int64_t groups = g.groups / merged, cout = g.cout_per_group() * merged;
  const std::int64_t cin = kernels.places(g.cin_per_group() * merged);
  const bool pointwise = g.taps() == 1;
  const bool plain = g.stride[1] == 1 && g.stride[2] == 1 && g.out == g.in;
  std::vector<std::int64_t> taps{0};
  std::int64_t depth = cin;
  s.channels = kernels.places(g.cin);
  s.pixel_step = spread(s.channels);
  if (pointwise) {
    s.width = g.batch * g.out_pixels();
    const bool conflicts = p.x_pitch % 512 == 0 && cout > 4 * kernels.width;
    s.access = plain && !conflicts && kernels.values == 1 ? Access::in_place : Access::gather;
  } else {
    s.access = Access::window;
    s.images = g.batch;
    s.height = g.out[1];
    s.width = g.out[2];
    taps.clear();
    const bool merge = g.groups == 1 && g.dilation[2] == 1 && s.pixel_step == s.channels;
    if (merge) depth = cin * g.kernel[2];
    // Offsets follow once the width of the tiles, and with it the scratch row, is known.
    taps.assign(static_cast<std::size_t>(merge ? g.kernel[1] : g.taps()), 0);
  }
  s.set = plan_panels(kernels, cout, groups, cin, std::move(taps), depth, std::min<std::int64_t>(s.width, 1 << 20));
  choose_tiles(s, p.workers);
  if (s.access == Access::window) {
    const std::int64_t columns = (s.width + s.column_blocks - 1) / s.column_blocks;
    s.scratch_row = window_extent(g, 2, columns) * s.pixel_step;
    const auto per_row = static_cast<std::int64_t>(s.set.taps.size()) / g.kernel[1];
    for (std::size_t t = 0; t < s.set.taps.size(); ++t) {
      const std::int64_t ky = static_cast<std::int64_t>(t) / per_row, kx = static_cast<std::int64_t>(t) % per_row;
      s.set.taps[t] = ky * g.dilation[1] * s.scratch_row + kx * g.dilation[2] * s.pixel_step;
    }
  }
  return s;
}

}  // namespace

std::string refuse_direct(const Problem& problem, const KernelSet& kernels) {
  if (std::string refused = refuse_conv(problem); !refused.empty()) return refused;
  const ConvGeometry g = read_conv(problem).g;
  const std::int64_t merged = merged_groups(g, kernels.width);
  if (merged < g.groups && g.cin_per_group() * merged % kernels.values != 0)
    return "groups of an odd number of channels share pairs";
  // The smallest window that a tile gathers (choose_tiles): dilations may spread it over any distance.
  const auto window = [&](std::size_t axis, std::int64_t parts) {
    return static_cast<double>(window_extent(g, axis, (g.out[axis] + parts - 1) / parts));
  };
  constexpr double kMostFloats = 1 << 28;
  const double pixels = g.taps() == 1 ? 1 : window(1, 256) * window(2, g.out[2] / 16 >= 14 ? 16 : 1);
  if (pixels * static_cast<double>(g.cin) > kMostFloats) return "its windows are larger than scratch may be";
  return {};
}

double predict_direct(const Problem& problem, const KernelSet& kernels) {
  return plan(read_conv(problem), kernels).seconds;
}

Launch prepare_direct(const Problem& problem, const KernelSet& kernels) {
  const ConvProblem p = read_conv(problem);
  auto s = std::make_shared<State>(plan(p, kernels));
  const ConvGeometry& g = s->g;
  const std::int64_t cin = g.cin_per_group(), cout = g.cout_per_group(), merged = g.groups / s->set.groups,
                     taps = g.taps();
  const std::int64_t places = kernels.places(cin * merged);
  const auto fill = [&](std::byte* block) {
    auto* packed = reinterpret_cast<float*>(block);
    const float* weights = p.weights->as<float>();
    const auto weight = [&](std::int64_t group, std::int64_t tap, std::int64_t channel, std::int64_t j) {
      if (channel / cin != j / cout) return 0.0f;
      const std::int64_t m = group * merged * cout + j;
      return weights[(m * cin + channel % cin) * taps + tap];
    };
    if (merged == 1 && kernels.values == 1) {
      // Depth may cover a whole row of taps; rows are in the order of taps, then channels, all the same.
      for (const Panel& panel : s->set.panels)
        pack_taps(packed + panel.b_offset, panel.vectors * kernels.width, weights + panel.column * cin * taps, cin,
                  taps, panel.columns);
    } else
      pack_weights(s->set, packed, [&](std::int64_t group, std::int64_t t, std::int64_t k, std::int64_t j) {
        // Depth may cover a whole row of taps: k counts places of channels within taps.
        const std::int64_t tap = t * (s->set.depth / places) + k / places;
        const std::int64_t channel = k % places * kernels.values;
        const float first = weight(group, tap, channel, j);
        if (kernels.values == 1) return first;
        return pair_of(first, channel + 1 < cin * merged ? weight(group, tap, channel + 1, j) : 0.0f);
      });
    if (p.bias) pack_bias(s->set, p.bias->as<float>(), packed + s->set.packed_floats);
  };
  graph::CpuLaunch launch;
  launch.state_bytes = static_cast<std::size_t>(s->set.packed_floats + s->set.bias_floats) * sizeof(float);
  launch.unread_inputs = 0b110;
  s->memory = graph::packed(problem, base::str("conv_direct m", merged, " ", layout_of(s->set)), elements_of(s->set),
                            {1, 2}, launch.state_bytes, fill);
  s->packed = reinterpret_cast<const float*>(s->memory.get());
  if (p.bias) s->bias = s->packed + s->set.packed_floats;
  launch.phases = {{run_tile, s->tiles()}};
  launch.scratch_bytes = s->scratch_bytes;
  launch.rows = {
      run_rows, s, s->scratch_bytes, g.out[1], g.stride[1], g.pad_begin[1], (g.kernel[1] - 1) * g.dilation[1] + 1};
  launch.state = std::move(s);
  return launch;
}

}  // namespace vireo::ops
