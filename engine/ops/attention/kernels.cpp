// Ordered tactics of attention. A tile is some queries of one head: scores of a few rows at a time into scratch, their
// exponentials there, and the product with the values, so that scores never leave the cache. Keys and values are packed
// into panels in a first phase, or by the tile where one tile has the whole head. Bound by multiply-adds. Keys that no
// query of a step sees are left out of both products, as far as panels and eighths of the keys let them.
#include <algorithm>
#include <cstring>

#include "engine/base/text.h"
#include "engine/ops/attention/attention.h"
#include "engine/ops/attention/few.h"
#include "engine/ops/attention/geometry.h"
#include "engine/ops/attention/opencl.h"
#include "engine/ops/attention/rows.h"
#include "engine/ops/shared/pack.h"
#include "engine/ops/shared/panels.h"
#include "engine/ops/shared/reference.h"
#include "engine/ops/shared/shape.h"

namespace vireo::ops {
namespace {

using graph::Desc;
using graph::Isa;

constexpr std::int64_t kRows = 28;  // most queries at a time

struct State {
  AttentionGeometry g;
  AttentionSteps q, k, v, y, mask;
  AttentionLimits limits;
  bool has_mask = false, hides = false, has_sinks = false, copy_q = false;  ///< hides: the mask is boolean
  float scale = 1, cap = 0;
  PanelSet scores, values;
  std::vector<PanelSet> parts;  ///< of the values, for fewer keys; the last has all
  Epilogue plain;
  AttentionRows rows{};
  std::int64_t row_blocks = 1;  ///< tiles of a head
  std::int64_t step = 1;        ///< queries at a time
  // Scratch, in floats: scores, factors, queries and scores as the kernels take them, packed keys and values.
  std::int64_t score_pitch = 0, q_pitch = 0, p_pitch = 0;
  std::int64_t factors = 0, q_copy = 0, p_copy = 0, packed = 0, scratch = 0;
  double seconds = 0;

