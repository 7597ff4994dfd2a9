// The first convolution of image networks on tensor cores (first.cl).
#include "engine/graph/packed_weights.h"
#include "engine/ops/conv/hopper.h"
#include "engine/ops/shared/conv_geometry.h"
#include "engine/ops/shared/hopper.h"

namespace vireo::ops {
namespace {

ConvGeometry first_geometry(const Problem& p) {
  return conv_geometry(*p.attributes, p.inputs[0].dims, p.inputs[1].dims, Direction::forward);
}

std::int64_t divide_up(std::int64_t a, std::int64_t b) { return (a + b - 1) / b; }
std::int64_t depth_row(const ConvGeometry& g) { return divide_up(g.kernel[2] * 4, 16) * 16; }

/// Output rows of a tile: few where there would be too few tiles for all multiprocessors.
std::int64_t tile_rows(const Problem& p, const ConvGeometry& g) {
  const std::int64_t rows = g.batch * g.out[1] * divide_up(g.cout, 64);
  return rows >= 8 * p.target->workers ? 4 : rows >= 4 * p.target->workers ? 2 : 1;
}

/// Output pixels of a tile's row: all of a row's where it is short.
std::int64_t segment_of(const ConvGeometry& g) {
  const std::int64_t parts = divide_up(g.out[2], 112);
  return divide_up(divide_up(g.out[2], parts), 16) * 16;
}

std::size_t local_bytes(const ConvGeometry& g, std::int64_t tile) {
  const std::int64_t rows = (tile - 1) * g.stride[1] + g.kernel[1];
  const std::int64_t pixels = ((segment_of(g) - 1) * g.stride[2] + depth_row(g) / 4 + 1) / 2 * 2;
  return static_cast<std::size_t>(rows * pixels * 8 + 64 * (g.kernel[1] * depth_row(g) + 8) * 2);
}

/// [channels, rounded up to 64][window rows][pixels of the window x 4 channels, rounded up to 16].
device::OpenclState first_weights(const Problem& p, const ConvGeometry& g) {
  const std::int64_t row = depth_row(g), depth = g.kernel[1] * row;
  device::OpenclState state;
  state.bytes = static_cast<std::size_t>(divide_up(g.cout, 64) * 64 * depth) * 2;
  auto block = graph::packed(p, "conv_first", DataType::float16, {1}, state.bytes, [&](std::byte* bytes) {
    auto* to = reinterpret_cast<std::uint16_t*>(bytes);
    const auto* from = p.inputs[1].constant->as<std::uint16_t>();
    for (std::int64_t o = 0; o < g.cout; ++o)
      for (std::int64_t c = 0; c < g.cin; ++c)
        for (std::int64_t h = 0; h < g.kernel[1]; ++h)
          for (std::int64_t v = 0; v < g.kernel[2]; ++v)
            to[o * depth + h * row + v * 4 + c] = from[((o * g.cin + c) * g.kernel[1] + h) * g.kernel[2] + v];
  });
  state.data = block.get();
  state.owner = std::move(block);
  return state;
}

}  // namespace

std::string refuse_conv_first(const Problem& p) {
  if (!p.target->opencl.mma) return "needs NVIDIA's tensor cores";
  if (std::string why = refuse_opencl(p, {DataType::float16}); !why.empty()) return why;
  const bool biased = p.inputs.size() > 2 && p.inputs[2].present();
  if (!p.inputs[1].constant || (biased && !p.inputs[2].constant)) return "weights that are not known";
  if (p.inputs.size() > 3 && p.inputs[3].present()) return "a residual";
  const ConvGeometry g = first_geometry(p);
  if (!g.nhwc || g.rank != 2 || g.groups != 1 || g.cin > 4) return "takes channels-last pictures of at most 4 channels";
  if (g.stride[2] % 2 != 0) return "takes even strides";
  if (g.dilation[1] != 1 || g.dilation[2] != 1) return "dilations";
  if (g.cout % 2 != 0 || p.outputs[0].pitch % 2 != 0 || p.outputs[0].alignment < 4) return "pixels at odd places";
  if (local_bytes(g, tile_rows(p, g)) > std::min(p.target->opencl.local_bytes, std::size_t{224} << 10))
    return "a window too large";
  return {};
}

Launch prepare_conv_first(const Problem& p) {
  const ConvGeometry g = first_geometry(p);
  OpenclLaunch launch;
  launch.states = {first_weights(p, g), hopper_bias(p, 2, g.cout)};
  const std::int64_t segments = divide_up(g.out[2], segment_of(g)), rows = tile_rows(p, g),
                     tiles = divide_up(g.out[1], rows), blocks = divide_up(g.cout, 64);
  KernelCall call("conv/first.cl", "conv_first");
  call.before("shared/opencl/mma.cl").define("FAST_FUNCTIONS", 1);
  call.define("KH", g.kernel[1]).define("KW", g.kernel[2]).define("SH", g.stride[1]).define("SW", g.stride[2]);
  call.define("CHANNELS", g.cin).define("TILE_H", rows).define("SEGMENT", segment_of(g));
  call.activation(activation_of(*p.attributes));
  const auto narrow = [](std::int64_t number) { return static_cast<std::int32_t>(number); };
  call.input(0).state(0).state(1).output(0);
  call.value(Int4{{narrow(g.in[1]), narrow(g.in[2]), narrow(p.inputs[0].pitch), narrow(g.batch)}});
  call.value(Int4{{narrow(g.out[1]), narrow(g.out[2]), narrow(p.outputs[0].pitch), narrow(g.cout)}});
  call.value(Int8{{narrow(segments), narrow(tiles), narrow(blocks), narrow(g.pad_begin[2]), narrow(g.pad_begin[1])}});
  // As many groups as run at the same time: each keeps its weights for all of its tiles.
  const std::int64_t together =
      std::max<std::int64_t>(1, static_cast<std::int64_t>((220 << 10) / local_bytes(g, rows)));
  const std::int64_t groups =
      std::min(segments * tiles * g.batch, divide_up(p.target->workers * std::min<std::int64_t>(together, 6), blocks));
  call.group_part(local_bytes(g, rows)).over({groups * blocks * 256, 1, 1}, {256, 1, 1});
  launch.kernels.push_back(call.done());
  launch.unread_inputs = 0b110;
  launch.state_bytes = launch.states[0].bytes + launch.states[1].bytes;
  return launch;
}

double predict_conv_first(const Problem& p) {
  const ConvGeometry g = first_geometry(p);
  const double flops =
      2.0 * static_cast<double>(g.batch * g.out_pixels() * divide_up(g.cout, 64) * 64 * g.kernel[1] * depth_row(g));
  return 4e-6 + flops / 200e12 + static_cast<double>(p.outputs[0].count()) * 2 / 2e12;
}

}  // namespace vireo::ops
