#include "engine/ops/shared/mma_product.h"

#include <algorithm>
#include <cmath>

namespace vireo::ops {
namespace {

constexpr std::int64_t kMmaBand = 8;             // rows of tiles that are walked together
constexpr std::int64_t kStandInTerms = 6 << 20;  // terms that a test's device is given at most

std::int64_t mma_parts(std::int64_t a, std::int64_t b) { return (a + b - 1) / b; }
std::int64_t mma_slices(const MmaProduct& g, const MmaTile& tile) { return mma_parts(g.depth(), tile.depth); }
std::int64_t mma_tiles(const MmaProduct& g, const MmaTile& tile) {
  return mma_parts(g.m, tile.rows) * mma_parts(g.n, tile.columns) * g.batches;
}

/// Read and written 16 bytes at a time.
bool mma_wide(const graph::Desc& desc, std::int64_t pitch, const Int8& batch) {
  const bool steps = std::all_of(std::begin(batch.at), std::end(batch.at), [](int s) { return s % 8 == 0; });
  return steps && pitch % 8 == 0 && desc.alignment >= 16;
}

/// Some piece of 8 channels is there in part.
bool mma_tail(const MmaProduct& g) {
  const std::int64_t w_row = g.w_rows ? g.n : g.w_depth;
  return g.channels % 8 != 0 || w_row % 8 != 0 || (g.residual && g.residual_width % 8 != 0);
}

Int8 mma_picture(const MmaProduct& g) {
  return int8_of({g.width, g.height, g.out_width, g.out_height, g.a_pitch, g.channels, (g.channels + 7) / 8 * 8});
}

}  // namespace

std::string refuse_mma(const Problem& p, const MmaTile& tile) {
  const device::OpenclFacts& facts = p.target->opencl;
  if (!facts.mma && !facts.mma_stand_in) return "needs NVIDIA's tensor cores";
  if (facts.local_bytes < static_cast<std::size_t>(tile.local_bytes())) return "needs more local memory";
  if (facts.most_items < static_cast<std::size_t>(tile.items())) return "needs larger work-groups";
  return {};
}

std::string refuse_mma_operand(const graph::Desc& operand) {
  if (operand.pitch % 8 != 0) return "rows that are no multiple of 8 elements apart";
  return operand.alignment < 16 ? "a tensor that begins at no multiple of 16 bytes" : "";
}

std::string refuse_mma_product(const Problem& p, const MmaProduct& g, const MmaTile& tile) {
  if (g.channels < 1) return "the sums are empty";
  if (g.n * mma_parts(g.depth(), 64) * 64 >= std::int64_t{1} << 31) return "more weights than an int counts";
  if (mma_tiles(g, tile) * tile.split >= std::int64_t{1} << 30 || g.batches > 65535) return "too many tiles";
  if (!p.target->opencl.mma) {
    // What is left is for tests, which few programs keep short.
    if (g.m * g.n * g.depth() * g.batches > kStandInTerms) return "too large for a stand-in";
    if (g.activation.kind != Activation::none && g.activation.kind != Activation::relu)
      return "a stand-in has no activation but relu";
  }
  if (tile.split == 1) return {};
  if (mma_slices(g, tile) < 2 * tile.split) return "too little depth to be split";
  return mma_tiles(g, tile) * tile.split > 4 * std::max(1, p.target->workers) && !p.target->opencl.mma_stand_in
             ? "enough tiles without splitting"
             : "";
}

double mma_seconds(const Problem& p, const MmaProduct& g, const MmaTile& tile) {
  if (!p.target->opencl.mma) return 1;
  const std::int64_t workers = std::max(1, p.target->workers), tiles = mma_tiles(g, tile) * tile.split;
  // Two groups share a multiprocessor where their local memory fits; one alone leaves it waiting now and then.
  const bool shared = 2 * static_cast<std::size_t>(tile.local_bytes()) <= p.target->opencl.local_bytes ||
                      tile.local_bytes() <= 48 << 10;
  const int warp = tile.rows / tile.warps_m * (tile.columns / tile.warps_n);
  const double rate = 2.6e12 * (warp >= 64 * 64 ? 1.0 : warp >= 64 * 32 ? 0.8 : 0.65);  // of a multiprocessor
  const std::int64_t part = mma_parts(mma_slices(g, tile), tile.split) * tile.depth;
  const double one = 2.0 * static_cast<double>(part) * tile.rows * tile.columns / rate;
  const double alone = tiles <= workers ? 1.0 / 0.7 : 1.0;
  const double rounds =
      shared ? std::max(1.0, std::ceil(static_cast<double>(tiles) / static_cast<double>(2 * workers)) * 2)
             : std::ceil(static_cast<double>(tiles) / static_cast<double>(workers)) * 1.1;
  const double computing = (tiles <= workers ? 1.0 : rounds) * (one * alone + 0.5e-6);
  const auto bytes = [](const std::vector<graph::Desc>& descs) {
    double all = 0;
    for (const graph::Desc& desc : descs)
      if (desc.present()) all += 2.0 * static_cast<double>(desc.count());
    return all;
  };
  const double moving = (bytes(p.inputs) + bytes(p.outputs)) / (2e10 * static_cast<double>(workers));
  const double launch = p.target->opencl.resident_groups > 0 ? 9.5e-6 : 4.5e-6;  // it cuts a plan kernel in two
  return launch + std::max(computing, moving) + (tile.split > 1 ? 1.5e-6 : 0);
}

Launch mma_launch(const Problem& p, const MmaProduct& g, const MmaTile& tile) {
  const bool stand_in = !p.target->opencl.mma;
  const std::int64_t tiles_m = mma_parts(g.m, tile.rows), tiles_n = mma_parts(g.n, tile.columns);
  OpenclLaunch launch;
  launch.states = {g.bias};
  if (g.w_input < 0) launch.states.push_back(g.w);
  launch.state_bytes = g.bias.bytes + (g.w_input < 0 ? g.w.bytes : 0);
  launch.counters = 1;
  if (tile.split > 1) {
    const auto tiles = static_cast<std::size_t>(mma_tiles(g, tile));
    launch.counters = tiles;
    launch.workspace_bytes = tiles * static_cast<std::size_t>(tile.split * tile.rows * tile.columns) * sizeof(float);
  }
  KernelCall call("shared/opencl/mma_product.cl", "mma_product");
  call.define("ROWS", tile.rows).define("COLUMNS", tile.columns).define("WARPS_M", tile.warps_m);
  call.define("WARPS_N", tile.warps_n).define("DEPTH", tile.depth).define("STAGES", tile.slots);
  call.define("B_ROWS", g.w_rows).activation(g.activation).define("FAST_FUNCTIONS", 1);
  const Int4 form{{g.windowed, g.residual, tile.split > 1, g.batches > 1}};
  if (stand_in) {
    call.before("shared/opencl/mma_pieces.cl").define("STAND_IN", 1).compiled_quickly();
  } else {
    call.before("shared/opencl/mma.cl")
        .before("shared/opencl/mma_pieces.cl")
        .define("WINDOW", form.at[0])
        .define("RESIDUAL", form.at[1]);
    call.define("SPLIT", form.at[2]).define("BATCHED", form.at[3]).define("TAIL", mma_tail(g));
  }
  call.input(0);
  if (g.w_input < 0) call.state(1);
  else call.input(g.w_input);
  call.output(0);
  if (g.residual) call.input(g.residual_input);
  else call.output(0);
  call.state(0);
  if (tile.split > 1) call.workspace();
  else call.state(0);
  call.counters();
  call.value(int8_of({g.m, g.n, mma_slices(g, tile), tiles_m, tiles_n, tile.split, kMmaBand})).value(mma_picture(g));
  Int8 window{};
  for (std::size_t i = 0; i < 8; ++i) window.at[i] = static_cast<std::int32_t>(g.window[i]);
  const int flags = (mma_wide(p.outputs[0], g.y_pitch, g.batch_strides[2]) ? 1 : 0) |
                    (g.residual && mma_wide(p.inputs[static_cast<std::size_t>(g.residual_input)], g.residual_pitch,
                                            g.batch_strides[3])
                         ? 2
                         : 0);
  call.value(window).value(int8_of({g.y_pitch, g.residual_pitch, g.residual_width, g.w_pitch, g.w_depth, flags}));
  call.value(g.scale).value(g.batch_dims);
  for (const Int8& strides : g.batch_strides) call.value(strides);
  if (stand_in) call.value(form);
  const auto items = static_cast<std::size_t>(tile.items());
  call.over({tiles_m * tiles_n * tile.split * tile.items(), g.batches, 1}, {items, 1, 1});
  launch.kernels.push_back(call.done());
  return launch;
}

}  // namespace vireo::ops
