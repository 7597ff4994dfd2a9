#include "engine/ops/shared/hopper.h"

#include <algorithm>

#include "engine/api/half.h"
#include "engine/base/text.h"
#include "engine/graph/packed_weights.h"

namespace vireo::ops {
namespace {

constexpr std::int64_t kBand = 8;  // rows of tiles that are walked together

std::int64_t divide_up(std::int64_t a, std::int64_t b) { return (a + b - 1) / b; }

/// With as many slots and buffers as there is room for; no slots where there is too little.
HopperTile fitted(HopperTile tile, std::int64_t depth) {
  if (!tile.kept) return tile;
  const std::int64_t most = 231'424 - 256 - 4LL * tile.groups * tile.columns;  // of local memory on sm_90
  const std::int64_t out = 2LL * tile.rows * tile.columns, slot = 128LL * tile.rows;
  for (tile.buffers = 2; tile.buffers > 0; --tile.buffers) {
    tile.slots = static_cast<int>(
        std::clamp<std::int64_t>((most - depth * 128 * tile.columns - tile.buffers * out) / slot, 0, 8));
    if (tile.slots >= (tile.buffers == 2 ? 3 : 2)) return tile;
  }
  tile.slots = 0;
  return tile;
}

}  // namespace

std::string refuse_hopper(const Problem& p, std::initializer_list<int> tensors) {
  if (!p.target->opencl.wgmma) return "needs the tensor cores of Hopper GPUs";
  if (p.target->opencl.local_bytes < std::size_t{224} << 10) return "needs 224 KB of local memory";
  for (const int k : tensors) {
    const graph::Desc& desc = k < 0 ? p.outputs[0] : p.inputs[static_cast<std::size_t>(k)];
    if (desc.dtype != DataType::float16) return "takes float16 tensors only";
    if (desc.pitch % 8 != 0) return "rows that are no multiple of 8 elements apart";
    if (desc.alignment < 16) return "a tensor that begins at no multiple of 16 bytes";
    // The copy engine leaves out what lies beyond a row in pieces of 16 bytes only.
    if (k < 0 && !desc.dims.empty() && desc.dims.back() % 8 != 0) return "results that are no multiple of 8 wide";
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
    for (std::int64_t i = 0; value && i < value->count(); ++i)
      floats[i] =
          value->dtype == DataType::float32 ? value->as<float>()[i] : half_to_float(value->as<std::uint16_t>()[i]);
  });
  state.data = block.get();
  state.owner = std::move(block);
  return state;
}

std::string refuse_split(const Problem& p, std::int64_t m, std::int64_t n, std::int64_t depth, const HopperTile& tile) {
  if (tile.kept) return fitted(tile, depth).slots == 0 ? "too much depth for columns to be kept" : "";
  if (tile.split == 1) return {};
  if (depth < 2 * tile.split) return "too little depth to be split";
  const std::int64_t tiles = divide_up(m, tile.rows) * divide_up(n, tile.columns);
  return tiles * tile.split > 2 * std::max(1, p.target->workers) ? "enough tiles without splitting" : "";
}

double hopper_seconds(const Problem& p, std::int64_t m, std::int64_t n, std::int64_t depth, const HopperTile& tile) {
  const std::int64_t tiles = divide_up(m, tile.rows) * divide_up(n, tile.columns) * tile.split;
  const double waves = static_cast<double>(divide_up(tiles, std::max(1, p.target->workers)));
  // Clocks of a slice: 32 products each, or 128 bytes of local memory each, which wgmma reads (64 rows and all columns
  // at a time) and the copy engine writes.
  const int read = tile.rows / 64 * (64 + tile.columns), written = tile.rows + (tile.kept ? 0 : tile.columns);
  const double clocks = std::max(tile.rows * tile.columns / 32, read + written);
  double one = static_cast<double>(divide_up(depth, tile.split)) * clocks / 1.75e9;
  if (tile.kept) one *= divide_up(m, tile.rows) < 2 * std::max(1, p.target->workers) ? 1.2 : 0.97;
  // Among plan kernels it cuts one in two.
  const double launch = p.target->opencl.resident_groups > 0 ? 8e-6 : 3e-6;
  return launch + 0.5e-6 + waves * (one + (tile.turns ? 0.4e-6 : 0.7e-6)) + (tile.split > 1 ? 1.5e-6 : 0);
}

