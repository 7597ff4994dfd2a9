// Tiles are blocks of rows times blocks of panels of one product. Rows of A are read in place, or copied into scratch
// when A is transposed or its pitch makes rows compete for cache sets, or rounded into it for kernels of reduced
// precision. Bound by multiply-adds from a few rows on, below that by streaming B. Measured on one Zen 4 core with
// AVX-512: 95 to 100 % of the microkernels' rate from a depth of 192 on, 31 GB/s of weights for a single row.
#include "engine/ops/shared/gemm.h"

#include <algorithm>
#include <cstring>

#include "engine/base/file.h"
#include "engine/base/text.h"
#include "engine/graph/packed_weights.h"
#include "engine/ops/shared/pack.h"
#include "engine/ops/shared/panels.h"

namespace vireo::ops {
namespace {

using graph::Launch;
using graph::TileArgs;

struct State {
  BatchedGemm p;
  PanelSet set;
  Epilogue epilogue;
  std::shared_ptr<const std::byte> memory;
  const float* packed = nullptr;  ///< null: in the workspace
  const float* bias = nullptr;
  bool copy_a = false, fetch = false;
  std::int64_t a_step = 0;  ///< floats between rows of A as the microkernels see them
  std::int64_t row_blocks = 1, panel_blocks = 1;
  std::int64_t workspace_bias = 0, workspace_addend = 0;  ///< offsets in floats
  std::int64_t bias_tile = -1, addend_tile = -1;          ///< tiles of the packing phase
  std::size_t scratch_bytes = 0;
  double seconds = 0;
};

MatrixB b_of(const BatchedGemm& p, const float* data) noexcept {
  return {.data = data, .pitch = p.b_pitch, .depth = p.k, .transposed = p.trans_b, .factor = p.alpha};
}

void pack_row(const State& s, const float* bias, float* packed) noexcept {
  for (const Panel& panel : s.set.panels) {
    float* to = packed + panel.bias_offset;
    const std::int64_t step = panel.vectors * s.set.kernels->width;
    for (std::int64_t j = 0; j < step; ++j)
      to[j] = j < panel.columns ? s.p.beta * bias[(panel.column + j) * s.p.bias_step] : 0.0f;
  }
}

void pack_tile(const TileArgs& args) noexcept {
  const State& s = *static_cast<const State*>(args.state);
  const BatchedGemm& p = s.p;
  auto* workspace = reinterpret_cast<float*>(args.workspace);
  if (args.tile == s.bias_tile)
    return pack_row(s, static_cast<const float*>(args.inputs[p.bias_input]), workspace + s.workspace_bias);
  if (args.tile == s.addend_tile) {
    const auto* from = static_cast<const float*>(args.inputs[p.addend_input]);
    float* to = workspace + s.workspace_addend;
    for (std::int64_t i = 0; i < p.m; ++i)
      for (std::int64_t j = 0; j < p.n; ++j) to[i * p.n + j] = p.beta * from[i * p.addend_row + j * p.addend_column];
    return;
  }
  const auto panels = static_cast<std::int64_t>(s.set.panels.size());
  const std::int64_t which = args.tile / panels;
  pack_panel(s.set, s.set.panels[static_cast<std::size_t>(args.tile % panels)],
             b_of(p, static_cast<const float*>(args.inputs[1]) + p.b_offsets[static_cast<std::size_t>(which)]),
             workspace + which * s.set.packed_floats);
}

void run_tile(const TileArgs& args) noexcept {
  const State& s = *static_cast<const State*>(args.state);
  const BatchedGemm& p = s.p;
  std::int64_t t = args.tile;
  const auto panels = static_cast<std::int64_t>(s.set.panels.size());
  const std::int64_t pb = t % s.panel_blocks;
  t /= s.panel_blocks;
  const std::int64_t rb = t % s.row_blocks, i = t / s.row_blocks;
  const std::int64_t first = p.m * rb / s.row_blocks, rows = p.m * (rb + 1) / s.row_blocks - first;
  auto* workspace = reinterpret_cast<float*>(args.workspace);
  BlockArgs block;
  const float* a = static_cast<const float*>(args.inputs[0]) + p.a_offsets[static_cast<std::size_t>(i)];
  block.a_stride = s.a_step;
  if (s.copy_a) {
    auto* scratch = reinterpret_cast<float*>(args.scratch);
    if (p.trans_a) pack_transposed(scratch, s.a_step, a + first, p.a_pitch, rows, p.k, 1.0f);
    else if (s.set.kernels->values > 1)
      s.set.kernels->round(scratch, s.a_step, a + first * p.a_pitch, p.a_pitch, p.k, rows, 1.0f);
    else
      for (std::int64_t r = 0; r < rows; ++r)
        std::memcpy(scratch + r * s.a_step, a + (first + r) * p.a_pitch, static_cast<std::size_t>(p.k) * sizeof(float));
    block.a = scratch;
  } else {
    block.a = a + first * p.a_pitch;
  }
  block.c = static_cast<float*>(args.outputs[0]) + (i * p.m + first) * p.c_pitch;
  block.c_stride = p.c_pitch;
  if (p.addend_input >= 0) {
    block.residual = workspace + s.workspace_addend + first * p.n;
    block.residual_stride = p.n;
  } else if (p.residual_input >= 0) {
    block.residual = static_cast<const float*>(args.inputs[p.residual_input]) + (i * p.m + first) * p.r_pitch;
    block.residual_stride = p.r_pitch;
  }
  block.segment_rows = rows;
  block.fetch = s.fetch;
  block.packed = (s.packed ? s.packed : workspace) + p.b_index[static_cast<std::size_t>(i)] * s.set.packed_floats;
  block.bias = s.bias ? s.bias : s.bias_tile >= 0 ? workspace + s.workspace_bias : nullptr;
  block.panel_begin = panels * pb / s.panel_blocks;
  block.panel_end = panels * (pb + 1) / s.panel_blocks;
  run_block(s.set, s.epilogue, block);
}

void choose_tiles(State& s) {
  constexpr double kCopyBytesPerSecond = 18e9, kStreamBytesPerSecond = 30e9, kTileSeconds = 0.4e-6;
  constexpr std::int64_t kScratchLimit = 384 << 10, kCacheBytes = 640 << 10;
  const auto panels = static_cast<std::int64_t>(s.set.panels.size());
  const std::int64_t workers = s.p.workers;
  double best = 1e300;
  const auto consider = [&](std::int64_t row_blocks, std::int64_t panel_blocks) {
    const std::int64_t rows = (s.p.m + row_blocks - 1) / row_blocks,
                       tile_panels = (panels + panel_blocks - 1) / panel_blocks;
    const std::int64_t tiles = s.p.batch() * row_blocks * panel_blocks;
    const std::int64_t scratch = s.copy_a ? rows * s.a_step * 4 : 0;
    if (scratch > kScratchLimit && rows > 14) return;
    const double weights =
        static_cast<double>(s.set.packed_floats) * 4 * static_cast<double>(tile_panels) / static_cast<double>(panels);
    double tile = block_seconds(s.set, 1, rows, 0, tile_panels) +
                  static_cast<double>(scratch * s.set.kernels->values) / kCopyBytesPerSecond + kTileSeconds;
    if (weights > kCacheBytes) tile = std::max(tile, weights / kStreamBytesPerSecond);
    const double rounds = static_cast<double>((tiles + workers - 1) / workers);
    const double filled =
        static_cast<double>(s.p.m * panels) / static_cast<double>(rows * row_blocks * tile_panels * panel_blocks);
    double total = std::max(rounds * tile * filled, tile);
    if (workers > 1) total += 0.1 * tile;
    if (total < best) {
      best = total;
      s.row_blocks = row_blocks;
      s.panel_blocks = panel_blocks;
      s.scratch_bytes = static_cast<std::size_t>(scratch) + 64;
      s.seconds = total;
    }
  };
  for (std::int64_t r = 1; r <= std::min<std::int64_t>(s.p.m, 4096); r = std::max(r + 1, r * 5 / 4))
    for (std::int64_t c = 1; c <= panels; c = std::max(c + 1, c * 5 / 4)) consider(r, c);
  if (best == 1e300) {  // very deep and high: rows of copies of A as they come
    s.row_blocks = (s.p.m + 13) / 14;
    s.panel_blocks = 1;
    s.scratch_bytes = static_cast<std::size_t>(14 * s.a_step * 4) + 64;
    s.seconds = block_seconds(s.set, 1, s.p.m, 0, panels) * static_cast<double>(s.p.batch());
  }
}

/// One B for the whole batch and rows in order: one high product.
void flatten_batch(BatchedGemm& p) {
  if (p.batch() == 1 || p.trans_a || p.b_offsets.size() != 1 || p.addend_input >= 0) return;
  for (std::int64_t i = 0; i < p.batch(); ++i)
    if (p.a_offsets[static_cast<std::size_t>(i)] != i * p.m * p.a_pitch) return;
  p.m *= p.batch();
  p.a_offsets = {0};
  p.b_index = {0};
}

State plan(const BatchedGemm& gemm, const KernelSet& kernels) {
  State s;
  s.p = gemm;
  BatchedGemm& p = s.p;
  flatten_batch(p);
  s.epilogue = make_epilogue(p.activation, p.residual_input >= 0 || p.addend_input >= 0,
                             p.addend_input >= 0 || p.residual_before);
  const std::int64_t depth = kernels.places(p.k);
  s.set = plan_panels(kernels, p.n, 1, 0, {0}, depth, p.m);
  s.copy_a = p.trans_a || kernels.values > 1 || (p.a_pitch % 512 == 0 && p.m > 1 && p.n > 4 * kernels.width);
  s.a_step = s.copy_a ? (depth % 128 == 0 ? depth + 16 : depth) : p.a_pitch;
  // Measured on Zen 4: 3136 x 384 of a depth of 96 takes 0.955 of the time; from a depth of 64 down nothing is gained.
  s.fetch = depth >= 96 && p.m * p.n * p.batch() >= 1 << 17;
  choose_tiles(s);
  if (!p.b) {
    const double bytes = static_cast<double>(p.k * p.n) * 8 * static_cast<double>(p.b_offsets.size());
    s.seconds += bytes / (p.trans_b ? 8e9 : 16e9) / p.workers;
  }
  return s;
}

}  // namespace

double predict_gemm(const BatchedGemm& gemm, const KernelSet& kernels) { return plan(gemm, kernels).seconds; }

Launch prepare_gemm(const graph::Problem& problem, const BatchedGemm& gemm, const KernelSet& kernels) {
  auto s = std::make_shared<State>(plan(gemm, kernels));
  const BatchedGemm& p = s->p;
  const auto panels = static_cast<std::int64_t>(s->set.panels.size());
  const auto distinct = static_cast<std::int64_t>(p.b_offsets.size());
  const std::int64_t weights = p.b ? distinct * s->set.packed_floats : 0, row = p.bias ? s->set.bias_floats : 0;
  const auto fill = [&](std::byte* block) {
    auto* memory = reinterpret_cast<float*>(block);
    if (p.b)
      for (std::int64_t i = 0; i < distinct; ++i)
        for (const Panel& panel : s->set.panels) {
          const float* b = p.b->as<float>() + p.b_offsets[static_cast<std::size_t>(i)];
          pack_panel(s->set, panel, b_of(p, b), memory + i * s->set.packed_floats);
          // Rows of a file that this panel was made of are done with: the largest weights are never in memory twice.
          if (p.trans_b && p.b->seal)
            base::leave_memory(reinterpret_cast<const std::byte*>(b + panel.column * p.b_pitch),
                               static_cast<std::size_t>(panel.columns * p.b_pitch) * sizeof(float));
        }
    if (p.bias) pack_row(*s, p.bias->as<float>(), memory + weights);
  };
  graph::CpuLaunch launch;
  const float* memory = nullptr;
  if (weights + row > 0) {
    launch.state_bytes = static_cast<std::size_t>(weights + row) * sizeof(float);
    const std::string layout =
        base::str("product ", layout_of(s->set), p.trans_b ? " transposed" : "", " x", distinct, " alpha", p.alpha,
                  " beta", p.beta, " step", p.bias_step, p.bias ? " bias" : "");
    s->memory =
        graph::packed(problem, layout, p.b ? elements_of(s->set) : DataType::float32, {1, 2}, launch.state_bytes, fill);
    memory = reinterpret_cast<const float*>(s->memory.get());
  }
  std::int64_t pack_tiles = 0, workspace = 0;
  if (p.b) {
    s->packed = memory;
    launch.unread_inputs |= 0b10;
  } else {
    pack_tiles = distinct * panels;
    workspace = distinct * s->set.packed_floats;
  }
  if (p.bias) {
    s->bias = memory + weights;
    launch.unread_inputs |= std::uint64_t{1} << p.bias_input;
  } else if (p.bias_input >= 0) {
    s->bias_tile = pack_tiles++;
    s->workspace_bias = workspace;
    workspace += s->set.bias_floats;
  }
  if (p.addend_input >= 0) {
    s->addend_tile = pack_tiles++;
    s->workspace_addend = workspace;
    workspace += p.m * p.n;
  }
  s->p.b = s->p.bias = nullptr;  // borrowed from the problem
  if (pack_tiles > 0) launch.phases.push_back({pack_tile, pack_tiles});
  launch.phases.push_back({run_tile, p.batch() * s->row_blocks * s->panel_blocks});
  launch.scratch_bytes = s->scratch_bytes;
  launch.workspace_bytes = workspace > 0 ? static_cast<std::size_t>(workspace) * sizeof(float) + 64 : 0;
  launch.state = std::move(s);
  return launch;
}

}  // namespace vireo::ops
