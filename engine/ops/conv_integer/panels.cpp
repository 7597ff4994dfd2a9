// Filters are rows, pixels are columns of panels (shared/integer_product.h). First the input is woven into words of
// neighbouring channels, with its padding around it, so that a panel is gathered word by word, or for a kernel of one
// tap is not gathered at all; then tiles of pixels are multiplied with all filters, or with some where pixels are few.
#include <algorithm>
#include <cstring>

#include "engine/base/text.h"
#include "engine/graph/packed_weights.h"
#include "engine/ops/conv_integer/kernels.h"
#include "engine/ops/shared/conv_geometry.h"
#include "engine/ops/shared/reference.h"

namespace vireo::ops {
namespace {

constexpr std::int64_t kMostColumnsOfPanel = 64, kMostRowsOfPanel = 16, kMostPanels = 4;
constexpr std::int64_t kPanelWords = 32768;  // of the panels of a tile, which stay in cache
constexpr std::int64_t kWeaveWords = 8192;   // that make a tile worthwhile
constexpr std::int64_t kMostWords = std::int64_t{1} << 36;

struct State {
  const IntegerKernels* kernels = nullptr;
  IntegerResults results;
  ConvGeometry g;
  Spatial padded{1, 1, 1};
  std::int64_t words = 0;   ///< of a group's channels
  std::int64_t plane = 0;   ///< words of one of them
  std::int64_t depth = 0;   ///< words of a sum: taps times `words`
  std::int64_t panels = 0;  ///< of a group's filters
  bool x_signed = false, w_signed = false, zero = false, direct = false, offset_weights = false;
  std::vector<std::int32_t> w_zero, bias;
  std::vector<std::int64_t> taps;  ///< where each begins in a plane
  std::shared_ptr<const std::byte> rows;
  std::int64_t lines = 1, line_tiles = 1;          ///< rows of a plane that a tile weaves; tiles of a plane
  std::int64_t pixel_tiles = 1, pixel_step = 1;    ///< panels of pixels of a tile
  std::int64_t filter_tiles = 1, filter_step = 1;  ///< panels of filters of a tile

