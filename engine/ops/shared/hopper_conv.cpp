#include "engine/ops/shared/hopper_conv.h"

namespace vireo::ops {
namespace {

/// Pixels are used as they lie.
bool is_plain(const ConvGeometry& g) {
  for (std::size_t d = 0; d < 3; ++d)
    if (g.kernel[d] != 1 || g.stride[d] != 1 || g.pad_begin[d] != 0 || g.pad_end[d] != 0) return false;
  return true;
}

std::int64_t chunks_of(const ConvGeometry& g) { return (g.cin + 63) / 64; }

}  // namespace

std::string refuse_hopper_pixels(const ConvGeometry& g) {
  if (!g.nhwc || g.rank != 2) return "takes channels-last pictures";
  if (g.groups != 1) return "takes one group";
  if (g.cin % 8 != 0 || g.cin < 16) return "takes channels in multiples of 8, 16 at least";
  for (std::size_t d = 1; d < 3; ++d) {
    if (g.stride[d] > 8) return "strides beyond 8";
    const std::int64_t reach = (g.kernel[d] - 1) * g.dilation[d];
    if (reach > 127 || g.pad_begin[d] > 127 || g.pad_end[d] > 127) return "a window beyond 128";
    if (g.pad_end[d] < 0 || g.pad_begin[d] < 0) return "negative padding";
  }
  return {};
}

HopperSource hopper_pixels(const ConvGeometry& g, int input, std::int64_t pitch) {
  HopperSource source;
  source.chunks = chunks_of(g);
  source.taps = g.taps();
  device::TensorMap& map = source.map;
  map.index = input;
  const auto bytes = static_cast<std::uint64_t>(pitch) * 2, channels = static_cast<std::uint64_t>(g.cin);
  if (is_plain(g)) {
    map.dims = {channels, static_cast<std::uint64_t>(g.batch * g.out_pixels())};
    map.strides = {bytes};
    map.steps = {1, 1};
  } else {
    const auto width = static_cast<std::uint64_t>(g.in[2]), height = static_cast<std::uint64_t>(g.in[1]);
    map.im2col = true;
    map.dims = {channels, width, height, static_cast<std::uint64_t>(g.batch)};
    map.strides = {bytes, bytes * width, bytes * width * height};
    map.steps = {1, static_cast<std::uint32_t>(g.stride[2]), static_cast<std::uint32_t>(g.stride[1]), 1};
    for (std::size_t i = 0; i < 2; ++i) {
      const std::size_t d = 2 - i;
      map.lower[i] = static_cast<int>(-g.pad_begin[d]);
      map.upper[i] = static_cast<int>(g.pad_end[d] - (g.kernel[d] - 1) * g.dilation[d]);
    }
  }
  const std::int64_t window[8] = {source.chunks,  g.kernel[2],    g.stride[2],   g.stride[1],
                                  g.pad_begin[2], g.pad_begin[1], g.dilation[2], g.dilation[1]};
  for (std::size_t i = 0; i < 8; ++i) source.window[i] = static_cast<std::int32_t>(window[i]);
  return source;
}

std::int64_t hopper_depth(const ConvGeometry& g) { return chunks_of(g) * g.taps(); }

void pack_hopper_weights(const ConvGeometry& g, const std::uint16_t* from, std::uint16_t* to, std::int64_t row) {
  const std::int64_t width = chunks_of(g) * 64, taps = g.taps();
  for (std::int64_t o = 0; o < g.cout; ++o)
    for (std::int64_t c = 0; c < g.cin; ++c)
      for (std::int64_t t = 0; t < taps; ++t) to[o * row + t * width + c] = from[(o * g.cin + c) * taps + t];
}

}  // namespace vireo::ops
