// conv with few filters: pixels are loaded once for all places of the window (window.cl, which says what positions
// are).
#include <algorithm>
#include <cstdint>

#include "engine/ops/conv/hopper.h"

namespace vireo::ops {
namespace {

constexpr std::int64_t kRows = 128, kColumns = 64, kMemory = 229'376;

std::int64_t parts_of(std::int64_t a, std::int64_t b) { return (a + b - 1) / b; }

struct Positions {
  std::int64_t wide = 0, high = 0, reach = 0, count = 0;
  std::int64_t box = 0, slabs = 0, slab_bytes = 0;
};

/// Boxes are divisors of a row: small ones bring little that isn't needed, tiny ones are many copies.
std::int64_t box_of(std::int64_t wide) {
  for (std::int64_t box = 8; box < wide; ++box)
    if (wide % box == 0) return box;
  return wide;
}

Positions positions_of(const ConvGeometry& g) {
  Positions at;
  const auto least = [&](std::size_t d) {
    return std::max({g.in[d] + std::max(g.pad_begin[d], g.pad_end[d]), g.out[d], std::int64_t{2}});
  };
  at.wide = least(2);
  at.high = least(1);
  for (std::int64_t more = 1; more <= 3 && box_of(at.wide) > 40; ++more)  // rows of a prime number
    if (box_of(least(2) + more) <= 40) at.wide = least(2) + more;
  at.box = box_of(at.wide);
  at.reach = (g.kernel[1] - 1) * g.dilation[1] * at.wide + (g.kernel[2] - 1) * g.dilation[2];
  at.count = g.batch * at.high * at.wide;
  at.slab_bytes = parts_of(((at.box - 1 + kRows - 1 + at.reach) / at.box + 1) * at.box * 128, 1024) * 1024;
  const std::int64_t chunks = parts_of(g.cin, 64);
  const std::int64_t left = kMemory - 2 * kRows * kColumns * 2 - chunks * g.taps() * kColumns * 128;
  at.slabs = std::clamp<std::int64_t>(left / at.slab_bytes, 0, 4);
  return at;
}

bool has_residual(const Problem& p) { return p.inputs.size() > 3 && p.inputs[3].present(); }

}  // namespace

std::string refuse_conv_window(const Problem& p) {
  if (std::string why = refuse_conv_hopper_tensors(p); !why.empty()) return why;
  const ConvGeometry g = conv_hopper_geometry(p);
  if (g.stride[1] != 1 || g.stride[2] != 1) return "takes stride 1";
  if (g.taps() == 1) return "takes windows of more than a pixel";
  if (g.cout > kColumns || g.cout % 8 != 0) return "takes at most 64 filters, in multiples of 8";
  if (has_residual(p) && p.inputs[3].dims.back() % 8 != 0) return "a residual whose channels are no multiple of 8";
  const Positions at = positions_of(g);
  if (at.box > 256) return "rows that make no boxes of at most 256";
  if (at.slabs < 2) return "too many weights to be kept";
  // The kernel divides by multiplication: exact where position x divisor is below 2^32.
  if ((at.count + kRows) * std::max(at.wide, at.high) > 0xffffffffLL) return "too many pixels";
  return {};
}

double predict_conv_window(const Problem& p) {
  const ConvGeometry g = conv_hopper_geometry(p);
  const std::int64_t workers = std::max(1, p.target->workers);
  const auto waves = static_cast<double>(parts_of(parts_of(positions_of(g).count, kRows), workers));
  const auto slices = static_cast<double>(g.taps() * parts_of(g.cin, 64));
  const double launch = p.target->opencl.resident_groups > 0 ? 8e-6 : 3e-6;
  return launch + 1.5e-6 + waves * (slices * 330 / 1.75e9 + 0.3e-6);
}

Launch prepare_conv_window(const Problem& p) {
  using Kind = device::OpenclArgument::Kind;
  const ConvGeometry g = conv_hopper_geometry(p);
  const Positions at = positions_of(g);
  const std::int64_t chunks = parts_of(g.cin, 64), taps = g.taps(), pixels = g.batch * g.out_pixels();
  OpenclLaunch launch;
  launch.states = {conv_hopper_weights(p, g), hopper_bias(p, 2, g.cout)};
  const auto matrix = [](Kind of, int index, std::int64_t width, std::int64_t rows, std::int64_t pitch, int box_rows) {
    device::TensorMap made;
    made.of = of;
    made.index = index;
    made.dims = {static_cast<std::uint64_t>(width), static_cast<std::uint64_t>(rows)};
    made.strides = {static_cast<std::uint64_t>(pitch) * 2};
    made.steps = {1, 1};
    made.box = {64, static_cast<std::uint32_t>(box_rows)};
    return made;
  };
  device::TensorMap pictures;
  const auto pitch = static_cast<std::uint64_t>(p.inputs[0].pitch) * 2, width = static_cast<std::uint64_t>(g.in[2]);
  const auto height = static_cast<std::uint64_t>(g.in[1]);
  pictures.dims = {static_cast<std::uint64_t>(g.cin), width, height, static_cast<std::uint64_t>(g.batch)};
  pictures.strides = {pitch, pitch * width, pitch * width * height};
  pictures.steps = {1, 1, 1, 1};
  pictures.box = {64, static_cast<std::uint32_t>(at.box), 1, 1};
  launch.maps.push_back(std::move(pictures));
  launch.maps.push_back(matrix(Kind::state, 0, taps * chunks * 64, g.cout, taps * chunks * 64, kColumns));
  launch.maps.push_back(matrix(Kind::output, 0, g.cout, pixels, p.outputs[0].pitch, 64));
  const bool residual = has_residual(p);
  const std::int64_t residual_width = residual ? p.inputs[3].dims.back() : 0;
  const std::int64_t residual_pitch = residual ? p.inputs[3].pitch : 0;
  if (residual) launch.maps.push_back(matrix(Kind::input, 3, residual_width, pixels, residual_pitch, 64));
  KernelCall call("conv/window.cl", "wgmma_window");
  call.before("shared/opencl/hopper.cl").define("ROWS", kRows).define("COLUMNS", kColumns);
  call.define("RESIDUAL", !residual ? 0 : p.attributes->text("residual", "before") == "before" ? 1 : 2);
  call.activation(activation_of(*p.attributes)).define("FAST_FUNCTIONS", 1);
  call.map(0).map(1).map(2).map(residual ? 3 : 2).state(1);
  const std::int64_t tiles = parts_of(at.count, kRows);
  call.value(int8_of({tiles, chunks, at.slabs, at.slab_bytes, at.count}));
  call.value(
      int8_of({at.wide, at.high, g.out[2], g.out[1], g.kernel[2], taps, g.dilation[2], g.dilation[1] * at.wide}));
  call.value(int8_of({at.box, at.wide / at.box, g.pad_begin[2], g.pad_begin[1], at.reach}));
  call.value(Int4{{static_cast<std::int32_t>(g.cout), static_cast<std::int32_t>(p.outputs[0].pitch * 2),
                   static_cast<std::int32_t>(residual_width), static_cast<std::int32_t>(residual_pitch * 2)}});
  const auto inverse = [](std::int64_t of) {
    return static_cast<std::int32_t>(static_cast<std::uint32_t>(parts_of(std::int64_t{1} << 32, of)));
  };
  call.value(Int2{{inverse(at.wide), inverse(at.high)}});
  constexpr std::size_t kItems = 384;
  const std::int64_t groups = std::min<std::int64_t>(tiles, std::max(1, p.target->workers));
  call.over({groups * static_cast<std::int64_t>(kItems), 1, 1}, {kItems, 1, 1});
  OpenclKernel kernel = call.done();
  kernel.hopper = true;
  kernel.by_address = true;
  kernel.most_registers = 168;
  launch.kernels.push_back(std::move(kernel));
  launch.state_bytes = launch.states[0].bytes + launch.states[1].bytes;
  launch.unread_inputs = 0b110;
  return launch;
}

}  // namespace vireo::ops
