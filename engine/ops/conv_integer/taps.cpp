// Groups of few filters (depthwise), where panels would be mostly empty: the channels of a group become padded planes
// of floats, less their zero point, and results are sums of their taps. Exact, because a sum of at most kMostTerms
// products of numbers up to 255 stays below 2^24. Planes are split by the remainders of rows and columns modulo the
// strides, so that the results of a whole band of rows are one run over neighbouring floats, which also makes some
// between the rows that nobody wants.
#include <algorithm>
#include <cstring>

#include "engine/ops/conv_integer/kernels.h"
#include "engine/ops/shared/conv_geometry.h"

namespace vireo::ops {
namespace {

constexpr std::int64_t kMostTerms = 257;     // 255 * 255 * 257 < 2^24
constexpr std::int64_t kMostFilters = 4;     // of a group
constexpr std::int64_t kBandFloats = 32768;  // scratch that stays in cache
constexpr std::int64_t kSlack = 64;          // a step of the body, behind floats and sums
constexpr double kMostFloats = 1 << 26;

struct State {
  ConvGeometry g;
  TapKernels kernels{};
  IntegerResults results;
  std::vector<float> weights;
  std::vector<std::int32_t> bias;
  bool is_signed = false, zero = false;
  std::int64_t terms = 0, planes = 0;  ///< of a sum; channels times depths of the kernel
  std::int64_t pitch = 0;              ///< columns of each remainder
  std::int64_t band = 1, bands = 1;    ///< rows of results of a tile