  [[nodiscard]] const std::uint32_t* row_panel(std::int64_t i) const {
    return reinterpret_cast<const std::uint32_t*>(rows.get()) + i * depth * kernels->rows;
  }
  [[nodiscard]] const std::int32_t* row_sums(std::int64_t i) const {
    return reinterpret_cast<const std::int32_t*>(rows.get()) + g.groups * panels * depth * kernels->rows + kWordSlack +
           i * kernels->rows;
  }
};

std::int32_t zero_of(const State& s, const TileArgs& args) {
  return s.zero ? byte_number(*static_cast<const std::uint8_t*>(args.inputs[2]), s.x_signed) : 0;
}

void run_weave(const TileArgs& args) noexcept {
  const auto& s = *static_cast<const State*>(args.state);
  const ConvGeometry& g = s.g;
  const std::int64_t part = args.tile % s.line_tiles, word = args.tile / s.line_tiles % s.words,
                     image_group = args.tile / s.line_tiles / s.words;
  const std::int64_t values = s.kernels->values, first = word * values,
                     channels = std::min(values, g.cin_per_group() - first);
  const std::uint32_t border = column_word(*s.kernels, zero_of(s, args), channels, s.x_signed);
  const auto* x =
      static_cast<const std::uint8_t*>(args.inputs[0]) + (image_group * g.cin_per_group() + first) * g.in_pixels();
  auto* plane = reinterpret_cast<std::uint32_t*>(args.workspace) + (image_group * s.words + word) * s.plane;
  const std::int64_t lines = s.padded[0] * s.padded[1];
  for (std::int64_t line = part * s.lines; line < std::min((part + 1) * s.lines, lines); ++line) {
    const std::int64_t d = line / s.padded[1] - g.pad_begin[0], h = line % s.padded[1] - g.pad_begin[1];
    std::uint32_t* to = plane + line * s.padded[2];
    if (d < 0 || d >= g.in[0] || h < 0 || h >= g.in[1]) {
      std::fill(to, to + s.padded[2], border);
      continue;
    }
    const std::uint8_t* rows[4] = {};
    for (std::int64_t k = 0; k < channels; ++k) rows[k] = x + ((k * g.in[0] + d) * g.in[1] + h) * g.in[2];
    std::fill(to, to + g.pad_begin[2], border);
    s.kernels->weave(rows, g.in[2], s.x_signed, to + g.pad_begin[2]);
    std::fill(to + g.pad_begin[2] + g.in[2], to + s.padded[2], border);
  }
}

/// Pixels next to each other in a row of results.
struct PixelRun {
  std::int64_t from;  ///< where the first one's window begins in a plane
  int to, count;      ///< columns of the panel
};

int find_runs(const State& s, std::int64_t first, std::int64_t count, PixelRun* runs) {
  const ConvGeometry& g = s.g;
  int n = 0;
  for (std::int64_t done = 0; done < count;) {
    const std::int64_t pixel = first + done, w = pixel % g.out[2], line = pixel / g.out[2];
    const std::int64_t d = line / g.out[1] * g.stride[0], h = line % g.out[1] * g.stride[1];
    const std::int64_t length = std::min(g.out[2] - w, count - done);
    runs[n++] = {(d * s.padded[1] + h) * s.padded[2] + w * g.stride[2], static_cast<int>(done),
                 static_cast<int>(length)};
    done += length;
  }
  return n;
}

void gather(const State& s, const std::uint32_t* planes, std::int64_t first, std::int64_t count, std::uint32_t* to) {
  PixelRun runs[kMostColumnsOfPanel];
  const int n = find_runs(s, first, count, runs);
  const std::int64_t stride = s.g.stride[2], width = s.kernels->columns;
  if (count < width) std::fill(to, to + s.depth * width, 0u);
  for (const std::int64_t tap : s.taps)
    for (std::int64_t word = 0; word < s.words; ++word, to += width) {
      const std::uint32_t* plane = planes + word * s.plane + tap;
      for (int r = 0; r < n; ++r) {
        const std::uint32_t* from = plane + runs[r].from;
        std::uint32_t* column = to + runs[r].to;
        if (stride == 1)
          for (int i = 0; i < runs[r].count; ++i) column[i] = from[i];
        else
          for (int i = 0; i < runs[r].count; ++i) column[i] = from[i * stride];
      }
    }
}

/// The panels of pixels of a tile.
struct Columns {
  std::int64_t first = 0, count = 0, panels = 0;  ///< pixels
  const std::uint32_t* words[kMostPanels] = {};
  std::int64_t step = 0;
  std::int32_t sums[kMostPanels][kMostColumnsOfPanel] = {};
};

Columns find_columns(const State& s, const TileArgs& args, std::int64_t tile, std::int64_t image_group) {
  Columns c;
  const std::int64_t width = s.kernels->columns;
  const auto* planes = reinterpret_cast<const std::uint32_t*>(args.workspace) + image_group * s.words * s.plane;
  c.first = tile * s.pixel_step * width;
  c.count = std::min(s.pixel_step * width, s.g.out_pixels() - c.first);
  c.panels = (c.count + width - 1) / width;
  c.step = s.direct ? s.plane : width;
  for (std::int64_t i = 0; i < c.panels; ++i) {
    c.words[i] = planes + c.first + i * width;
    if (!s.direct) {
      auto* panel = reinterpret_cast<std::uint32_t*>(args.scratch) + i * s.depth * width;
      gather(s, planes, c.first + i * width, std::min(width, c.count - i * width), panel);
      c.words[i] = panel;
    }
    if (s.offset_weights) s.kernels->sum_columns(c.words[i], c.step, s.depth, c.sums[i]);
  }
  return c;
}

void run_products(const TileArgs& args) noexcept {
  const auto& s = *static_cast<const State*>(args.state);
  const ConvGeometry& g = s.g;
  const IntegerKernels& kernels = *s.kernels;
  const std::int64_t part = args.tile % s.filter_tiles, pixels = args.tile / s.filter_tiles % s.pixel_tiles,
                     image_group = args.tile / s.filter_tiles / s.pixel_tiles, group = image_group % g.groups;
  const Columns columns = find_columns(s, args, pixels, image_group);
  static constexpr std::int32_t kNothing[kMostColumnsOfPanel] = {};
  const auto zero = static_cast<std::uint32_t>(zero_of(s, args) + kernels.column_shift(s.x_signed));
  const auto terms = static_cast<std::uint32_t>(g.cin_per_group() * g.taps());
  auto* y =
      static_cast<std::byte*>(args.outputs[0]) +
      static_cast<std::size_t>(image_group * g.cout_per_group() * g.out_pixels() + columns.first) * s.results.size;
  std::int32_t block[kMostRowsOfPanel * kMostPanels * kMostColumnsOfPanel];
  for (std::int64_t i = part * s.filter_step; i < std::min((part + 1) * s.filter_step, s.panels); ++i) {
    const std::int64_t filter = i * kernels.rows, panel = group * s.panels + i;
    const std::int64_t first = group * g.cout_per_group() + filter;
    const std::int32_t* sums = s.row_sums(panel);
    std::byte* results = y + static_cast<std::size_t>(filter * g.out_pixels()) * s.results.size;
    std::int32_t row_add[kMostRowsOfPanel] = {}, row_factor[kMostRowsOfPanel] = {};
    const auto rows = static_cast<int>(std::min<std::int64_t>(kernels.rows, g.cout_per_group() - filter));
    for (int r = 0; r < rows; ++r) {
      const auto f = static_cast<std::size_t>(first + r);
      row_factor[r] = -s.w_zero[f];
      row_add[r] =
          static_cast<std::int32_t>(static_cast<std::uint32_t>(s.bias[f]) - zero * static_cast<std::uint32_t>(sums[r]) +
                                    terms * zero * static_cast<std::uint32_t>(s.w_zero[f]));
    }
    for (std::int64_t c = 0; c < columns.panels; ++c) {
      const bool scaled = s.results.run != nullptr;
      IntegerTile tile{.rows = s.row_panel(panel),
                       .columns = columns.words[c],
                       .column_step = columns.step,
                       .depth = s.depth,
                       .to = scaled ? block : reinterpret_cast<std::int32_t*>(results),
                       .pitch = scaled ? s.pixel_step * kernels.columns : g.out_pixels(),
                       .row_count = rows,
                       .column_count = static_cast<int>(
                           std::min<std::int64_t>(kernels.columns, columns.count - c * kernels.columns)),
                       .row_add = row_add,
                       .row_factor = row_factor,
                       .column_sum = s.offset_weights ? columns.sums[c] : nullptr,
                       .column_factor = kNothing,
                       .row_sum = sums};
      tile.to += c * kernels.columns;
      kernels.run(tile);
    }
    if (s.results.run)
      for (int r = 0; r < rows; ++r)
        s.results(block + r * s.pixel_step * kernels.columns, results + r * g.out_pixels(), columns.count, first + r);
  }
}

/// Filters in the order of the words: tap by tap, the channels of each side by side.
void pack_filters(const State& s, const std::uint8_t* w, std::byte* to) {
  const ConvGeometry& g = s.g;
  const std::int64_t channels = g.cin_per_group(), taps = g.taps(), rows = s.kernels->rows, values = s.kernels->values;
  auto* words = reinterpret_cast<std::uint32_t*>(to);
  auto* sums = reinterpret_cast<std::int32_t*>(to) + g.groups * s.panels * s.depth * rows + kWordSlack;
  for (std::int64_t panel = 0; panel < g.groups * s.panels; ++panel, words += s.depth * rows, sums += rows) {
    const std::int64_t group = panel / s.panels, begin = panel % s.panels * rows;
    for (std::int64_t r = 0; r < std::min(rows, g.cout_per_group() - begin); ++r)
      for (std::int64_t tap = 0; tap < taps; ++tap)
        for (std::int64_t word = 0; word < s.words; ++word) {
          std::uint8_t bytes[4] = {};
          const std::int64_t count = std::min(values, channels - word * values);
          for (std::int64_t k = 0; k < count; ++k)
            bytes[k] = w[((group * g.cout_per_group() + begin + r) * channels + word * values + k) * taps + tap];
          words[(tap * s.words + word) * rows + r] = row_word(*s.kernels, bytes, count, s.w_signed);
        }
    s.kernels->sum_rows(words, s.depth, sums);
  }
}

void measure(const Problem& p, const IntegerKernels& kernels, State& s) {
  s.kernels = &kernels;
  s.g = conv_geometry(*p.attributes, p.inputs[0].dims, p.inputs[1].dims, Direction::forward);
  const ConvGeometry& g = s.g;
  for (std::size_t i = 0; i < 3; ++i) s.padded[i] = g.in[i] + g.pad_begin[i] + g.pad_end[i];
  s.words = (g.cin_per_group() + kernels.values - 1) / kernels.values;
  s.plane = s.padded[0] * s.padded[1] * s.padded[2];
  s.depth = s.words * g.taps();
  s.panels = (g.cout_per_group() + kernels.rows - 1) / kernels.rows;
}

}  // namespace

std::string refuse_conv_integer_panels(const Problem& p) {
  if (std::string why = refuse_conv_integer(p); !why.empty()) return why;
  const ConvGeometry g = conv_geometry(*p.attributes, p.inputs[0].dims, p.inputs[1].dims, Direction::forward);
  double words = static_cast<double>(g.batch) * static_cast<double>(g.cin);
  for (std::size_t i = 0; i < 3; ++i) words *= static_cast<double>(g.in[i] + g.pad_begin[i] + g.pad_end[i]);
  if (words > static_cast<double>(kMostWords)) return "a padded input larger than any memory";
  return {};
}

Launch prepare_conv_integer_panels(const Problem& p, const IntegerKernels& kernels,
                                   const QuantizationKernels& results) {
  auto state = std::make_shared<State>();
  State& s = *state;
  measure(p, kernels, s);
  s.results = integer_results(p, results);
  const ConvGeometry& g = s.g;
  s.x_signed = p.inputs[0].dtype == DataType::int8, s.w_signed = p.inputs[1].dtype == DataType::int8;
  s.zero = p.inputs.size() > 2 && p.inputs[2].present();
  s.w_zero = known_numbers(p, 3, g.cout);
  for (std::int32_t& z : s.w_zero) z += kernels.row_shift(s.w_signed);
  s.offset_weights = std::any_of(s.w_zero.begin(), s.w_zero.end(), [](std::int32_t z) { return z != 0; });
  s.bias = known_numbers(p, 4, g.cout);
  for (std::int64_t d = 0; d < g.kernel[0]; ++d)
    for (std::int64_t h = 0; h < g.kernel[1]; ++h)
      for (std::int64_t w = 0; w < g.kernel[2]; ++w)
        s.taps.push_back((d * g.dilation[0] * s.padded[1] + h * g.dilation[1]) * s.padded[2] + w * g.dilation[2]);
  s.direct = g.taps() == 1 && s.padded == g.out;
  const std::int64_t rows = g.groups * s.panels * (s.depth + 1) * kernels.rows + 2 * kWordSlack;
  const std::string layout = base::str("integer_filters ", kernels.rows, "x", kernels.values, " ", kernels.bytes, " ",
                                       g.groups, " ", g.cout, "x", g.cin_per_group(), "x", g.taps());
  const auto bytes = static_cast<std::size_t>(rows) * sizeof(std::uint32_t);
  s.rows = graph::packed(p, layout, p.inputs[1].dtype, {1}, bytes,
                         [&](std::byte* to) { pack_filters(s, p.inputs[1].constant->as<std::uint8_t>(), to); });
  const std::int64_t lines = s.padded[0] * s.padded[1], images = g.batch * g.groups;
  s.lines = std::clamp<std::int64_t>(kWeaveWords / std::max<std::int64_t>(1, s.padded[2]), 1, lines);
  s.line_tiles = (lines + s.lines - 1) / s.lines;
  const std::int64_t panels = (g.out_pixels() + kernels.columns - 1) / kernels.columns;
  s.pixel_step = std::clamp<std::int64_t>(kPanelWords / (s.depth * kernels.columns), 1, std::min(kMostPanels, panels));
  s.filter_step = s.panels;
  const auto tiles = [&] {
    s.pixel_tiles = (panels + s.pixel_step - 1) / s.pixel_step;
    s.filter_tiles = (s.panels + s.filter_step - 1) / s.filter_step;
    return images * s.pixel_tiles * s.filter_tiles;
  };
  while (tiles() < 4 * p.workers && s.pixel_step > 1) s.pixel_step /= 2;
  while (tiles() < 4 * p.workers && s.filter_step > 4) s.filter_step = (s.filter_step + 1) / 2;
  graph::CpuLaunch launch;
  launch.phases = {{run_weave, images * s.words * s.line_tiles}, {run_products, tiles()}};
  launch.workspace_bytes = static_cast<std::size_t>(images * s.words * s.plane + kWordSlack) * sizeof(std::uint32_t);
  if (!s.direct)
    launch.scratch_bytes = static_cast<std::size_t>(s.pixel_step * s.depth * kernels.columns) * sizeof(std::uint32_t);
  launch.state_bytes = bytes;
  launch.unread_inputs = 0b1111010;
  launch.state = std::move(state);
  return launch;
}

}  // namespace vireo::ops
