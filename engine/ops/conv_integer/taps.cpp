// Groups of few filters (depthwise), where panels would be mostly empty: the channels of a group become padded rows of
// floats, less their zero point, and each row of results is the sum of its taps. Exact, because a sum of at most
// kMostTerms products of numbers up to 255 stays below 2^24.
#include <algorithm>

#include "engine/ops/conv_integer/kernels.h"
#include "engine/ops/shared/conv_geometry.h"

namespace vireo::ops {
namespace {

constexpr std::int64_t kMostTerms = 257;     // 255 * 255 * 257 < 2^24
constexpr std::int64_t kMostFilters = 4;     // of a group
constexpr std::int64_t kBandFloats = 32768;  // scratch that stays in cache
constexpr std::int64_t kRowSlack = 64;       // read behind rows: a step of the body
constexpr std::int64_t kMostRowFloats = std::int64_t{1} << 26;

struct State {
  ConvGeometry g;
  IntegerTaps run = nullptr;
  std::vector<float> weights;
  std::vector<std::int32_t> bias;
  bool is_signed = false, zero = false;
  std::int64_t terms = 0;
  std::int64_t phases = 1, phase = 0;  ///< a row's columns by their remainder modulo the stride; floats of each
  std::int64_t row = 0;                ///< floats
  std::int64_t band = 1, bands = 1;    ///< rows of results of a tile
};

std::int64_t rows_of_band(const ConvGeometry& g, std::int64_t band) {
  return (band - 1) * g.stride[1] + (g.kernel[1] - 1) * g.dilation[1] + 1;
}

/// A row of input as floats, in phases. Null: a row of padding.
void fill_row(const State& s, const std::uint8_t* from, std::int32_t zero, float* to) {
  std::fill(to, to + s.row, 0.0f);
  if (!from) return;
  const std::int64_t stride = s.g.stride[2], pad = s.g.pad_begin[2];
  if (stride == 1) {
    if (s.is_signed)
      for (std::int64_t i = 0; i < s.g.in[2]; ++i)
        to[pad + i] = static_cast<float>(static_cast<std::int8_t>(from[i]) - zero);
    else
      for (std::int64_t i = 0; i < s.g.in[2]; ++i) to[pad + i] = static_cast<float>(from[i] - zero);
    return;
  }
  std::int64_t phase = pad % stride, place = pad / stride;
  for (std::int64_t i = 0; i < s.g.in[2]; ++i) {
    to[phase * s.phase + place] = static_cast<float>(byte_number(from[i], s.is_signed) - zero);
    if (++phase == stride) phase = 0, ++place;
  }
}

void run_tile(const TileArgs& args) noexcept {
  const auto& s = *static_cast<const State*>(args.state);
  const ConvGeometry& g = s.g;
  const std::int64_t first = args.tile % s.bands * s.band, depth = args.tile / s.bands % g.out[0];
  const std::int64_t group = args.tile / s.bands / g.out[0] % g.groups, n = args.tile / s.bands / g.out[0] / g.groups;
  const std::int64_t count = std::min(s.band, g.out[1] - first), rows = rows_of_band(g, count);
  const std::int32_t zero = s.zero ? byte_number(*static_cast<const std::uint8_t*>(args.inputs[2]), s.is_signed) : 0;
  const auto* x =
      static_cast<const std::uint8_t*>(args.inputs[0]) + (n * g.cin + group * g.cin_per_group()) * g.in_pixels();
  auto* floats = reinterpret_cast<float*>(args.scratch);
  for (std::int64_t c = 0; c < g.cin_per_group(); ++c)
    for (std::int64_t kd = 0; kd < g.kernel[0]; ++kd)
      for (std::int64_t r = 0; r < rows; ++r) {
        const std::int64_t d = depth * g.stride[0] - g.pad_begin[0] + kd * g.dilation[0],
                           h = first * g.stride[1] - g.pad_begin[1] + r;
        const bool inside = d >= 0 && d < g.in[0] && h >= 0 && h < g.in[1];
        fill_row(s, inside ? x + ((c * g.in[0] + d) * g.in[1] + h) * g.in[2] : nullptr, zero,
                 floats + ((c * g.kernel[0] + kd) * rows + r) * s.row);
      }
  const float* sources[kMostTerms];
  for (std::int64_t f = group * g.cout_per_group(); f < (group + 1) * g.cout_per_group(); ++f) {
    auto* y = static_cast<std::int32_t*>(args.outputs[0]) + ((n * g.cout + f) * g.out[0] + depth) * g.out[1] * g.out[2];
    for (std::int64_t r = 0; r < count; ++r) {
      std::int64_t t = 0;
      for (std::int64_t plane = 0; plane < g.cin_per_group() * g.kernel[0]; ++plane)
        for (std::int64_t kh = 0; kh < g.kernel[1]; ++kh)
          for (std::int64_t kw = 0; kw < g.kernel[2]; ++kw) {
            const std::int64_t at = kw * g.dilation[2];
            sources[t++] = floats + (plane * rows + r * g.stride[1] + kh * g.dilation[1]) * s.row +
                           at % s.phases * s.phase + at / s.phases;
          }
      s.run(sources, s.weights.data() + f * s.terms, s.terms, g.out[2], s.bias[static_cast<std::size_t>(f)],
            y + (first + r) * g.out[2]);
    }
  }
}

std::int64_t row_floats(const ConvGeometry& g) {
  const std::int64_t stride = g.stride[2];
  return ((g.in[2] + g.pad_begin[2] + g.pad_end[2]) / stride + 1) * stride + kRowSlack;
}

}  // namespace

std::string refuse_conv_integer_taps(const Problem& p) {
  if (std::string why = refuse_conv_integer(p); !why.empty()) return why;
  const ConvGeometry g = conv_geometry(*p.attributes, p.inputs[0].dims, p.inputs[1].dims, Direction::forward);
  if (g.cout_per_group() > kMostFilters) return "is for groups of few filters";
  if (g.cin_per_group() > kMostTerms || g.taps() > kMostTerms || g.cin_per_group() * g.taps() > kMostTerms)
    return "more terms than floats sum exactly";
  const std::int64_t row = row_floats(g), high = rows_of_band(g, 1);
  if (row > kMostRowFloats || high > kMostRowFloats / row) return "rows larger than a cache";
  return {};
}

Launch prepare_conv_integer_taps(const Problem& p, IntegerTaps run) {
  auto state = std::make_shared<State>();
  State& s = *state;
  s.g = conv_geometry(*p.attributes, p.inputs[0].dims, p.inputs[1].dims, Direction::forward);
  const ConvGeometry& g = s.g;
  s.run = run;
  s.is_signed = p.inputs[0].dtype == DataType::int8;
  s.zero = p.inputs.size() > 2 && p.inputs[2].present();
  s.terms = g.cin_per_group() * g.taps();
  const std::vector<std::int32_t> zeros = known_numbers(p, 3, g.cout);
  const auto* w = p.inputs[1].constant->as<std::uint8_t>();
  const bool w_signed = p.inputs[1].dtype == DataType::int8;
  for (std::int64_t i = 0; i < g.cout * s.terms; ++i)
    s.weights.push_back(static_cast<float>(byte_number(w[i], w_signed) - zeros[static_cast<std::size_t>(i / s.terms)]));
  s.bias = known_numbers(p, 4, g.cout);
  s.phases = g.stride[2];
  s.row = row_floats(g);
  s.phase = (s.row - kRowSlack) / s.phases;
  const std::int64_t planes = g.cin_per_group() * g.kernel[0];
  s.band = g.out[1];
  const auto scratch = [&] { return planes * rows_of_band(g, s.band) * s.row; };
  while (s.band > 1 && scratch() > kBandFloats) s.band = (s.band + 1) / 2;
  while (s.band > 4 && g.batch * g.groups * g.out[0] * ((g.out[1] + s.band - 1) / s.band) < 4 * p.workers)
    s.band = (s.band + 1) / 2;
  s.bands = (g.out[1] + s.band - 1) / s.band;
  graph::CpuLaunch launch;
  launch.phases = {{run_tile, g.batch * g.groups * g.out[0] * s.bands}};
  launch.scratch_bytes = static_cast<std::size_t>(scratch() + kRowSlack) * sizeof(float);
  launch.state_bytes = s.weights.size() * sizeof(float);
  launch.unread_inputs = 0b11010;
  launch.state = std::move(state);
  return launch;
}

}  // namespace vireo::ops
