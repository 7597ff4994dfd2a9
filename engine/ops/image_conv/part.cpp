// image_conv as a part of plan kernels (part.cl).
#include <algorithm>
#include <cmath>
#include <limits>

#include "engine/api/half.h"
#include "engine/graph/packed_weights.h"
#include "engine/ops/image_conv/image_conv.h"
#include "engine/ops/shared/hopper.h"
#include "engine/ops/shared/loop_plan.h"

namespace vireo::ops {
namespace {

// As in the plan kernel (device/opencl/plan_text.cpp).
constexpr std::int64_t kSlab = 65536, kSlot = 37376;
constexpr std::int64_t kSegment = 64;  // output pixels of a row that are multiplied together

std::int64_t over(std::int64_t a, std::int64_t b) { return (a + b - 1) / b; }

struct ImagePlan {
  std::int64_t columns = 0, column_tiles = 0;  ///< of a tile: 16, 32, 64
  std::int64_t skipped = 0, before = 0;        ///< pixel of a window's row that has weight 0; pairs before the picture
  std::int64_t steps = 0, pair_stride = 0;     ///< of depth 16 in a window's row
  std::int64_t segments = 0, rows = 0, tiles = 0;  ///< of an output row; of a tile; such tiles
  std::int64_t places = 0;                         ///< of pairs in local memory

