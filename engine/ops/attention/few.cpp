// attention for few queries. A tile is a part of the keys for all queries that share them (those of a group of heads):
// keys and values are read once, where they are, and each block of keys is weighed while it is in cache; weights are
// those of the greatest score so far, and what was summed up is scaled when there is a greater one. Parts are joined in
// a second phase. Bound by what memory gives of keys and values.
#include "engine/ops/attention/few.h"

#include <cmath>
#include <limits>

#include "engine/base/text.h"
#include "engine/ops/shared/reference.h"
#include "engine/ops/shared/shape.h"

namespace vireo::ops {
namespace {

using graph::Desc;

constexpr std::int64_t kBlock = 64;         // keys at a time
constexpr std::int64_t kMostTogether = 32;  // queries that share keys
constexpr float kNothing = -std::numeric_limits<float>::infinity();

struct Few {
  AttentionGeometry g;
  AttentionSteps q, k, v, y, mask;
  AttentionLimits limits;
  AttentionRows rows{};
  bool has_mask = false, hides = false, has_sinks = false;
  float scale = 1, cap = 0;
  std::int64_t group = 1, together = 1;  ///< heads, and queries, that share keys
  std::int64_t parts = 1;                ///< of the keys
  std::int64_t q_pitch = 0, sums_pitch = 0;
  std::int64_t scores = 0, sums = 0, scratch = 0;  ///< in scratch, in floats

