// Convolutions whose windows don't overlap, as those that begin vision transformers, on Hopper's tensor cores: the
// windows are written out as rows of a matrix (patches.cl), then multiplied.
#include <limits>

#include "engine/graph/packed_weights.h"
#include "engine/ops/conv/hopper.h"
#include "engine/ops/shared/conv_geometry.h"
#include "engine/ops/shared/hopper.h"

namespace vireo::ops {
namespace {

ConvGeometry patch_geometry(const Problem& p) {
  return conv_geometry(*p.attributes, p.inputs[0].dims, p.inputs[1].dims, Direction::forward);
}

std::int64_t patch_depth(const ConvGeometry& g) { return g.taps() * g.cin; }
std::int64_t patch_pitch(const ConvGeometry& g) { return (patch_depth(g) + 7) / 8 * 8; }

const HopperTile& best_tile(const Problem& p, const ConvGeometry& g) {
  const HopperTile* best = nullptr;
  double least = std::numeric_limits<double>::infinity();
  for (const HopperTile& tile : kHopperTiles) {
    const std::int64_t pixels = g.batch * g.out_pixels(), depth = (patch_depth(g) + 63) / 64;
    if (tile.split > 1 || !refuse_split(p, pixels, g.cout, depth, tile).empty()) continue;
    const double seconds = hopper_seconds(p, pixels, g.cout, depth, tile);
    if (seconds < least) {
      least = seconds;
      best = &tile;
    }
  }
  return *best;
}

/// [cout][window rows, pixels, channels; rounded up to 64], halfs.
device::OpenclState patch_weights(const Problem& p, const ConvGeometry& g) {
  const std::int64_t width = (patch_depth(g) + 63) / 64 * 64, taps = g.taps();
  device::OpenclState state;
  state.bytes = static_cast<std::size_t>(g.cout * width) * 2;
  auto block = graph::packed(p, "conv_patches", DataType::float16, {1}, state.bytes, [&](std::byte* bytes) {
    auto* to = reinterpret_cast<std::uint16_t*>(bytes);
    const auto* from = p.inputs[1].constant->as<std::uint16_t>();
    for (std::int64_t o = 0; o < g.cout; ++o)
      for (std::int64_t c = 0; c < g.cin; ++c)
        for (std::int64_t t = 0; t < taps; ++t) to[o * width + t * g.cin + c] = from[(o * g.cin + c) * taps + t];
  });
  state.data = block.get();
  state.owner = std::move(block);
  return state;
}

}  // namespace

std::string refuse_conv_patches(const Problem& p) {
  if (std::string why = refuse_opencl(p, {DataType::float16}); !why.empty()) return why;
  if (std::string why = refuse_hopper(p, {-1}); !why.empty()) return why;
  const bool biased = p.inputs.size() > 2 && p.inputs[2].present();
  if (!p.inputs[1].constant || (biased && !p.inputs[2].constant)) return "weights that are not known";
  if (p.inputs.size() > 3 && p.inputs[3].present()) return "a residual";
  const ConvGeometry g = patch_geometry(p);
  if (!g.nhwc || g.rank != 2 || g.groups != 1 || !p.inputs[0].dense()) return "takes dense channels-last pictures";
  for (std::size_t d = 1; d < 3; ++d)
    if (g.stride[d] != g.kernel[d] || g.dilation[d] != 1 || g.pad_begin[d] != 0 || g.pad_end[d] != 0)
      return "windows overlap, or reach beyond the picture";
  if (g.taps() == 1) return "a window of one pixel";
  return patch_depth(g) < 16 ? "a short sum" : "";
}

Launch prepare_conv_patches(const Problem& p) {
  const ConvGeometry g = patch_geometry(p);
  HopperProduct product;
  product.m = g.batch * g.out_pixels();
  product.n = g.cout;
  product.a.chunks = (patch_depth(g) + 63) / 64;
  product.a.map.of = device::OpenclArgument::Kind::workspace;
  product.a.map.dims = {static_cast<std::uint64_t>(patch_depth(g)), static_cast<std::uint64_t>(product.m)};
  product.a.map.strides = {static_cast<std::uint64_t>(patch_pitch(g)) * 2};
  product.a.map.steps = {1, 1};
  product.w = patch_weights(p, g);
  product.bias = hopper_bias(p, 2, g.cout);
  product.y_pitch = p.outputs[0].pitch;
  product.activation = activation_of(*p.attributes);
  product.workspace = static_cast<std::size_t>(product.m * patch_pitch(g)) * 2;
  OpenclLaunch launch = *hopper_launch(p, product, best_tile(p, g)).as<OpenclLaunch>();
  launch.unread_inputs = 0b110;

  const std::int64_t run = g.kernel[2] * g.cin, row = g.in[2] * g.cin;
  const bool wide = run % 8 == 0 && row % 8 == 0 && patch_pitch(g) % 8 == 0 && p.inputs[0].alignment >= 16;
  const std::int64_t count = product.m * g.kernel[1] * run / (wide ? 8 : 1);
  const auto narrow = [](std::int64_t number) { return static_cast<std::int32_t>(number); };
  KernelCall call("conv/patches.cl", "conv_patches");
  call.define("WIDE", wide ? 8 : 1).input(0).workspace().integer(count);
  call.value(Int2{{narrow(g.out[2]), narrow(g.out[1])}}).value(Int2{{narrow(g.kernel[1]), narrow(run)}});
  call.value(Int4{{narrow(row), narrow(row * g.in[1]), narrow(g.stride[1]), 0}}).integer(patch_pitch(g));
  call.over({count, 1, 1}, {128, 1, 1});
  launch.kernels.insert(launch.kernels.begin(), call.done());
  return launch;
}

double predict_conv_patches(const Problem& p) {
  const ConvGeometry g = patch_geometry(p);
  const std::int64_t m = g.batch * g.out_pixels();
  return 4e-6 + static_cast<double>(m * patch_depth(g)) * 4 / 2e12 +
         hopper_seconds(p, m, g.cout, (patch_depth(g) + 63) / 64, best_tile(p, g));
}

}  // namespace vireo::ops
