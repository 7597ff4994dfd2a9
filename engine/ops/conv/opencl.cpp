// conv on OpenCL devices: the families that are its own, products through local memory and depthwise.
#include <algorithm>

#include "engine/ops/conv/conv.h"
#include "engine/ops/shared/conv_opencl.h"
#include "engine/ops/shared/opencl_maps.h"

namespace vireo::ops {
namespace {

constexpr Direction kForward = Direction::forward;

/// A tile of conv/gemm.cl.
struct GemmTile {
  std::int64_t pixels, channels, item_pixels, item_channels;
  double rate;  ///< of the device's best, where tiles abound
};
constexpr std::int64_t kTerms = 16;
constexpr GemmTile kTiles[] = {
    {128, 128, 8, 8, 0.55}, {128, 64, 8, 4, 0.45}, {64, 64, 4, 4, 0.35}, {128, 32, 4, 4, 0.33}, {32, 32, 4, 4, 0.15}};

struct GemmShape {
  GemmTile tile{};
  bool quad = false;
  std::int64_t pixels = 0, pixel_tiles = 0, channel_tiles = 0, steps = 0;
  std::int64_t parts = 1, part_steps = 0;
  double seconds = 1e300;
};

std::int32_t narrow(std::int64_t value) { return static_cast<std::int32_t>(value); }

std::int64_t blocks_of(std::int64_t extent, std::int64_t of) { return (extent + of - 1) / of; }

/// The tile, and in how many parts the sums are cut, that should take least time.
GemmShape gemm_shape(const Problem& p, const OpenclConv& c) {
  GemmShape best;
  const ConvGeometry& g = c.g;
  const auto units = static_cast<double>(p.target->workers);
  for (const GemmTile& tile : kTiles) {
    // Processors have other kernels to be fast; here they need few programs.
    if (p.target->opencl.on_processor && tile.channels != (g.cout_per_group() > 32 ? 64 : 32)) continue;
    if (p.target->opencl.on_processor && tile.pixels + tile.channels > 128) continue;
    GemmShape s{.tile = tile, .quad = g.cin_per_group() % 4 == 0, .pixels = g.batch * g.out_pixels()};
    s.pixel_tiles = blocks_of(s.pixels, tile.pixels);
    s.channel_tiles = blocks_of(g.cout_per_group(), tile.channels);
    s.steps = blocks_of(g.taps() * g.cin_per_group(), kTerms);
    for (std::int64_t parts = 1; parts <= 32 && parts * 4 <= std::max<std::int64_t>(s.steps, 4); parts *= 2) {
      s.part_steps = blocks_of(s.steps, parts);
      s.parts = blocks_of(s.steps, s.part_steps);
      if (s.parts > 1 && static_cast<double>(s.parts * s.pixels * g.cout) > 1 << 26) break;
      const auto groups = static_cast<double>(s.pixel_tiles * s.channel_tiles * g.groups * s.parts);
      // A compute unit reaches its rate with two groups; alone a group has half of it.
      const double rate = tile.rate * (s.quad ? 1 : 0.6) * opencl_flops(*p.target) / units;
      const double work = 2.0 * static_cast<double>(tile.pixels * tile.channels * kTerms * s.part_steps);
      const double rounds = groups <= units ? 0.7 : std::max(1.0, groups / (2 * units));
      s.seconds = 5e-6 + 2 * work / rate * rounds;
      if (s.parts > 1) s.seconds += 4e-6 + static_cast<double>(s.parts * s.pixels * g.cout) * 8 / (2e10 * units);
      if (s.seconds < best.seconds) best = s;
    }
  }
  return best;
}

void three_strides(KernelCall& call, const OpenclConv& c, const GemmShape& s) {
  conv_shape_arguments(call, c);
  call.value(Int4{{static_cast<std::int32_t>(s.channel_tiles), static_cast<std::int32_t>(s.parts),
                   static_cast<std::int32_t>(s.part_steps), 0}});
  call.integer(conv_flags(c));
}

struct DepthwiseShape {
  MapItems items;
  bool known = false;  ///< the compiler knows the window
};

DepthwiseShape depthwise_shape(const Problem& p, const OpenclConv& c) {
  DepthwiseShape s;
  const ConvGeometry& g = c.g;
  const bool processor = p.target->opencl.on_processor;
  s.known = g.dilation[1] == 1 && g.dilation[2] == 1;
  for (const std::size_t axis : {1, 2}) s.known = s.known && g.kernel[axis] <= 7 && g.stride[axis] <= 2;
  s.items.vector = map_vector(p, g.cout);
  // On a GPU two rows cost more in registers than the loads that they spare (1.5 times the time on an H200), and so do
  // more than two pixels where windows overlap less.
  s.items.pixels = s.known && g.kernel[2] <= 5 && (processor || g.stride[2] == 1) ? 4 : 2;
  s.items.rows = processor && s.known && g.kernel[1] == 3 ? 2 : 1;
  s.items.pixels = std::min(s.items.pixels, g.out[2]);
  s.items.rows = std::min(s.items.rows, g.out[1]);
  spread_map(p, s.items, g.batch, g.out[1], g.out[2], g.cout);
  return s;
}

}  // namespace

std::string refuse_conv_any_opencl(const Problem& p) { return refuse_conv_opencl(p, kForward); }
Launch prepare_conv_any_opencl(const Problem& p) { return prepare_conv_any_opencl(p, kForward); }
double predict_conv_any_opencl(const Problem& p) { return predict_conv_any_opencl(p, kForward); }
std::string refuse_conv_direct_opencl(const Problem& p) { return refuse_conv_direct_opencl(p, kForward); }
Launch prepare_conv_direct_opencl(const Problem& p) { return prepare_conv_direct_opencl(p, kForward); }
double predict_conv_direct_opencl(const Problem& p) { return predict_conv_direct_opencl(p, kForward); }

std::string refuse_conv_gemm_opencl(const Problem& p) {
  // Local memory is no faster than the rest there. What is left is for tests, which few programs keep short.
  const Activation kind = activation_of(*p.attributes).kind;
  if (p.target->opencl.on_processor && kind != Activation::none && kind != Activation::relu)
    return "on processors it has no activation but relu";
  if (p.attributes->text("layout", "nchw") != "nhwc") return "the layout is nchw";
  if (std::string why = refuse_packed_conv_opencl(p, kForward); !why.empty()) return why;
  if (p.target->opencl.most_items < 256) return "the device has no work-groups of 256 items";
  if (p.target->opencl.local_bytes < 20 << 10) return "the device has less than 20 KB of local memory";
  return {};
}

double predict_conv_gemm_opencl(const Problem& p) {
  const OpenclConv c = read_conv_opencl(p, kForward);
  const double seconds = gemm_shape(p, c).seconds;
  return p.target->opencl.on_processor ? 20 * seconds : seconds;
}

Launch prepare_conv_gemm_opencl(const Problem& p) {
  const OpenclConv c = read_conv_opencl(p, kForward);
  const GemmShape s = gemm_shape(p, c);
  const DataType type = p.outputs[0].dtype;
  OpenclLaunch launch;
  pack_conv_opencl(launch, p, c, kTerms, s.tile.channels, Panels::many);
  KernelCall call("conv/gemm.cl", "conv_gemm");
  call.define_type("T", type).define("BM", s.tile.pixels).define("BN", s.tile.channels).define("BK", kTerms);
  call.define("TM", s.tile.item_pixels).define("TN", s.tile.item_channels);
  call.define("UNROLL", p.target->opencl.on_processor ? 1 : kTerms);
  if (s.quad) call.define("QUAD", 1);
  if (s.parts > 1) call.define("PARTS", 1);
  else call.activation(c.activation);
  const int residual = c.residual ? 3 : 0;
  call.input(0).state(0).state(1).input(residual);
  if (s.parts > 1) call.workspace();
  else call.output(0);
  three_strides(call, c, s);
  const std::int64_t items = s.tile.pixels / s.tile.item_pixels * (s.tile.channels / s.tile.item_channels);
  call.over({s.pixel_tiles * s.channel_tiles * items, s.parts, c.g.groups}, {static_cast<std::size_t>(items), 1, 1});
  launch.kernels.push_back(call.done());
  if (s.parts == 1) return launch;
  launch.workspace_bytes = static_cast<std::size_t>(s.parts * s.pixels * c.g.cout) * sizeof(float);
  KernelCall finish("conv/gemm.cl", "conv_gemm_finish");
  finish.define("FINISH", 1).define_type("T", type).activation(c.activation);
  finish.workspace().state(1).input(residual).output(0);
  finish.value(Int4{{narrow(c.g.cout), narrow(s.pixels), narrow(s.parts), conv_flags(c)}});
  finish.value(Int4{{narrow(c.y.space[2]), narrow(c.r.space[2]), narrow(c.residual_channels),
                     narrow(s.channel_tiles * s.tile.channels)}});
  finish.integer(c.g.cout_per_group());
  finish.over({s.pixels * c.g.cout, 1, 1}, {128, 1, 1});
  launch.kernels.push_back(finish.done());
  return launch;
}

std::string refuse_conv_depthwise_opencl(const Problem& p) {
  if (p.attributes->text("layout", "nchw") != "nhwc") return "the layout is nchw";
  if (p.inputs[0].dims.size() > 4) return "three spatial axes";
  if (std::string why = refuse_packed_conv_opencl(p, kForward); !why.empty()) return why;
  if (std::string why = refuse_narrow_residual(p); !why.empty()) return why;
  const ConvGeometry g = conv_geometry(*p.attributes, p.inputs[0].dims, p.inputs[1].dims, kForward);
  return g.groups != g.cin || g.cout != g.cin ? "not depthwise with one output for each channel" : "";
}

double predict_conv_depthwise_opencl(const Problem& p) {
  const OpenclConv c = read_conv_opencl(p, kForward);
  const DepthwiseShape s = depthwise_shape(p, c);
  const double share = (s.known ? 0.2 : 0.08) * (s.items.vector == 1 ? 0.4 : 1);
  const double computing = c.flops() / (share * opencl_flops(*p.target));
  if (p.target->opencl.on_processor) return 4e-6 + computing;
  const auto moved =
      static_cast<double>(p.inputs[0].count() + p.outputs[0].count());  // at about 20 GB/s a compute unit
  return 4e-6 +
         std::max(computing, moved * static_cast<double>(size_of(p.outputs[0].dtype)) / (2e10 * p.target->workers));
}

Launch prepare_conv_depthwise_opencl(const Problem& p) {
  const OpenclConv c = read_conv_opencl(p, kForward);
  const DepthwiseShape s = depthwise_shape(p, c);
  // As one group of so many outputs, its weights are [tap][channel].
  OpenclConv packed = c;
  packed.g.groups = 1;
  packed.g.cin = 1;
  OpenclLaunch launch;
  pack_conv_opencl(launch, p, packed, 1, s.items.vector, Panels::one);
  KernelCall call("conv/depthwise.cl", "conv_depthwise");
  call.define_type("T", p.outputs[0].dtype).activation(c.activation);
  call.before("shared/opencl/maps.cl").define("VECTOR", s.items.vector);
  call.define("PIXELS", s.items.pixels).define("ROWS", s.items.rows);
  if (maps_aligned(p, s.items.vector)) call.define("ALIGNED", 1);
  if (s.known) {
    call.define("KERNEL_H", c.g.kernel[1]).define("KERNEL_W", c.g.kernel[2]);
    call.define("STRIDE_H", c.g.stride[1]).define("STRIDE_W", c.g.stride[2]);
  }
  call.input(0).state(0).state(1).input(c.residual ? 3 : 0).output(0);
  conv_shape_arguments(call, c);
  add_map(call, p, s.items, c.g.batch, c.g.out[1], c.g.out[2], c.g.cout);
  call.integer(conv_flags(c));
  launch.kernels.push_back(call.done());
  return launch;
}

}  // namespace vireo::ops