Launch hopper_launch(const Problem& p, const HopperProduct& product, const HopperTile& asked) {
  const HopperTile tile = fitted(asked, product.depth());
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
  const auto add_source = [&](device::TensorMap made) {
    if (made.im2col) {
      made.channels = 64;
      made.pixels = static_cast<std::uint32_t>(tile.rows);
    } else {
      made.box = {64, static_cast<std::uint32_t>(tile.rows)};
    }
    launch.maps.push_back(std::move(made));
  };
  add_source(product.a.map);
  launch.maps.push_back(map(Kind::state, 0, product.depth() * 64, product.n, product.depth() * 64, tile.columns));
  launch.maps.push_back(map(Kind::output, 0, product.n, product.m, product.y_pitch, 64));
  if (product.residual)
    launch.maps.push_back(
        map(Kind::input, product.residual_input, product.residual_width, product.m, product.residual_pitch, 64));
  const auto last = static_cast<int>(launch.maps.size());
  if (product.b) add_source(product.b->map);
  const std::int64_t tiles_m = divide_up(product.m, tile.rows), tiles_n = divide_up(product.n, tile.columns);
  const auto tiles = static_cast<std::size_t>(tiles_m * tiles_n);
  launch.workspace_bytes = product.workspace;
  launch.counters = 1;
  if (tile.split > 1) {
    launch.workspace_bytes += tiles * static_cast<std::size_t>(tile.split * tile.rows * tile.columns) * sizeof(float);
    launch.counters = tiles * static_cast<std::size_t>(tile.groups);
  }
  KernelCall call("shared/opencl/wgmma.cl", "wgmma_product");
  call.before("shared/opencl/hopper.cl").before("shared/opencl/wgmma_pieces.cl");
  call.define("ROWS", tile.rows).define("COLUMNS", tile.columns).define("STAGES", tile.slots);
  call.define("GROUPS", tile.groups).define("BUFFERS", tile.buffers).define("IM2COL", product.a.map.im2col ? 1 : 0);
  call.define("RESIDUAL", product.residual).activation(product.activation).define("FAST_FUNCTIONS", 1);
  call.define("SPLIT", tile.split).define("KEPT", tile.kept ? product.depth() : 0);
  call.define("TURNS", tile.turns ? 1 : 0);
  if (product.b) call.define("PAIR", 1).define("IM2COL_B", product.b->map.im2col ? 1 : 0);
  call.map(0).map(1).map(2).map(product.residual ? 3 : 2).state(1).workspace(product.workspace).counters();
  call.value(Int4{{static_cast<std::int32_t>(tiles_m), static_cast<std::int32_t>(tiles_n),
                   static_cast<std::int32_t>(product.depth()), static_cast<std::int32_t>(kBand)}});
  call.value(Int2{{product.out_width, product.out_height}});
  const auto window_of = [](const HopperSource& source) {
    Int8 window{};
    std::copy_n(source.window, 8, window.at);
    return window;
  };
  call.value(window_of(product.a));
  if (product.b) call.map(last).integer(product.a.depth()).value(window_of(*product.b));
  const std::size_t items = 128 * static_cast<std::size_t>(tile.groups + 1);
  const std::int64_t groups = std::min<std::int64_t>(tiles_m * tiles_n * tile.split, std::max(1, p.target->workers));
  call.over({groups * static_cast<std::int64_t>(items), 1, 1}, {items, 1, 1});
  OpenclKernel kernel = call.done();
  kernel.hopper = true;
  kernel.by_address = true;
  kernel.most_registers = tile.groups == 3 ? 128 : tile.groups == 2 ? 168 : 255;
  launch.kernels.push_back(std::move(kernel));
  launch.state_bytes = product.w.bytes + product.bias.bytes;
  return launch;
}

}  // namespace vireo::ops