  /// Rows of input for `count` rows of results, and of each remainder of them.
  [[nodiscard]] std::int64_t rows(std::int64_t count) const {
    return (count - 1) * g.stride[1] + (g.kernel[1] - 1) * g.dilation[1] + 1;
  }
  [[nodiscard]] std::int64_t lines(std::int64_t count) const { return (rows(count) - 1) / g.stride[1] + 1; }
  [[nodiscard]] std::int64_t floats(std::int64_t count) const {
    return planes * g.stride[1] * g.stride[2] * lines(count) * pitch;
  }
};

/// The columns of one remainder: those of the input, among `pitch`, and where the first of them is.
struct ColumnPart {
  std::int64_t first = 0, last = 0, offset = 0;
};
ColumnPart column_part(const ConvGeometry& g, std::int64_t pitch, std::int64_t remainder) {
  const std::int64_t stride = g.stride[2], pad = g.pad_begin[2] - remainder;
  ColumnPart part;
  part.first = std::min(pad <= 0 ? 0 : (pad + stride - 1) / stride, pitch);
  part.last = std::clamp((g.in[2] + pad + stride - 1) / stride, part.first, pitch);
  part.offset = part.first * stride - pad;
  return part;
}

/// Padded planes from row `first` of results on: rows and columns by their remainders.
void fill_planes(const State& s, const TileArgs& args, const std::uint8_t* x, std::int64_t depth, std::int64_t first,
                 std::int64_t rows, std::int64_t part) {
  const ConvGeometry& g = s.g;
  auto* floats = reinterpret_cast<float*>(args.scratch);
  FilledRow row{.length = s.pitch, .stride = g.stride[2], .is_signed = s.is_signed};
  if (s.zero) row.zero = byte_number(*static_cast<const std::uint8_t*>(args.inputs[2]), s.is_signed);
  for (std::int64_t plane = 0; plane < s.planes; ++plane) {
    const std::int64_t c = plane / g.kernel[0],
                       d = depth * g.stride[0] - g.pad_begin[0] + plane % g.kernel[0] * g.dilation[0];
    const std::uint8_t* source = d >= 0 && d < g.in[0] ? x + (c * g.in[0] + d) * g.in[1] * g.in[2] : nullptr;
    for (std::int64_t q = 0; q < g.stride[2]; ++q) {
      const ColumnPart columns = column_part(g, s.pitch, q);
      row.first = columns.first;
      row.last = columns.last;
      float* to = floats + (plane * g.stride[1] * g.stride[2] + q) * part;
      std::int64_t remainder = 0, h = first * g.stride[1] - g.pad_begin[1];
      for (std::int64_t r = 0; r < rows; ++r, ++h) {
        row.from = source && h >= 0 && h < g.in[1] ? source + h * g.in[2] + columns.offset : nullptr;
        s.kernels.fill(row, to + remainder * g.stride[2] * part);
        if (++remainder == g.stride[1]) remainder = 0, to += s.pitch;
      }
    }
  }
}

void run_tile(const TileArgs& args) noexcept {
  const auto& s = *static_cast<const State*>(args.state);
  const ConvGeometry& g = s.g;
  const std::int64_t first = args.tile % s.bands * s.band, depth = args.tile / s.bands % g.out[0];
  const std::int64_t group = args.tile / s.bands / g.out[0] % g.groups, n = args.tile / s.bands / g.out[0] / g.groups;
  const std::int64_t count = std::min(s.band, g.out[1] - first), rows = s.rows(count), lines = s.lines(count);
  const std::int64_t part = lines * s.pitch, row_part = g.stride[2] * part, plane_part = g.stride[1] * row_part;
  const auto* x =
      static_cast<const std::uint8_t*>(args.inputs[0]) + (n * g.cin + group * g.cin_per_group()) * g.in_pixels();
  fill_planes(s, args, x, depth, first, rows, part);
  auto* floats = reinterpret_cast<float*>(args.scratch);
  const float* sources[kMostTerms];
  std::int64_t t = 0;
  for (std::int64_t plane = 0; plane < s.planes; ++plane)
    for (std::int64_t kh = 0; kh < g.kernel[1]; ++kh)
      for (std::int64_t kw = 0; kw < g.kernel[2]; ++kw) {
        const std::int64_t down = kh * g.dilation[1], along = kw * g.dilation[2];
        sources[t++] = floats + plane * plane_part + down % g.stride[1] * row_part + along % g.stride[2] * part +
                       down / g.stride[1] * s.pitch + along / g.stride[2];
      }
  const std::int64_t run = (count - 1) * s.pitch + g.out[2];
  auto* sums = reinterpret_cast<std::int32_t*>(floats + s.floats(s.band) + kSlack);
  const std::size_t size = s.results.size;
  for (std::int64_t f = group * g.cout_per_group(); f < (group + 1) * g.cout_per_group(); ++f) {
    s.kernels.run(sources, s.weights.data() + f * s.terms, s.terms, run, s.bias[static_cast<std::size_t>(f)], sums);
    const auto* from = reinterpret_cast<const std::byte*>(sums);
    if (s.results.run) {
      s.results(sums, sums + s.band * s.pitch + kSlack, run, f);
      from = reinterpret_cast<const std::byte*>(sums + s.band * s.pitch + kSlack);
    }
    auto* y = static_cast<std::byte*>(args.outputs[0]) +
              static_cast<std::size_t>((((n * g.cout + f) * g.out[0] + depth) * g.out[1] + first) * g.out[2]) * size;
    for (std::int64_t r = 0; r < count; ++r)
      std::memcpy(y + static_cast<std::size_t>(r * g.out[2]) * size,
                  from + static_cast<std::size_t>(r * s.pitch) * size, static_cast<std::size_t>(g.out[2]) * size);
  }
}

void measure_taps(const Problem& p, State& s) {
  s.g = conv_geometry(*p.attributes, p.inputs[0].dims, p.inputs[1].dims, Direction::forward);
  const ConvGeometry& g = s.g;
  s.terms = g.cin_per_group() * g.taps();
  s.planes = g.cin_per_group() * g.kernel[0];
  s.pitch = (g.in[2] + g.pad_begin[2] + g.pad_end[2] + g.stride[2] - 1) / g.stride[2];
}

}  // namespace

std::string refuse_conv_integer_taps(const Problem& p) {
  if (std::string why = refuse_conv_integer(p); !why.empty()) return why;
  const ConvGeometry g = conv_geometry(*p.attributes, p.inputs[0].dims, p.inputs[1].dims, Direction::forward);
  if (g.cout_per_group() > kMostFilters) return "is for groups of few filters";
  if (g.cin_per_group() > kMostTerms || g.taps() > kMostTerms || g.cin_per_group() * g.taps() > kMostTerms)
    return "more terms than floats sum exactly";
  const double row = static_cast<double>(g.in[2] + g.pad_begin[2] + g.pad_end[2] + g.stride[2]),
               rows = static_cast<double>((g.kernel[1] - 1) * g.dilation[1] + 1 + g.stride[1]);
  if (row * rows * static_cast<double>(g.cin_per_group() * g.kernel[0]) > kMostFloats)
    return "rows larger than a cache";
  return {};
}

Launch prepare_conv_integer_taps(const Problem& p, TapKernels kernels, const QuantizationKernels& results) {
  auto state = std::make_shared<State>();
  State& s = *state;
  measure_taps(p, s);
  const ConvGeometry& g = s.g;
  s.kernels = kernels;
  s.results = integer_results(p, results);
  s.is_signed = p.inputs[0].dtype == DataType::int8;
  s.zero = p.inputs.size() > 2 && p.inputs[2].present();
  const std::vector<std::int32_t> zeros = known_numbers(p, 3, g.cout);
  const auto* w = p.inputs[1].constant->as<std::uint8_t>();
  const bool w_signed = p.inputs[1].dtype == DataType::int8;
  for (std::int64_t i = 0; i < g.cout * s.terms; ++i)
    s.weights.push_back(static_cast<float>(byte_number(w[i], w_signed) - zeros[static_cast<std::size_t>(i / s.terms)]));
  s.bias = known_numbers(p, 4, g.cout);
  s.band = g.out[1];
  while (s.band > 1 && s.floats(s.band) > kBandFloats) s.band = (s.band + 1) / 2;
  while (s.band > 4 && g.batch * g.groups * g.out[0] * ((g.out[1] + s.band - 1) / s.band) < 4 * p.workers)
    s.band = (s.band + 1) / 2;
  s.bands = (g.out[1] + s.band - 1) / s.band;
  graph::CpuLaunch launch;
  launch.phases = {{run_tile, g.batch * g.groups * g.out[0] * s.bands}};
  launch.scratch_bytes = static_cast<std::size_t>(s.floats(s.band) + 2 * s.band * s.pitch + 3 * kSlack) * sizeof(float);
  launch.state_bytes = s.weights.size() * sizeof(float);
  launch.unread_inputs = 0b1111010;
  launch.state = std::move(state);
  return launch;
}

}  // namespace vireo::ops