  /// In the workspace, in floats: what a tile leaves of one query.
  [[nodiscard]] std::int64_t left_pitch() const { return sums_pitch + 16; }
};

/// Scores of all queries for the keys [first, first + count), hidden ones -infinity.
void score_block(const Few& s, const TileArgs& args, std::int64_t batch, std::int64_t key_head, std::int64_t first,
                 std::int64_t count, const AttentionRange* seen) noexcept {
  auto* scratch = reinterpret_cast<float*>(args.scratch);
  float* scores = scratch + s.scores;
  const float* keys = static_cast<const float*>(args.inputs[1]) + s.k.at(batch, key_head, first);
  s.rows.dots(scratch, s.q_pitch, s.together, keys, s.k.row, count, s.g.depth, scores, kBlock);
  if (s.cap > 0) s.rows.cap(scores, kBlock, s.together, count, 1.0f, s.cap);
  const std::int64_t columns = std::clamp<std::int64_t>(s.limits.keys - first, 0, count);
  for (std::int64_t r = 0; r < s.together; ++r) {
    float* row = scores + r * kBlock;
    if (s.has_mask) {
      const std::int64_t at = s.mask.at(batch, key_head * s.group + r / s.g.queries, r % s.g.queries) + first;
      if (!s.hides) {
        s.rows.add_mask(row, kBlock, 1, columns, 1.0f, static_cast<const float*>(args.inputs[kAttentionMask]) + at, 0);
      } else {
        const bool* mask = static_cast<const bool*>(args.inputs[kAttentionMask]) + at;
        for (std::int64_t j = 0; j < columns; ++j) row[j] = mask[j] ? row[j] : kNothing;
      }
    }
    for (std::int64_t j = 0; j < count && first + j < seen[r].first; ++j) row[j] = kNothing;
    for (std::int64_t j = std::max<std::int64_t>(seen[r].end - first, 0); j < count; ++j) row[j] = kNothing;
  }
}

void write_row(const Few& s, const TileArgs& args, std::int64_t batch, std::int64_t key_head, std::int64_t r,
               const float* sums, float sum) noexcept {
  float* y =
      static_cast<float*>(args.outputs[0]) + s.y.at(batch, key_head * s.group + r / s.g.queries, r % s.g.queries);
  const float factor = sum == 0 ? 0 : 1 / sum;
  for (std::int64_t d = 0; d < s.g.width; ++d) y[d] = sums[d] * factor;
}

void run_few(const TileArgs& args) noexcept {
  const Few& s = *static_cast<const Few*>(args.state);
  const std::int64_t *offsets = attention_places(args, s.limits.offsets, kAttentionOffsets),
                     *lengths = attention_places(args, s.limits.lengths, kAttentionLengths);
  if (!s.limits.right_lengths(lengths, s.g.batch, s.g.keys))
    return args.fault->store(kAttentionLengthFault, std::memory_order_relaxed);
  const std::int64_t part = args.tile % s.parts, which = args.tile / s.parts, batch = which / s.g.key_heads,
                     key_head = which % s.g.key_heads;
  auto* scratch = reinterpret_cast<float*>(args.scratch);
  const std::int64_t blocks = (s.g.keys + kBlock - 1) / kBlock, begin = blocks * part / s.parts * kBlock,
                     end = std::min(blocks * (part + 1) / s.parts * kBlock, s.g.keys);
  AttentionRange seen[kMostTogether];
  AttentionSeen state[kMostTogether];
  std::int64_t first = end, last = begin;
  for (std::int64_t r = 0; r < s.together; ++r) {
    const AttentionRange range = s.limits.seen(batch, r % s.g.queries, offsets, lengths);
    seen[r] = range;
    state[r] = {kNothing, 0};
    if (s.has_sinks && part == 0)
      state[r] = {static_cast<const float*>(args.inputs[kAttentionSinks])[key_head * s.group + r / s.g.queries], 1};
    if (range.first < range.end) first = std::min(first, range.first), last = std::max(last, range.end);
    const float* q = static_cast<const float*>(args.inputs[0]) +
                     s.q.at(batch, key_head * s.group + r / s.g.queries, r % s.g.queries);
    for (std::int64_t d = 0; d < s.g.depth; ++d) scratch[r * s.q_pitch + d] = q[d] * s.scale;
    std::fill_n(scratch + s.sums + r * s.sums_pitch, s.g.width, 0.0f);
  }
  first = std::max(first, begin);
  last = std::min(last, end);
  for (std::int64_t at = first; at < last; at += kBlock) {
    const std::int64_t count = std::min(kBlock, last - at);
    score_block(s, args, batch, key_head, at, count, seen);
    const float* values = static_cast<const float*>(args.inputs[2]) + s.v.at(batch, key_head, at);
    for (std::int64_t r = 0; r < s.together; ++r)
      s.rows.absorb(scratch + s.scores + r * kBlock, count, values, s.v.row, s.g.width,
                    scratch + s.sums + r * s.sums_pitch, state[r]);
  }
  for (std::int64_t r = 0; r < s.together; ++r) {
    const float* sums = scratch + s.sums + r * s.sums_pitch;
    if (s.parts == 1) {
      write_row(s, args, batch, key_head, r, sums, state[r].sum);
      continue;
    }
    float* left = reinterpret_cast<float*>(args.workspace) + (args.tile * s.together + r) * s.left_pitch();
    left[0] = state[r].top;
    left[1] = state[r].sum;
    std::copy_n(sums, s.g.width, left + 16);
  }
}

/// One query of all that share keys: what the parts left of it.
void join_few(const TileArgs& args) noexcept {
  const Few& s = *static_cast<const Few*>(args.state);
  const std::int64_t r = args.tile % s.together, which = args.tile / s.together;
  const auto part_of = [&](std::int64_t part) {
    return reinterpret_cast<float*>(args.workspace) + ((which * s.parts + part) * s.together + r) * s.left_pitch();
  };
  float top = kNothing, sum = 0;
  for (std::int64_t part = 0; part < s.parts; ++part) top = std::max(top, part_of(part)[0]);
  auto* sums = reinterpret_cast<float*>(args.scratch);
  std::fill_n(sums, s.g.width, 0.0f);
  for (std::int64_t part = 0; part < s.parts; ++part) {
    const float* left = part_of(part);
    if (left[1] == 0) continue;
    const float factor = std::exp(left[0] - top);
    sum += left[1] * factor;
    for (std::int64_t d = 0; d < s.g.width; ++d) sums[d] += left[16 + d] * factor;
  }
  write_row(s, args, which / s.g.key_heads, which % s.g.key_heads, r, sums, sum);
}

std::int64_t parts_of(const AttentionGeometry& g, int workers) {
  constexpr std::int64_t kLeast = 4 * kBlock;  // keys, or joining costs more than it gains
  const std::int64_t tiles = g.batch * g.key_heads, wanted = (2 * workers + tiles - 1) / tiles;
  return workers == 1 ? 1 : std::clamp<std::int64_t>(g.keys / kLeast, 1, wanted);
}

}  // namespace

bool attention_has_mask(const graph::Problem& p) {
  return p.inputs.size() > kAttentionMask && p.inputs[kAttentionMask].present();
}

bool attention_has_sinks(const graph::Problem& p) {
  return p.inputs.size() > kAttentionSinks && p.inputs[kAttentionSinks].present();
}

AttentionSteps attention_mask_steps(const graph::Problem& p, const AttentionGeometry& g) {
  if (!attention_has_mask(p)) return {};
  const Dims& mask = p.inputs[kAttentionMask].dims;
  const Dims steps = broadcast_strides(mask, attention_mask_extents(g, mask));
  return {steps[0], steps[1], steps[2]};
}

std::string refuse_attention_cpu(const graph::Problem& p) {
  for (std::size_t i = 0; i < 3; ++i)
    if (p.inputs[i].dtype != DataType::float32) return base::str("an input is ", p.inputs[i].dtype, ", not float32");
  if (!p.outputs[0].present() || (p.outputs.size() > 1 && p.outputs[1].present())) return "gives no scores";
  const AttentionGeometry g = attention_geometry(*p.attributes, p.inputs[0].dims, p.inputs[1].dims, p.inputs[2].dims);
  if (p.outputs[0].count() == 0 || g.keys == 0 || g.depth == 0) return "an extent is 0";
  if (std::string why = refuse_extents(p); !why.empty()) return why;
  const double cap = p.attributes->real("softcap", 0), scale = attention_scale(*p.attributes, g);
  if (!(scale > 0) || !std::isfinite(static_cast<float>(scale)) || static_cast<float>(scale) == 0)
    return "the scale is not positive";
  if (cap > 0 && (!std::isfinite(static_cast<float>(scale / cap)) || static_cast<float>(cap) == 0 ||
                  !std::isfinite(static_cast<float>(cap))))
    return "the cap of scores is too small or too large";
  if (!attention_has_mask(p)) return {};
  const Desc& mask = p.inputs[kAttentionMask];
  if (mask.dtype != DataType::float32 && mask.dtype != DataType::boolean) return "the mask is of another type";
  const std::int64_t columns = attention_mask_extents(g, mask.dims)[3];
  if (mask.dims.empty() || mask.dims.back() != columns || columns == 0 || !mask.dense())
    return "the mask has no dense rows of keys";
  return {};
}

std::string refuse_attention_few(const graph::Problem& p) {
  if (std::string why = refuse_attention_cpu(p); !why.empty()) return why;
  const AttentionGeometry g = attention_geometry(*p.attributes, p.inputs[0].dims, p.inputs[1].dims, p.inputs[2].dims);
  if (g.queries * (g.heads / g.key_heads) > kMostTogether) return "many queries share keys";
  if (std::max(g.depth, g.width) > (1 << 16)) return "heads are very wide";
  return {};
}

graph::Launch prepare_attention_few(const graph::Problem& p, const AttentionRows& rows) {
  auto state = std::make_shared<Few>();
  Few& s = *state;
  const Desc &q = p.inputs[0], &k = p.inputs[1], &v = p.inputs[2];
  s.g = attention_geometry(*p.attributes, q.dims, k.dims, v.dims);
  s.q = s.g.q_steps(q.pitch);
  s.k = s.g.k_steps(k.pitch);
  s.v = s.g.v_steps(v.pitch);
  s.y = s.g.y_steps(p.outputs[0].pitch);
  s.mask = attention_mask_steps(p, s.g);
  s.limits = attention_limits(p, s.g);
  s.rows = rows;
  s.has_mask = attention_has_mask(p);
  s.hides = s.has_mask && p.inputs[kAttentionMask].dtype == DataType::boolean;
  s.has_sinks = attention_has_sinks(p);
  s.scale = static_cast<float>(attention_scale(*p.attributes, s.g));
  s.cap = static_cast<float>(p.attributes->real("softcap", 0));
  s.group = s.g.heads / s.g.key_heads;
  s.together = s.group * s.g.queries;
  s.parts = parts_of(s.g, p.workers);
  const auto round_up = [](std::int64_t floats) { return (floats + 15) / 16 * 16; };
  s.q_pitch = round_up(s.g.depth);
  s.sums_pitch = round_up(s.g.width);
  s.scores = s.together * s.q_pitch;
  s.sums = s.scores + s.together * kBlock;
  s.scratch = s.sums + s.together * s.sums_pitch;
  graph::CpuLaunch launch;
  const std::int64_t tiles = s.g.batch * s.g.key_heads * s.parts;
  launch.phases.push_back({run_few, tiles});
  if (s.parts > 1) {
    launch.phases.push_back({join_few, s.g.batch * s.g.heads * s.g.queries});
    launch.workspace_bytes = static_cast<std::size_t>(tiles * s.together * s.left_pitch()) * sizeof(float);
  }
  launch.scratch_bytes = static_cast<std::size_t>(s.scratch) * sizeof(float);
  launch.state = std::move(state);
  return launch;
}

double predict_attention_few(const graph::Problem& p) {
  const AttentionGeometry g = attention_geometry(*p.attributes, p.inputs[0].dims, p.inputs[1].dims, p.inputs[2].dims);
  const double columns = static_cast<double>(g.depth + g.width), keys = static_cast<double>(g.keys),
               tiles = static_cast<double>(g.batch * g.key_heads * parts_of(g, p.workers));
  const double read = 0.15e-9 * columns * keys * static_cast<double>(g.batch * g.key_heads),
               work = 0.045e-9 * columns * keys * static_cast<double>(g.batch * g.heads * g.queries);
  return 1e-6 + std::max(read, work) / std::min(static_cast<double>(p.workers), tiles);
}

}  // namespace vireo::ops
