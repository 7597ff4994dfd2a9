#include "engine/ops/shared/hopper.h"

#include <algorithm>

#include "engine/api/half.h"
#include "engine/base/text.h"
#include "engine/graph/packed_weights.h"

namespace vireo::ops {
namespace {

constexpr std::int64_t kBand = 8;  // rows of tiles that are walked together

std::int64_t divide_up(std::int64_t a, std::int64_t b) { return (a + b - 1) / b; }

}  // namespace

std::string refuse_hopper(const Problem& p, std::initializer_list<int> tensors) {
  if (!p.target->opencl.wgmma) return "needs the tensor cores of Hopper GPUs";
  if (p.target->opencl.local_bytes < std::size_t{224} << 10) return "needs 224 KB of local memory";
  for (const int k : tensors) {
    const graph::Desc& desc = k < 0 ? p.outputs[0] : p.inputs[static_cast<std::size_t>(k)];
    if (desc.dtype != DataType::float16) return "takes float16 tensors only";
    if (desc.pitch % 8 != 0) return "rows that are no multiple of 8 elements apart";
    if (desc.alignment < 16) return "a tensor that begins at no multiple of 16 bytes";
  }
  return {};
}

device::OpenclState hopper_bias(const Problem& p, int input, std::int64_t n) {
  const auto k = static_cast<std::size_t>(input);
  const auto count = static_cast<std::size_t>(divide_up(n, 256) * 256);
  const bool present = input >= 0 && k < p.inputs.size() && p.inputs[k].present();
  const graph::Constant* value = present ? p.inputs[k].constant.get() : nullptr;
  device::OpenclState state;
  state.bytes = count * sizeof(float);
  const std::size_t of = present ? k : p.inputs.size();  // packed() knows absent ones
  auto block = graph::packed(p, "hopper_bias", DataType::float32, {of}, state.bytes, [&](std::byte* to) {
    auto* floats = reinterpret_cast<float*>(to);
    for (std::int64_t i = 0; value && i < value->count(); ++i) floats[i] = half_to_float(value->as<std::uint16_t>()[i]);
  });
  state.data = block.get();
  state.owner = std::move(block);
  return state;
}

std::string refuse_split(const Problem& p, std::int64_t m, std::int64_t n, std::int64_t depth, const HopperTile& tile) {
  if (tile.split == 1) return {};
  if (depth < 2 * tile.split) return "too little depth to be split";
  const std::int64_t tiles = divide_up(m, tile.rows) * divide_up(n, tile.columns);
  return tiles * tile.split > 2 * std::max(1, p.target->workers) ? "enough tiles without splitting" : "";
}

double hopper_seconds(const Problem& p, std::int64_t m, std::int64_t n, std::int64_t depth, const HopperTile& tile) {
  const std::int64_t tiles = divide_up(m, tile.rows) * divide_up(n, tile.columns) * tile.split;
  const double waves = static_cast<double>(divide_up(tiles, std::max(1, p.target->workers)));
  const double rate = 5.5e12 * (tile.rows * tile.columns >= 128 * 128 ? 1.0 : 0.75);  // of a multiprocessor
  const double one = static_cast<double>(divide_up(depth, tile.split)) * 128.0 * tile.rows * tile.columns / rate;
  // Among plan kernels it cuts one in two.
  const double launch = p.target->opencl.resident_groups > 0 ? 8e-6 : 3e-6;
  return launch + waves * (one + 0.7e-6) + (tile.split > 1 ? 1.5e-6 : 0);
}

Launch hopper_launch(const Problem& p, const HopperProduct& product, const HopperTile& tile) {
  using Kind = device::OpenclArgument::Kind;
  OpenclLaunch launch;
  launch.states = {product.w, product.bias};
  const auto map = [](Kind of, int index, std::int64_t width, std::int64_t rows, std::int64_t pitch, int box_rows) {
    device::TensorMap made;
    made.of = of;
    made.index = index;
    made.dims = {static_cast<std::uint64_t>(width), static_cast<std::uint64_t>(rows)};
    made.strides = {static_cast<std::uint64_t>(pitch) * 2};
    made.steps = {1, 1};
    made.box = {64, static_cast<std::uint32_t>(box_rows)};
    return made;
  };
  device::TensorMap a = product.a;
  if (a.im2col) {
    a.channels = 64;
    a.pixels = static_cast<std::uint32_t>(tile.rows);
  } else {
    a.box = {64, static_cast<std::uint32_t>(tile.rows)};
  }
  launch.maps.push_back(std::move(a));
  launch.maps.push_back(map(Kind::state, 0, product.depth() * 64, product.n, product.depth() * 64, tile.columns));
  launch.maps.push_back(map(Kind::output, 0, product.n, product.m, product.y_pitch, 64));
  if (product.residual)
    launch.maps.push_back(
        map(Kind::input, product.residual_input, product.residual_width, product.m, product.residual_pitch, 64));
  const std::int64_t tiles_m = divide_up(product.m, tile.rows), tiles_n = divide_up(product.n, tile.columns);
  const auto tiles = static_cast<std::size_t>(tiles_m * tiles_n);
  launch.workspace_bytes = product.workspace;
  launch.counters = 1;
  if (tile.split > 1) {
    launch.workspace_bytes += tiles * static_cast<std::size_t>(tile.split * tile.rows * tile.columns) * sizeof(float);
    launch.counters = tiles * static_cast<std::size_t>(tile.groups);
  }
  KernelCall call("shared/opencl/wgmma.cl", "wgmma_product");
  call.before("shared/opencl/hopper.cl");
  call.define("ROWS", tile.rows).define("COLUMNS", tile.columns).define("STAGES", tile.slots);
  call.define("GROUPS", tile.groups).define("BUFFERS", tile.buffers).define("IM2COL", product.a.im2col ? 1 : 0);
  call.define("RESIDUAL", product.residual).activation(product.activation).define("FAST_FUNCTIONS", 1);
  call.define("SPLIT", tile.split);
  call.map(0).map(1).map(2).map(product.residual ? 3 : 2).state(1).workspace(product.workspace).counters();
  call.value(Int4{{static_cast<std::int32_t>(tiles_m), static_cast<std::int32_t>(tiles_n),
                   static_cast<std::int32_t>(product.depth()), static_cast<std::int32_t>(kBand)}});
  call.value(Int2{{product.out_width, product.out_height}});
  Int8 window{};
  std::copy_n(product.window, 8, window.at);
  call.value(window);
  const std::size_t items = 128 * static_cast<std::size_t>(tile.groups + 1);
  const std::int64_t groups = std::min<std::int64_t>(tiles_m * tiles_n * tile.split, std::max(1, p.target->workers));
  call.over({groups * static_cast<std::int64_t>(items), 1, 1}, {items, 1, 1});
  OpenclKernel kernel = call.done();
  kernel.hopper = true;
  kernel.most_registers = tile.groups == 2 ? 168 : 255;
  launch.kernels.push_back(std::move(kernel));
  launch.state_bytes = product.w.bytes + product.bias.bytes;
  return launch;
}

}  // namespace vireo::ops
