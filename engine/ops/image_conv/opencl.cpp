// image_conv on NVIDIA's tensor cores (strips.cl).
#include <algorithm>
#include <limits>

#include "engine/api/half.h"
#include "engine/graph/packed_weights.h"
#include "engine/ops/image_conv/image_conv.h"
#include "engine/ops/shared/hopper.h"
#include "engine/ops/shared/loop_plan.h"

namespace vireo::ops {
namespace {

std::int64_t divide_up(std::int64_t a, std::int64_t b) { return (a + b - 1) / b; }

/// How the kernel is cut for a problem.
struct Cut {
  std::int64_t row_pairs = 0;                 ///< of values, of a row of the window (KP)
  std::int64_t steps = 0, parts = 0;          ///< of 16 in the depth, of 16 pixels in a row
  std::int64_t tiles = 2, channel_warps = 1;  ///< of 8 channels for a warp
  std::int64_t pixel_pairs = 0, pitch = 0;    ///< of a row of the picture, in pairs of pixels, in words
  std::int64_t rows = 0;                      ///< of the convolution at a time; 0: too large for any
  std::int64_t together = 1;                  ///< groups on a multiprocessor
  std::int64_t strips = 1;                    ///< of an image
};

std::size_t local_bytes(const ImageConvGeometry& g, const Cut& cut, std::int64_t rows) {
  const std::int64_t picture = ((rows - 1) * g.conv.stride[1] + g.conv.kernel[1]) * cut.pitch * 4;
  const std::int64_t made = (rows + g.pool - 1) * cut.parts * 16 * (cut.channel_warps * cut.tiles * 16 + 16);
  return static_cast<std::size_t>(2 * picture + made);
}

/// Rows of pixels that an item holds on their way, as values.
std::int64_t held(const ImageConvGeometry& g, const Cut& cut, std::int64_t rows) {
  const std::int64_t units = ((rows - 1) * g.conv.stride[1] + g.conv.kernel[1]) * cut.pixel_pairs;
  return divide_up(units, 256) * 2 * g.conv.cin;
}

/// Each group makes as many strips as any other, or nearly; a strip begins with rows that the one before made too.
std::int64_t strips_of(const ImageConvGeometry& g, std::int64_t rows, std::int64_t workers) {
  std::int64_t best = 1;
  double least = std::numeric_limits<double>::infinity();
  for (std::int64_t strips = 1; strips <= std::min<std::int64_t>(g.height, 4 * workers); ++strips) {
    const std::int64_t made = divide_up(g.height, strips) * g.pool_stride + g.pool - g.pool_stride;
    const double cost = static_cast<double>(divide_up(strips * g.conv.batch, workers)) *
                        (static_cast<double>(divide_up(made, rows)) + 0.5);
    if (cost < least * 0.999) {
      least = cost;
      best = strips;
    }
  }
  return best;
}

Cut cut_of(const Problem& p, const ImageConvGeometry& g) {
  Cut cut;
  const ConvGeometry& c = g.conv;
  cut.row_pairs = divide_up(c.kernel[2] * c.cin, 2);
  cut.steps = divide_up(c.kernel[1] * cut.row_pairs, 8);
  cut.parts = divide_up(c.out[2], 16);
  cut.tiles = c.cout <= 8 ? 1 : 2;
  cut.channel_warps = c.cout <= 16 ? 1 : c.cout <= 32 ? 2 : c.cout <= 64 ? 4 : 8;
  cut.pixel_pairs = divide_up((cut.parts * 16 - 1) * c.stride[2] * c.cin / 2 + cut.row_pairs, c.cin);
  cut.pitch = divide_up(cut.pixel_pairs * c.cin - cut.row_pairs, 32) * 32 + cut.row_pairs;
  // Two groups on a multiprocessor where they fit: one loads while the other multiplies.
  const std::size_t most = std::min(p.target->opencl.local_bytes, std::size_t{224} << 10);
  for (const std::int64_t together : {2, 1})
    for (const std::int64_t rows : {4, 2, 1})
      if (cut.rows == 0 && local_bytes(g, cut, rows) * static_cast<std::size_t>(together) <= most &&
          held(g, cut, rows) <= 80 / together) {
        cut.rows = rows;
        cut.together = together;
      }
  if (cut.rows == 0) return cut;
  cut.strips = strips_of(g, cut.rows, cut.together * std::max(1, p.target->workers));
  return cut;
}

ImageConvGeometry geometry_of(const Problem& p) {
  return image_conv_geometry(*p.attributes, p.inputs[0].dims, p.inputs[3].dims);
}

/// [channels of all warps][pairs, rounded up to 8][2], halfs.
device::OpenclState weights_of(const Problem& p, const ImageConvGeometry& g, const Cut& cut) {
  const ConvGeometry& c = g.conv;
  const std::int64_t depth = cut.steps * 16, channels = cut.channel_warps * cut.tiles * 8;
  device::OpenclState state;
  state.bytes = static_cast<std::size_t>(channels * depth) * 2;
  auto block = graph::packed(p, "image_conv", DataType::float16, {3}, state.bytes, [&](std::byte* bytes) {
    auto* to = reinterpret_cast<std::uint16_t*>(bytes);
    const auto* from = p.inputs[3].constant->as<std::uint16_t>();
    for (std::int64_t o = 0; o < c.cout; ++o)
      for (std::int64_t i = 0; i < c.cin; ++i)
        for (std::int64_t h = 0; h < c.kernel[1]; ++h)
          for (std::int64_t v = 0; v < c.kernel[2]; ++v)
            to[o * depth + h * cut.row_pairs * 2 + v * c.cin + i] =
                from[((o * c.cin + i) * c.kernel[1] + h) * c.kernel[2] + v];
  });
  state.data = block.get();
  state.owner = std::move(block);
  return state;
}

float real_at(const graph::Constant& values, std::int64_t i) {
  return values.dtype == DataType::float16 ? half_to_float(values.as<std::uint16_t>()[i]) : values.as<float>()[i];
}

}  // namespace

device::OpenclState image_conv_factors(const Problem& p, std::int64_t channels) {
  device::OpenclState state;
  state.bytes = static_cast<std::size_t>(2 * channels) * sizeof(float);
  auto block = graph::packed(p, "image_conv_factors", DataType::float32, {1, 2}, state.bytes, [&](std::byte* bytes) {
    auto* to = reinterpret_cast<float*>(bytes);
    for (const std::size_t k : {std::size_t{1}, std::size_t{2}})
      for (std::int64_t i = 0; i < channels; ++i) *to++ = real_at(*p.inputs[k].constant, i);
  });
  state.data = block.get();
  state.owner = std::move(block);
  return state;
}

std::string refuse_image_conv_mma(const Problem& p) {
  if (!p.target->opencl.mma) return "needs NVIDIA's tensor cores";
  if (std::string why = refuse_opencl(p, {DataType::uint8, DataType::float32, DataType::float16}); !why.empty())
    return why;
  const bool biased = p.inputs.size() > 4 && p.inputs[4].present();
  for (const std::size_t k : {std::size_t{1}, std::size_t{2}, std::size_t{3}})
    if (!p.inputs[k].constant) return "scale, shift or weights that are not known";
  if (biased && !p.inputs[4].constant) return "a bias that is not known";
  if (p.inputs[3].dtype != DataType::float16) return "takes weights of float16";
  const ImageConvGeometry g = geometry_of(p);
  if (g.conv.groups != 1 || g.conv.cin > 4) return "takes pictures of at most 4 channels, and one group";
  if (g.conv.dilation[1] != 1 || g.conv.dilation[2] != 1) return "dilations";
  if (g.conv.stride[2] * g.conv.cin % 2 != 0) return "windows that begin at odd places";
  if (g.conv.pad_begin[1] < 0 || g.conv.pad_begin[2] < 0) return "negative padding";
  if (g.pool > 3) return "a window of maxima larger than 3";
  if (g.conv.cout % 8 != 0 || g.conv.cout > 128) return "takes channels in multiples of 8, 128 at most";
  if (p.outputs[0].pitch % 8 != 0 || p.outputs[0].alignment < 16)
    return "pixels at places that are no multiple of 16 bytes";
  const Cut cut = cut_of(p, g);
  if (cut.steps > 14) return "a window too large";
  return cut.rows == 0 ? "rows too long" : "";
}

Launch prepare_image_conv_mma(const Problem& p) {
  const ImageConvGeometry g = geometry_of(p);
  const ConvGeometry& c = g.conv;
  const Cut cut = cut_of(p, g);
  OpenclLaunch launch;
  launch.states = {weights_of(p, g, cut), hopper_bias(p, 4, c.cout), image_conv_factors(p, c.cin)};
  KernelCall call("image_conv/strips.cl", "image_conv");
  call.before("shared/opencl/mma.cl").define("FAST_FUNCTIONS", 1);
  const DataType type = p.inputs[0].dtype;
  call.define_type("X", type);
  call.define_text("RAW", type == DataType::uint8 ? "uchar" : type == DataType::float16 ? "ushort" : "float");
  call.define("CHANNELS", c.cin).define("KH", c.kernel[1]).define("KW", c.kernel[2]);
  call.define("SH", c.stride[1]).define("SW", c.stride[2]).define("KP", cut.row_pairs).define("STEPS", cut.steps);
  call.define("PARTS", cut.parts).define("ROWS", cut.rows).define("ROW_PAIRS", cut.pixel_pairs);
  call.define("PITCH", cut.pitch).define("CHANNEL_WARPS", cut.channel_warps).define("NT", cut.tiles);
  call.define("CHUNKS", c.cout / 8).define("WIDTH", g.width).define("POOL_K", g.pool).define("POOL_S", g.pool_stride);
  call.define("POOL_P", g.pool_pad).activation(activation_of(*p.attributes));
  const auto four = [](std::int64_t a, std::int64_t b, std::int64_t e, std::int64_t d) {
    return Int4{{static_cast<std::int32_t>(a), static_cast<std::int32_t>(b), static_cast<std::int32_t>(e),
                 static_cast<std::int32_t>(d)}};
  };
  const Dims xs = strides_of(p.inputs[0]);
  call.input(0).state(0).state(1).state(2).output(0);
  call.value(four(c.in[1], c.in[2], c.batch, cut.strips));
  call.value(g.planes ? four(xs[0], xs[2], xs[3], xs[1]) : four(xs[0], xs[1], xs[2], xs[3]));
  call.value(four(c.out[1], c.out[2], c.pad_begin[1], c.pad_begin[2]));
  call.value(four(g.height, g.width, p.outputs[0].pitch, c.cout));
  const std::int64_t groups =
      std::min<std::int64_t>(c.batch * cut.strips, cut.together * std::max(1, p.target->workers));
  call.over({groups * 256, 1, 1}, {256, 1, 1});
  OpenclKernel kernel = call.done();
  if (cut.together == 2 && p.target->opencl.wgmma) {
    kernel.hopper = true;  // for the limit on registers
    kernel.most_registers = 128;
  }
  launch.kernels.push_back(std::move(kernel));
  launch.unread_inputs = 0b11110;
  for (const device::OpenclState& state : launch.states) launch.state_bytes += state.bytes;
  return launch;
}

double predict_image_conv_mma(const Problem& p) {
  const ImageConvGeometry g = geometry_of(p);
  const Cut cut = cut_of(p, g);
  const double flops = 2.0 * static_cast<double>(g.conv.batch * g.conv.out_pixels() * cut.steps * 16) *
                       static_cast<double>(cut.channel_warps * cut.tiles * 8);
  const double launch = p.target->opencl.resident_groups > 0 ? 10e-6 : 5e-6;  // among plan kernels it cuts one in two
  return launch + flops / 250e12 + static_cast<double>(p.outputs[0].count() * 2 + p.inputs[0].count() * 4) / 2e12;
}

}  // namespace vireo::ops
