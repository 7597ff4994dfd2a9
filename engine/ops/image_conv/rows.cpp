// image_conv with windows of maxima on Hopper's tensor cores (rows.cl).
#include <algorithm>
#include <limits>

#include "engine/api/half.h"
#include "engine/graph/packed_weights.h"
#include "engine/ops/image_conv/image_conv.h"
#include "engine/ops/shared/hopper.h"
#include "engine/ops/shared/loop_plan.h"

namespace vireo::ops {
namespace {

constexpr std::int64_t kFilters = 64, kPixels = 112, kGroups = 2;  // of a product; groups on a multiprocessor

std::int64_t parts_in(std::int64_t a, std::int64_t b) { return (a + b - 1) / b; }

struct RowsCut {
  std::int64_t skipped = 0, before = 0;  ///< pixel of a window's row that has weight 0; pairs before the picture
  std::int64_t steps = 0, batches = 0;   ///< of depth 16 in a window's row, in the ring
  std::int64_t segments = 1, strips = 1;
  double rows = 0;  ///< of the convolution that a group makes, one behind the other
};

RowsCut rows_cut(const Problem& p, const ImageConvGeometry& g) {
  RowsCut cut;
  const ConvGeometry& c = g.conv;
  cut.skipped = c.pad_begin[2] % 2;
  cut.before = (c.pad_begin[2] + cut.skipped) / 2;
  cut.steps = parts_in(c.kernel[2] + cut.skipped, 4);
  const std::int64_t batch_rows = 2 * c.stride[1];
  cut.batches = (c.stride[1] + c.kernel[1] - 1) / batch_rows + 3;  // those of a row, and two on their way
  cut.segments = g.width <= kPixels / 2 ? 1 : parts_in(g.width - 1, kPixels / 2 - 1);
  const std::int64_t groups = kGroups * std::max(1, p.target->workers);
  double least = std::numeric_limits<double>::infinity();
  for (std::int64_t strips = 1; strips <= std::min<std::int64_t>(g.height, 4 * groups); ++strips) {
    // A strip begins with a row that the one before made too, and with waiting for the picture.
    const double rows = static_cast<double>(parts_in(strips * cut.segments * c.batch, groups)) *
                        static_cast<double>(2 * parts_in(g.height, strips) + 3);
    if (rows >= least * 0.999) continue;
    least = rows;
    cut.strips = strips;
    cut.rows = rows;
  }
  return cut;
}

std::size_t rows_local_bytes(const ConvGeometry& g, const RowsCut& cut) {
  const std::int64_t words =
      g.kernel[1] * cut.steps * 128 + cut.batches * 2 * g.stride[1] * (kPixels + 2 * cut.steps - 1);
  return static_cast<std::size_t>(words * 16 + kPixels * 144 + 1024);
}

ImageConvGeometry rows_geometry(const Problem& p) {
  return image_conv_geometry(*p.attributes, p.inputs[0].dims, p.inputs[3].dims);
}

/// [window row][step][pair of pixels][filter][pixel, channel: 2 x 4], halfs.
device::OpenclState rows_weights(const Problem& p, const ConvGeometry& g, const RowsCut& cut) {
  device::OpenclState state;
  state.bytes = static_cast<std::size_t>(g.kernel[1] * cut.steps * 2 * kFilters * 16);
  auto block = graph::packed(p, "image_conv_rows", DataType::float16, {3}, state.bytes, [&](std::byte* bytes) {
    auto* to = reinterpret_cast<std::uint16_t*>(bytes);
    const auto* from = p.inputs[3].constant->as<std::uint16_t>();
    for (std::int64_t o = 0; o < g.cout; ++o)
      for (std::int64_t c = 0; c < g.cin; ++c)
        for (std::int64_t h = 0; h < g.kernel[1]; ++h)
          for (std::int64_t v = 0; v < g.kernel[2]; ++v) {
            const std::int64_t pixel = v + cut.skipped, pair = h * 2 * cut.steps + pixel / 2;
            to[(pair * kFilters + o) * 8 + pixel % 2 * 4 + c] =
                from[((o * g.cin + c) * g.kernel[1] + h) * g.kernel[2] + v];
          }
  });
  state.data = block.get();
  state.owner = std::move(block);
  return state;
}

}  // namespace

std::string refuse_image_conv_rows(const Problem& p) {
  if (!p.target->opencl.wgmma) return "needs the tensor cores of Hopper GPUs";
  if (std::string why = refuse_image_conv_mma(p); !why.empty()) return why;  // the same tensors
  const ImageConvGeometry g = rows_geometry(p);
  if (g.pool != 3 || g.pool_stride != 2 || g.pool_pad != 1) return "takes maxima of 3x3, stride 2, padding 1";
  if (g.conv.stride[2] != 2) return "takes windows 2 pixels apart";
  if (g.conv.cout > kFilters) return "takes at most 64 filters";
  // Every window of maxima begins and ends with rows that there are, or at a border.
  if (g.height != (g.conv.out[1] + 1) / 2 || g.width != (g.conv.out[2] + 1) / 2) return "maxima beyond the border";
  const RowsCut cut = rows_cut(p, g);
  if (2 * rows_local_bytes(g.conv, cut) > std::min(p.target->opencl.local_bytes, std::size_t{224} << 10))
    return "a window too large";
  return {};
}

double predict_image_conv_rows(const Problem& p) {
  const ImageConvGeometry g = rows_geometry(p);
  const RowsCut cut = rows_cut(p, g);
  const double clocks = kGroups * static_cast<double>(kPixels / 2 * g.conv.kernel[1] * cut.steps) + 300;
  const double launch = p.target->opencl.resident_groups > 0 ? 10e-6 : 5e-6;  // among plan kernels it cuts one in two
  return launch + 2e-6 + cut.rows * clocks / 1.7e9;
}

Launch prepare_image_conv_rows(const Problem& p) {
  const ImageConvGeometry g = rows_geometry(p);
  const ConvGeometry& c = g.conv;
  const RowsCut cut = rows_cut(p, g);
  OpenclLaunch launch;
  launch.states = {rows_weights(p, c, cut), hopper_bias(p, 4, c.cout), image_conv_factors(p, c.cin)};
  KernelCall call("image_conv/rows.cl", "image_conv_rows");
  call.before("shared/opencl/hopper.cl").define("COLUMNS", 0).define("FAST_FUNCTIONS", 1);
  const Dims xs = strides_of(p.inputs[0]);
  const bool pairs = g.planes && p.inputs[0].dtype == DataType::float32 && c.in[2] % 2 == 0 && xs[1] % 2 == 0 &&
                     xs[2] % 2 == 0 && xs[0] % 2 == 0 && p.inputs[0].alignment >= 8;
  call.define_type("T", p.inputs[0].dtype).define("CHANNELS", c.cin).define("TOGETHER", pairs ? 2 : 1);
  call.define("KH", c.kernel[1]).define("STEPS", cut.steps).define("SH", c.stride[1]).define("BATCHES", cut.batches);
  const ActivationSpec activation = activation_of(*p.attributes);
  call.define("RELU_LAST", activation.kind == Activation::relu ? 1 : 0);
  call.define("CHUNKS", c.cout / 8).activation(activation);
  const auto four = [](std::int64_t a, std::int64_t b, std::int64_t e, std::int64_t d) {
    return Int4{{static_cast<std::int32_t>(a), static_cast<std::int32_t>(b), static_cast<std::int32_t>(e),
                 static_cast<std::int32_t>(d)}};
  };
  call.input(0).state(0).state(1).state(2).output(0);
  call.value(four(c.in[1], c.in[2], c.batch, cut.strips));
  call.value(g.planes ? four(xs[0], xs[2], xs[3], xs[1]) : four(xs[0], xs[1], xs[2], xs[3]));
  call.value(four(c.out[1], c.out[2], c.pad_begin[1], cut.segments));
  call.value(four(g.height, g.width, p.outputs[0].pitch, cut.before));
  const std::int64_t groups =
      std::min<std::int64_t>(c.batch * cut.segments * cut.strips, kGroups * std::max(1, p.target->workers));
  call.over({groups * 256, 1, 1}, {256, 1, 1});
  OpenclKernel kernel = call.done();
  kernel.hopper = true;
  kernel.most_registers = 128;
  launch.kernels.push_back(std::move(kernel));
  launch.unread_inputs = 0b11110;
  for (const device::OpenclState& state : launch.states) launch.state_bytes += state.bytes;
  return launch;
}

}  // namespace vireo::ops