  [[nodiscard]] bool packs_ahead() const { return row_blocks > 1; }
  [[nodiscard]] bool rounds() const { return scores.kernels->values > 1; }
  [[nodiscard]] bool bounded() const { return limits.any() || limits.keys < g.keys; }
  /// Scores are scaled before the softmax.
  [[nodiscard]] bool adds_scale() const { return cap > 0 || (has_mask && !hides); }
  [[nodiscard]] std::int64_t part_keys(std::size_t part) const {
    const auto count = static_cast<std::int64_t>(parts.size()), share = g.keys * static_cast<std::int64_t>(part + 1);
    return std::min((share / count + 15) / 16 * 16, g.keys);
  }
  [[nodiscard]] std::int64_t packed_floats() const { return scores.packed_floats + values.packed_floats; }
};

/// Panel `p` of one head: of its keys, then of its values.
void pack_one(const State& s, const TileArgs& args, std::int64_t batch, std::int64_t head, std::int64_t p,
              float* packed) noexcept {
  const auto key_panels = static_cast<std::int64_t>(s.scores.panels.size());
  if (p < key_panels) {
    const float* keys = static_cast<const float*>(args.inputs[1]) + s.k.at(batch, head, 0);
    pack_panel(s.scores, s.scores.panels[static_cast<std::size_t>(p)],
               {.data = keys, .pitch = s.k.row, .depth = s.g.depth, .transposed = true}, packed);
    return;
  }
  const float* values = static_cast<const float*>(args.inputs[2]) + s.v.at(batch, head, 0);
  pack_panel(s.values, s.values.panels[static_cast<std::size_t>(p - key_panels)],
             {.data = values, .pitch = s.v.row, .depth = s.g.keys}, packed + s.scores.packed_floats);
}

std::int64_t panels_of_head(const State& s) {
  return static_cast<std::int64_t>(s.scores.panels.size() + s.values.panels.size());
}

void pack_tile(const TileArgs& args) noexcept {
  const State& s = *static_cast<const State*>(args.state);
  const std::int64_t panels = panels_of_head(s), which = args.tile / panels;
  pack_one(s, args, which / s.g.key_heads, which % s.g.key_heads, args.tile % panels,
           reinterpret_cast<float*>(args.workspace) + which * s.packed_floats());
}

/// Scores of `count` queries from `first` on lie in scratch, up to `keys`; the rest of what the softmax reads is made.
void hide(const State& s, const TileArgs& args, std::int64_t batch, std::int64_t head, std::int64_t first,
          std::int64_t count, std::int64_t keys, const AttentionRange* seen) noexcept {
  auto* scores = reinterpret_cast<float*>(args.scratch);
  const std::int64_t columns = std::min(keys, s.limits.keys), at = s.mask.at(batch, head, first);
  if (s.cap > 0) s.rows.cap(scores, s.score_pitch, count, keys, s.scale, s.cap);
  if (s.has_mask && !s.hides)
    s.rows.add_mask(scores, s.score_pitch, count, columns, s.cap > 0 ? 1.0f : s.scale,
                    static_cast<const float*>(args.inputs[kAttentionMask]) + at, s.mask.row);
  for (std::int64_t r = 0; r < count; ++r) {
    float* row = scores + r * s.score_pitch;
    if (s.hides) {
      const bool* mask = static_cast<const bool*>(args.inputs[kAttentionMask]) + at + r * s.mask.row;
      for (std::int64_t j = 0; j < columns; ++j) row[j] = mask[j] ? row[j] : -__builtin_inff();
    }
    if (!seen) continue;
    std::fill(row, row + seen[r].first, -__builtin_inff());
    std::fill(row + seen[r].end, row + keys, -__builtin_inff());
  }
}

/// `count` queries from `first` on of one head.
void run_rows(const State& s, const TileArgs& args, std::int64_t batch, std::int64_t head, std::int64_t first,
              std::int64_t count, const float* packed) noexcept {
  auto* scratch = reinterpret_cast<float*>(args.scratch);
  const KernelSet& kernels = *s.scores.kernels;
  AttentionRange seen[std::max<std::int64_t>(kRows, kMaxRows)];
  std::int64_t keys = s.g.keys;
  const PanelSet* values = &s.values;
  if (s.bounded()) {
    const std::int64_t *offsets = attention_places(args, s.limits.offsets, kAttentionOffsets),
                       *lengths = attention_places(args, s.limits.lengths, kAttentionLengths);
    std::int64_t most = 0;
    for (std::int64_t r = 0; r < count; ++r) {
      seen[r] = s.limits.seen(batch, first + r, offsets, lengths);
      most = std::max(most, seen[r].end);
    }
    std::size_t part = 0;
    while (part + 1 < s.parts.size() && s.part_keys(part) < most) ++part;
    if (!s.parts.empty()) values = &s.parts[part], keys = s.part_keys(part);
  }
  BlockArgs block;
  block.a = static_cast<const float*>(args.inputs[0]) + s.q.at(batch, head, first);
  block.a_stride = s.q.row;
  if (s.copy_q) {
    float* copy = scratch + s.q_copy;
    if (s.rounds()) kernels.round(copy, s.q_pitch, block.a, s.q.row, s.g.depth, count, 1.0f);
    else
      for (std::int64_t i = 0; i < count; ++i)
        std::memcpy(copy + i * s.q_pitch, block.a + i * s.q.row, static_cast<std::size_t>(s.g.depth) * sizeof(float));
    block.a = copy;
    block.a_stride = s.q_pitch;
  }
  block.c = scratch;
  block.c_stride = s.score_pitch;
  block.segment_rows = count;
  block.packed = packed;
  block.panel_end = static_cast<std::int64_t>(s.scores.panels.size());
  while (block.panel_end > 1 && s.scores.panels[static_cast<std::size_t>(block.panel_end - 1)].column >= keys)
    --block.panel_end;
  run_block(s.scores, s.plain, block);
  hide(s, args, batch, head, first, count, keys, s.bounded() ? seen : nullptr);
  float* factors = scratch + s.factors;
  const float sink = s.has_sinks ? static_cast<const float*>(args.inputs[kAttentionSinks])[head] : -__builtin_inff();
  s.rows.exponentials(scratch, s.score_pitch, count, keys, s.adds_scale() ? 1.0f : s.scale, sink, factors);
  block.a = scratch;
  block.a_stride = s.score_pitch;
  if (s.rounds()) {
    kernels.round(scratch + s.p_copy, s.p_pitch, scratch, s.score_pitch, keys, count, 1.0f);
    block.a = scratch + s.p_copy;
    block.a_stride = s.p_pitch;
  }
  block.c = static_cast<float*>(args.outputs[0]) + s.y.at(batch, head, first);
  block.c_stride = s.y.row;
  block.packed = packed + s.scores.packed_floats;
  block.panel_end = static_cast<std::int64_t>(s.values.panels.size());
  run_block(*values, s.plain, block);
  s.rows.scale(block.c, s.y.row, count, s.g.width, factors);
}

void run_tile(const TileArgs& args) noexcept {
  const State& s = *static_cast<const State*>(args.state);
  if (!s.limits.right_lengths(attention_places(args, s.limits.lengths, kAttentionLengths), s.g.batch, s.g.keys))
    return args.fault->store(kAttentionLengthFault, std::memory_order_relaxed);
  const std::int64_t part = args.tile % s.row_blocks, which = args.tile / s.row_blocks, batch = which / s.g.heads,
                     head = which % s.g.heads, key_head = head / (s.g.heads / s.g.key_heads);
  const float* packed =
      reinterpret_cast<const float*>(args.workspace) + (batch * s.g.key_heads + key_head) * s.packed_floats();
  if (!s.packs_ahead()) {
    float* own = reinterpret_cast<float*>(args.scratch) + s.packed;
    for (std::int64_t p = 0; p < panels_of_head(s); ++p) pack_one(s, args, batch, key_head, p, own);
    packed = own;
  }
  const std::int64_t first = s.g.queries * part / s.row_blocks, count = s.g.queries * (part + 1) / s.row_blocks - first,
                     turns = (count + s.step - 1) / s.step;
  for (std::int64_t t = 0; t < turns; ++t) {
    const std::int64_t from = count * t / turns, to = count * (t + 1) / turns;
    run_rows(s, args, batch, head, first + from, to - from, packed);
  }
}

std::string refuse(const Problem& p) {
  if (std::string why = refuse_attention_cpu(p); !why.empty()) return why;
  const AttentionGeometry g = attention_geometry(*p.attributes, p.inputs[0].dims, p.inputs[1].dims, p.inputs[2].dims);
  if (g.keys > kMostColumns || g.width > kMostColumns || g.depth > kMostDepth)
    return "more columns or a longer sum than panels are made for";
  return {};
}

/// Floats between rows in scratch that are walked together: whole vectors, not a multiple of 512 bytes.
std::int64_t row_pitch(std::int64_t floats) {
  const std::int64_t whole = (floats + 15) / 16 * 16;
  return whole % 128 == 0 ? whole + 16 : whole;
}

/// How many parts the queries of a head are cut into.
void choose_parts(State& s, int workers) {
  constexpr double kTileSeconds = 0.5e-6, kExponentialSeconds = 0.2e-9, kPackSeconds = 0.15e-9;
  const AttentionGeometry& g = s.g;
  const double row = (block_seconds(s.scores, 1, s.step, 0, static_cast<std::int64_t>(s.scores.panels.size())) +
                      block_seconds(s.values, 1, s.step, 0, static_cast<std::int64_t>(s.values.panels.size()))) /
                         static_cast<double>(s.step) +
                     kExponentialSeconds * static_cast<double>(g.keys);
  const double pack = kPackSeconds * static_cast<double>(s.packed_floats());
  s.seconds = 1e300;
  const std::int64_t most = std::max<std::int64_t>((g.queries + 6) / 7, 1);
  for (std::int64_t parts = 1; parts <= most; parts = std::max(parts + 1, parts * 9 / 8)) {
    const std::int64_t rows = (g.queries + parts - 1) / parts,
                       rounds = (g.batch * g.heads * parts + workers - 1) / workers;
    const double tile = row * static_cast<double>(rows) + kTileSeconds + (parts == 1 ? pack : 0.0);
    const double ahead = parts == 1 ? 0.0 : 0.5e-6 + pack * static_cast<double>(g.batch * g.key_heads) / workers;
    const double total = static_cast<double>(rounds) * tile + (workers > 1 ? 0.1 * tile : 0.0) + ahead;
    if (total >= s.seconds) continue;
    s.seconds = total;
    s.row_blocks = parts;
  }
}

/// The values' panels for eighths of the keys: the same panels, of which less is summed up.
void plan_parts(State& s) {
  s.parts.assign(8, s.values);
  for (std::size_t part = 0; part < s.parts.size(); ++part) {
    const std::int64_t depth = s.values.kernels->places(s.part_keys(part));
    std::vector<DepthBlock>& blocks = s.parts[part].blocks;
    while (blocks.back().offset >= depth) blocks.pop_back();
    blocks.back().depth = std::min(blocks.back().depth, depth - blocks.back().offset);
  }
}

State plan(const Problem& p, const KernelSet& kernels) {
  State s;
  const Desc &q = p.inputs[0], &k = p.inputs[1], &v = p.inputs[2], &y = p.outputs[0];
  AttentionGeometry& g = s.g = attention_geometry(*p.attributes, q.dims, k.dims, v.dims);
  s.q = g.q_steps(q.pitch);
  s.k = g.k_steps(k.pitch);
  s.v = g.v_steps(v.pitch);
  s.y = g.y_steps(y.pitch);
  s.limits = attention_limits(p, g);
  s.scale = static_cast<float>(attention_scale(*p.attributes, g));
  s.cap = static_cast<float>(p.attributes->real("softcap", 0));
  s.has_mask = attention_has_mask(p);
  s.hides = s.has_mask && p.inputs[kAttentionMask].dtype == DataType::boolean;
  s.mask = attention_mask_steps(p, g);
  s.has_sinks = attention_has_sinks(p);
  s.plain = make_epilogue({}, false, false);
  constexpr std::int64_t kScoreFloats = 24 << 10;
  const std::int64_t depth = kernels.places(g.depth), keys = kernels.places(g.keys);
  s.scores = plan_panels(kernels, g.keys, 1, 0, {0}, depth, std::min(g.queries, kRows));
  s.values = plan_panels(kernels, g.width, 1, 0, {0}, keys, std::min(g.queries, kRows));
  if (s.bounded() && g.keys >= 64) plan_parts(s);
  s.score_pitch = row_pitch(g.keys + kMaxWidth);  // see AttentionRows
  const std::int64_t unit = kernels.max_rows[s.scores.panels[0].vectors];
  s.step = std::max<std::int64_t>(kRows / unit, 1) * unit;
  while (s.step > unit && s.step * s.score_pitch > kScoreFloats) s.step -= unit;
  s.step = std::min(s.step, g.queries);
  choose_parts(s, p.workers);
  s.copy_q = s.rounds() || (s.q.row % 512 == 0 && g.queries > 1);
  s.q_pitch = row_pitch(depth);
  s.p_pitch = row_pitch(keys);
  s.factors = s.step * s.score_pitch;
  s.q_copy = s.factors + (s.step + 15) / 16 * 16;
  s.p_copy = s.q_copy + (s.copy_q ? s.step * s.q_pitch : 0);
  s.packed = s.p_copy + (s.rounds() ? s.step * s.p_pitch : 0);
  s.scratch = s.packed + (s.packs_ahead() ? 0 : s.packed_floats()) + 16;
  return s;
}

template <const KernelSet& (*kSet)(), AttentionRows (*kRows)()>
Launch prepare(const Problem& p) {
  auto state = std::make_shared<State>(plan(p, kSet()));
  State& s = *state;
  s.rows = kRows();
  graph::CpuLaunch launch;
  if (s.packs_ahead()) {
    const std::int64_t packs = s.g.batch * s.g.key_heads;
    launch.phases.push_back({pack_tile, packs * panels_of_head(s)});
    launch.workspace_bytes = static_cast<std::size_t>(packs * s.packed_floats()) * sizeof(float) + 64;
  }
  launch.phases.push_back({run_tile, s.g.batch * s.g.heads * s.row_blocks});
  launch.scratch_bytes = static_cast<std::size_t>(s.scratch) * sizeof(float);
  launch.state = std::move(state);
  return launch;
}

template <const KernelSet& (*kSet)()>
double predict(const Problem& p) {
  return plan(p, kSet()).seconds;
}

/// No operand is known before the data are. What holds of all: the first product's terms are off by 0.24 %
/// (shared/bf16_error.h), a part of the scores' spread, of which the softmax makes as much of its weights as long as
/// scores spread over a few units; and the second product averages values with weights that are positive and sum to 1,
/// so that nothing cancels. Weights of the layers before are measured where they are multiplied.
std::string admit(const Problem&) { return {}; }

const Tactic kTactics[] = {
#if defined(__x86_64__)
    {.name = "attention_panels_avx512_bf16",
     .isa = Isa::avx512_bf16,
     .arithmetic = Precision::bf16,
     .exact = false,
     .refuse = refuse,
     .admit = admit,
     .prepare = prepare<kernel_set_avx512_bf16, attention_rows_avx512>,
     .predict = predict<kernel_set_avx512_bf16>},
    {.name = "attention_panels_avx512",
     .isa = Isa::avx512,
     .refuse = refuse,
     .prepare = prepare<kernel_set_avx512, attention_rows_avx512>,
     .predict = predict<kernel_set_avx512>},
    {.name = "attention_panels_avx2",
     .isa = Isa::avx2,
     .refuse = refuse,
     .prepare = prepare<kernel_set_avx2, attention_rows_avx2>,
     .predict = predict<kernel_set_avx2>},
#endif
    {.name = "attention_panels_portable",
     .refuse = refuse,
     .prepare = prepare<kernel_set_portable, attention_rows_portable>,
     .predict = predict<kernel_set_portable>},
#if defined(__x86_64__)
    {.name = "attention_few_avx512",
     .isa = Isa::avx512,
     .refuse = refuse_attention_few,
     .prepare = prepare_attention_few<attention_rows_avx512>,
     .predict = predict_attention_few},
    {.name = "attention_few_avx2",
     .isa = Isa::avx2,
     .refuse = refuse_attention_few,
     .prepare = prepare_attention_few<attention_rows_avx2>,
     .predict = predict_attention_few},
#endif
    {.name = "attention_few_portable",
     .refuse = refuse_attention_few,
     .prepare = prepare_attention_few<attention_rows_portable>,
     .predict = predict_attention_few},
    {.name = "attention_mma_opencl",
     .refuse = refuse_attention_mma,
     .prepare = prepare_attention_mma,
     .device = "opencl",
     .predict = predict_attention_mma},
    {.name = "attention_tiles_opencl",
     .refuse = refuse_attention_tiles,
     .prepare = prepare_attention_tiles,
     .device = "opencl",
     .predict = predict_attention_tiles},
    {.name = "attention_queries_opencl",
     .refuse = refuse_attention_queries,
     .prepare = prepare_attention_queries,
     .device = "opencl",
     .predict = predict_attention_queries},
};

}  // namespace

std::span<const Tactic> attention_tactics() { return kTactics; }

}  // namespace vireo::ops
