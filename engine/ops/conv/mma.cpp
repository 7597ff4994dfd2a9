// conv as a product of pixels and filters whose items gather the pixels of a window themselves.
#include "engine/ops/conv/mma.h"

#include "engine/graph/packed_weights.h"
#include "engine/ops/shared/conv_geometry.h"
#include "engine/ops/shared/hopper.h"

namespace vireo::ops {
namespace {

bool mma_given(const Problem& p, std::size_t k) { return k < p.inputs.size() && p.inputs[k].present(); }

ConvGeometry mma_geometry(const Problem& p) {
  return conv_geometry(*p.attributes, p.inputs[0].dims, p.inputs[1].dims, Direction::forward);
}

std::int64_t mma_channels(const ConvGeometry& g) { return (g.cin + 7) / 8 * 8; }

/// Without what has to be packed.
MmaProduct mma_of(const Problem& p, const ConvGeometry& g) {
  MmaProduct product;
  product.m = g.batch * g.out_pixels();
  product.n = g.cout;
  product.channels = g.cin;
  product.a_pitch = p.inputs[0].pitch;
  for (std::size_t d = 1; d < 3; ++d)  // pixels are used as they lie, or under a window
    product.windowed |= g.kernel[d] != 1 || g.stride[d] != 1 || g.pad_begin[d] != 0 || g.pad_end[d] != 0;
  product.width = g.in[2];
  product.height = g.in[1];
  product.out_width = g.out[2];
  product.out_height = g.out[1];
  const std::int64_t window[8] = {g.kernel[2],    g.kernel[1],    g.stride[2],   g.stride[1],
                                  g.pad_begin[2], g.pad_begin[1], g.dilation[2], g.dilation[1]};
  std::copy(std::begin(window), std::end(window), product.window);
  product.w_pitch = product.w_depth = (product.depth() + 63) / 64 * 64;
  product.y_pitch = p.outputs[0].pitch;
  if (mma_given(p, 3)) {
    product.residual = p.attributes->text("residual", "before") == "before" ? 1 : 2;
    product.residual_input = 3;
    product.residual_width = p.inputs[3].dims.back();
    product.residual_pitch = p.inputs[3].pitch;
  }
  product.activation = activation_of(*p.attributes);
  return product;
}

/// [cout][window][channels, rounded up to 8], a row rounded up to 64, halfs. Where whole slices are channels it is what
/// Hopper's kernels read, and has their name.
device::OpenclState mma_weights(const Problem& p, const ConvGeometry& g, std::int64_t row) {
  const std::int64_t width = mma_channels(g), taps = g.taps();
  device::OpenclState state;
  state.bytes = static_cast<std::size_t>(g.cout * row) * 2;
  const char* layout = g.cin % 64 == 0 ? "conv_hopper" : "conv_mma";
  auto block = graph::packed(p, layout, DataType::float16, {1}, state.bytes, [&](std::byte* bytes) {
    auto* to = reinterpret_cast<std::uint16_t*>(bytes);
    const auto* from = p.inputs[1].constant->as<std::uint16_t>();
    for (std::int64_t o = 0; o < g.cout; ++o)
      for (std::int64_t c = 0; c < g.cin; ++c)
        for (std::int64_t t = 0; t < taps; ++t) to[o * row + t * width + c] = from[(o * g.cin + c) * taps + t];
  });
  state.data = block.get();
  state.owner = std::move(block);
  return state;
}

}  // namespace

std::string refuse_conv_mma(const Problem& p, const MmaTile& tile) {
  if (std::string why = refuse_mma(p, tile); !why.empty()) return why;
  if (std::string why = refuse_opencl(p, {DataType::float16}); !why.empty()) return why;
  if (std::string why = refuse_mma_operand(p.inputs[0]); !why.empty()) return why;
  if (!p.inputs[1].constant || (mma_given(p, 2) && !p.inputs[2].constant)) return "weights that are not known";
  const ConvGeometry g = mma_geometry(p);
  if (!g.nhwc || g.rank != 2) return "takes channels-last pictures";
  if (g.groups != 1) return "takes one group";
  // Places above and left of a window are 16 bits; those of no pixel stay negative under every tap.
  constexpr std::int64_t kMost = 16384;
  for (std::size_t d = 1; d < 3; ++d)
    if (g.in[d] > kMost || g.out[d] * g.stride[d] > kMost || g.kernel[d] * g.dilation[d] > kMost / 2 ||
        g.pad_begin[d] > kMost / 2 || g.pad_begin[d] < 0)
      return "a picture or a window too large";
  return refuse_mma_product(p, mma_of(p, g), tile);
}

double predict_conv_mma(const Problem& p, const MmaTile& tile) {
  return mma_seconds(p, mma_of(p, mma_geometry(p)), tile);
}

Launch prepare_conv_mma(const Problem& p, const MmaTile& tile) {
  const ConvGeometry g = mma_geometry(p);
  MmaProduct product = mma_of(p, g);
  product.w = mma_weights(p, g, product.w_pitch);
  product.bias = hopper_bias(p, 2, g.cout);
  OpenclLaunch launch = *mma_launch(p, product, tile).as<OpenclLaunch>();
  launch.unread_inputs = 0b110;
  return launch;
}

}  // namespace vireo::ops