  [[nodiscard]] std::int64_t weight_bytes(const ConvGeometry& g) const {
    return g.kernel[1] * steps * columns * 32 + columns * 4;
  }
  [[nodiscard]] std::int64_t pieces(const ConvGeometry& g) const { return g.batch * segments * tiles * column_tiles; }
};

ConvGeometry geometry(const Problem& p) {
  return image_conv_geometry(*p.attributes, p.inputs[0].dims, p.inputs[3].dims).conv;
}

/// rows 0: does not fit.
ImagePlan image_plan(const Problem& p, const ConvGeometry& g) {
  ImagePlan plan;
  plan.columns = g.cout <= 16 ? 16 : g.cout <= 32 ? 32 : 64;
  plan.column_tiles = over(g.cout, plan.columns);
  plan.skipped = g.pad_begin[2] % 2;
  plan.before = (g.pad_begin[2] + plan.skipped) / 2;
  plan.steps = over(g.kernel[2] + plan.skipped, 4);
  plan.pair_stride = g.stride[2] / 2;
  plan.segments = over(g.out[2], kSegment);
  const std::int64_t row = plan.pair_stride * (kSegment + (2 * plan.steps - 1) / plan.pair_stride);
  const double groups = std::max(1, p.target->opencl.resident_groups);
  double least = std::numeric_limits<double>::infinity();
  for (std::int64_t rows = 1; rows <= std::min<std::int64_t>(g.out[1], 64); ++rows) {
    const std::int64_t places = ((rows - 1) * g.stride[1] + g.kernel[1]) * row;
    if (places * 16 > kSlab) break;
    ImagePlan tried = plan;
    tried.rows = rows;
    tried.tiles = over(g.out[1], rows);
    tried.places = places;
    // Loads, then rows of 64 pixels, two at a time.
    const double rounds = std::ceil(static_cast<double>(tried.pieces(g)) / groups);
    const double seconds = rounds * (1.0e-6 + static_cast<double>(places) * 0.5e-9 +
                                     static_cast<double>(over(rows, 2)) *
                                         (0.15e-6 + static_cast<double>(g.kernel[1] * plan.steps) * 20e-9));
    if (seconds >= least) continue;
    least = seconds;
    plan.rows = tried.rows;
    plan.tiles = tried.tiles;
    plan.places = places;
  }
  return plan;
}

/// [column tile]: [window row][step of depth][pair of pixels][column][pixel, channel: 2 x 4], then the columns' bias as
/// floats.
device::OpenclState image_weights(const Problem& p, const ConvGeometry& g, const ImagePlan& plan) {
  const bool biased = p.inputs.size() > 4 && p.inputs[4].present();
  device::OpenclState state;
  const std::int64_t bytes = plan.weight_bytes(g);
  state.bytes = static_cast<std::size_t>(plan.column_tiles * bytes);
  const std::size_t of_bias = biased ? 4 : p.inputs.size();  // packed() knows absent ones
  auto block = graph::packed(p, "image_conv", DataType::float16, {3, of_bias}, state.bytes, [&](std::byte* to) {
    const auto* from = p.inputs[3].constant->as<std::uint16_t>();
    for (std::int64_t column = 0; column < g.cout; ++column) {
      std::byte* tile = to + column / plan.columns * bytes;
      const std::int64_t own = column % plan.columns;
      auto* halfs = reinterpret_cast<std::uint16_t*>(tile);
      auto* floats = reinterpret_cast<float*>(tile + bytes - plan.columns * 4);
      floats[own] = biased ? half_to_float(p.inputs[4].constant->as<std::uint16_t>()[column]) : 0.0f;
      for (std::int64_t c = 0; c < g.cin; ++c)
        for (std::int64_t h = 0; h < g.kernel[1]; ++h)
          for (std::int64_t v = 0; v < g.kernel[2]; ++v) {
            const std::int64_t pixel = v + plan.skipped, pair = h * 2 * plan.steps + pixel / 2;
            halfs[(pair * plan.columns + own) * 8 + pixel % 2 * 4 + c] =
                from[((column * g.cin + c) * g.kernel[1] + h) * g.kernel[2] + v];
          }
    }
  });
  state.data = block.get();
  state.owner = std::move(block);
  return state;
}

}  // namespace

std::string refuse_image_conv_part(const Problem& p) {
  const device::OpenclFacts& facts = p.target->opencl;
  if (facts.resident_groups < 1) return "needs groups that may wait for each other";
  if (!facts.wgmma && facts.resident_groups > 1) return "needs the tensor cores of Hopper GPUs";
  if (std::string why = refuse_opencl(p, {DataType::uint8, DataType::float32, DataType::float16}); !why.empty())
    return why;
  if (!p.attributes->integers("pool").empty()) return "a pool, which is a part of its own";
  if (p.inputs[1].dtype != DataType::float32 || p.inputs[2].dtype != DataType::float32)
    return "takes scales and shifts of float32";
  if (p.inputs[0].dtype == DataType::float16) return "takes images of uint8 and float32";
  if (p.inputs[3].dtype != DataType::float16 || p.outputs[0].dtype != DataType::float16) return "takes float16 weights";
  const bool biased = p.inputs.size() > 4 && p.inputs[4].present();
  if (!p.inputs[3].constant || (biased && !p.inputs[4].constant)) return "weights that are not known";
  if (biased && p.inputs[4].dtype != DataType::float16) return "takes a float16 bias";
  if (p.outputs[0].pitch % 8 != 0 || p.outputs[0].alignment < 16) return "words of 16 bytes at odd places";
  if (!p.inputs[0].dense()) return "takes dense images";
  const ConvGeometry g = geometry(p);
  if (g.groups != 1 || g.cin > 4) return "takes images of at most 4 channels";
  if (g.cout % 8 != 0) return "makes channels in multiples of 8";
  if (g.dilation[1] != 1 || g.dilation[2] != 1) return "dilations";
  if (g.stride[2] != 2 && g.stride[2] % 4 != 0) return "takes strides of 2, 4, 8, …";
  const ImagePlan plan = image_plan(p, g);
  if (plan.rows == 0 || plan.weight_bytes(g) > kSlot || plan.pair_stride > 2 * plan.steps) return "a large window";
  if (!facts.wgmma && plan.places * 16 > static_cast<std::int64_t>(facts.local_bytes / 2)) return "little local memory";
  return {};
}

Launch prepare_image_conv_part(const Problem& p) {
  const ConvGeometry g = geometry(p);
  const ImagePlan plan = image_plan(p, g);
  const Dims strides = strides_of(p.inputs[0]);
  const bool planes = p.attributes->text("image", "nchw") == "nchw";
  OpenclLaunch launch;
  launch.states = {image_weights(p, g, plan)};
  KernelCall call("image_conv/part.cl", "image_conv_part");
  if (p.target->opencl.wgmma) call.before("shared/opencl/hopper.cl").define("COLUMNS", plan.columns);
  else call.before("shared/opencl/words.cl");
  call.before("shared/opencl/part_end.cl").define("FAST_FUNCTIONS", 1).define("RESIDUAL", 0);
  call.define_type("T", p.inputs[0].dtype).define("CHANNELS", g.cin).define("IMAGES", g.batch);
  call.define("WIDTH", g.in[2]).define("HEIGHT", g.in[1]);
  call.define("XS_IMAGE", strides[0]).define("XS_ROW", strides[planes ? 2 : 1]);
  call.define("XS_PIXEL", strides[planes ? 3 : 2]).define("XS_CHANNEL", strides[planes ? 1 : 3]);
  const bool pairs = planes && p.inputs[0].dtype == DataType::float32 && g.in[2] % 2 == 0 && p.inputs[0].alignment >= 8;
  call.define("TOGETHER", pairs ? 2 : 1);
  call.define("OUT_W", g.out[2]).define("OUT_H", g.out[1]).define("Y_PITCH", p.outputs[0].pitch);
  call.define("COUT", g.cout).define("BN", plan.columns).define("KH", g.kernel[1]).define("STEPS", plan.steps);
  call.define("STRIDE_H", g.stride[1]).define("PAD_H", g.pad_begin[1]);
  call.define("PAIR_STRIDE", plan.pair_stride).define("PAIRS_BEFORE", plan.before);
  call.define("TILE_H", plan.rows).define("SEGMENTS", plan.segments);
  call.define("UNITS", plan.columns <= 32 && plan.rows >= 4 ? 2 : 1).activation(activation_of(*p.attributes));
  call.input(0).input(1).input(2).state(0).output(0);
  OpenclKernel kernel = call.done();
  kernel.part = OpenclKernel::Part::resident;
  kernel.hopper = p.target->opencl.wgmma;
  kernel.anywhere = true;
  kernel.local_bytes = static_cast<std::size_t>(plan.places) * 16;
  kernel.pieces = plan.pieces(g);
  if (kernel.hopper)
    kernel.ahead = {0, static_cast<std::uint32_t>(plan.weight_bytes(g)), static_cast<std::uint32_t>(plan.column_tiles),
                    1};
  launch.kernels.push_back(std::move(kernel));
  launch.unread_inputs = 0b11000;
  launch.state_bytes = launch.states[0].bytes;
  launch.marks = true;
  return launch;
}

}  // namespace vireo::ops
