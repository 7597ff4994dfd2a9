// conv as a product of pixels and filters: 1x1 windows are rows of a matrix as they lie, others are gathered by the
// copy engine (im2col maps).
#include "engine/ops/conv/hopper.h"

#include "engine/graph/packed_weights.h"
#include "engine/ops/shared/conv_geometry.h"
#include "engine/ops/shared/hopper.h"

namespace vireo::ops {
namespace {

ConvGeometry hopper_geometry(const Problem& p) {
  return conv_geometry(*p.attributes, p.inputs[0].dims, p.inputs[1].dims, Direction::forward);
}

bool given(const Problem& p, std::size_t k) { return k < p.inputs.size() && p.inputs[k].present(); }

/// Pixels are used as they lie.
bool is_plain(const ConvGeometry& g) {
  for (std::size_t d = 0; d < 3; ++d)
    if (g.kernel[d] != 1 || g.stride[d] != 1 || g.pad_begin[d] != 0 || g.pad_end[d] != 0) return false;
  return true;
}

std::int64_t chunks_of(const ConvGeometry& g) { return (g.cin + 63) / 64; }

/// [cout][window][channels, rounded up to 64], halfs.
device::OpenclState hopper_weights(const Problem& p, const ConvGeometry& g) {
  const std::int64_t width = chunks_of(g) * 64, taps = g.taps();
  device::OpenclState state;
  state.bytes = static_cast<std::size_t>(g.cout * taps * width) * 2;
  auto block = graph::packed(p, "conv_hopper", DataType::float16, {1}, state.bytes, [&](std::byte* bytes) {
    auto* to = reinterpret_cast<std::uint16_t*>(bytes);
    const auto* from = p.inputs[1].constant->as<std::uint16_t>();
    for (std::int64_t o = 0; o < g.cout; ++o)
      for (std::int64_t c = 0; c < g.cin; ++c)
        for (std::int64_t t = 0; t < taps; ++t) to[(o * taps + t) * width + c] = from[(o * g.cin + c) * taps + t];
  });
  state.data = block.get();
  state.owner = std::move(block);
  return state;
}

}  // namespace

std::string refuse_conv_hopper(const Problem& p, std::size_t tile) {
  if (std::string why = refuse_opencl(p, {DataType::float16}); !why.empty()) return why;
  if (std::string why = refuse_hopper(p, {0, -1}); !why.empty()) return why;
  if (given(p, 3))
    if (std::string why = refuse_hopper(p, {3}); !why.empty()) return why;
  if (!p.inputs[1].constant || (given(p, 2) && !p.inputs[2].constant)) return "weights that are not known";
  const ConvGeometry g = hopper_geometry(p);
  if (!g.nhwc || g.rank != 2) return "takes channels-last pictures";
  if (g.groups != 1) return "takes one group";
  if (g.cin % 8 != 0 || g.cin < 16) return "takes channels in multiples of 8, 16 at least";
  for (std::size_t d = 1; d < 3; ++d) {
    if (g.stride[d] > 8) return "strides beyond 8";
    const std::int64_t reach = (g.kernel[d] - 1) * g.dilation[d];
    if (reach > 127 || g.pad_begin[d] > 127 || g.pad_end[d] > 127) return "a window beyond 128";
    if (g.pad_end[d] < 0 || g.pad_begin[d] < 0) return "negative padding";
  }
  return refuse_split(p, g.batch * g.out_pixels(), g.cout, chunks_of(g) * g.taps(), kHopperTiles[tile]);
}

double predict_conv_hopper(const Problem& p, std::size_t tile) {
  const ConvGeometry g = hopper_geometry(p);
  return hopper_seconds(p, g.batch * g.out_pixels(), g.cout, chunks_of(g) * g.taps(), kHopperTiles[tile]);
}

Launch prepare_conv_hopper(const Problem& p, std::size_t tile) {
  const ConvGeometry g = hopper_geometry(p);
  HopperProduct product;
  product.m = g.batch * g.out_pixels();
  product.n = g.cout;
  product.chunks = chunks_of(g);
  product.taps = g.taps();
  const auto pitch = static_cast<std::uint64_t>(p.inputs[0].pitch) * 2;
  const auto channels = static_cast<std::uint64_t>(g.cin);
  if (is_plain(g)) {
    product.a.dims = {channels, static_cast<std::uint64_t>(product.m)};
    product.a.strides = {pitch};
    product.a.steps = {1, 1};
  } else {
    const auto width = static_cast<std::uint64_t>(g.in[2]), height = static_cast<std::uint64_t>(g.in[1]);
    product.a.im2col = true;
    product.a.dims = {channels, width, height, static_cast<std::uint64_t>(g.batch)};
    product.a.strides = {pitch, pitch * width, pitch * width * height};
    product.a.steps = {1, static_cast<std::uint32_t>(g.stride[2]), static_cast<std::uint32_t>(g.stride[1]), 1};
    for (std::size_t i = 0; i < 2; ++i) {
      const std::size_t d = 2 - i;
      product.a.lower[i] = static_cast<int>(-g.pad_begin[d]);
      product.a.upper[i] = static_cast<int>(g.pad_end[d] - (g.kernel[d] - 1) * g.dilation[d]);
    }
  }
  product.w = hopper_weights(p, g);
  product.bias = hopper_bias(p, 2, g.cout);
  product.y_pitch = p.outputs[0].pitch;
  if (given(p, 3)) {
    product.residual = p.attributes->text("residual", "before") == "before" ? 1 : 2;
    product.residual_input = 3;
    product.residual_width = p.inputs[3].dims.back();
    product.residual_pitch = p.inputs[3].pitch;
  }
  product.activation = activation_of(*p.attributes);
  product.out_width = static_cast<std::int32_t>(g.out[2]);
  product.out_height = static_cast<std::int32_t>(g.out[1]);
  const std::int64_t window[8] = {product.chunks, g.kernel[2],    g.stride[2],   g.stride[1],
                                  g.pad_begin[2], g.pad_begin[1], g.dilation[2], g.dilation[1]};
  for (std::size_t i = 0; i < 8; ++i) product.window[i] = static_cast<std::int32_t>(window[i]);
  OpenclLaunch launch = *hopper_launch(p, product, kHopperTiles[tile]).as<OpenclLaunch>();
  launch.unread_inputs = 0b110;
  return launch;
}

}  // namespace vireo::ops
