// A tile is some columns of one head's state, which columns change independently of each other; the state stays in
// scratch, in the first cache, while all entries pass. Bound by multiply-adds on it.
#include <algorithm>
#include <cmath>

#include "engine/ops/linear_attention/geometry.h"
#include "engine/ops/shared/shape.h"

namespace vireo::ops {
namespace {

constexpr std::int64_t kColumns = 16;  // of a tile: one or two vectors

struct State {
  LinearAttention g;
  std::int64_t parts = 1;  ///< of a head's columns
  std::int64_t q_pitch = 0, k_pitch = 0, v_pitch = 0, y_pitch = 0, decay_pitch = 0, rate_pitch = 0, before_pitch = 0,
               after_pitch = 0;
  bool before = false, after = false;
};

using Row = float[kColumns];

/// The columns' state at one entry: `decay` null for none, with a factor a row or (step 0) one for all.
void advance_columns(Row* state, std::int64_t depth, const float* k, const Row& value, const float* decay,
                     std::int64_t step, const float* rate) noexcept {
  Row found{}, added;
  for (std::int64_t d = 0; d < depth; ++d) {
    const float kept = decay ? decay[d * step] : 1.0f;
    for (std::int64_t m = 0; m < kColumns; ++m) state[d][m] *= kept;
    for (std::int64_t m = 0; m < kColumns; ++m) found[m] += state[d][m] * k[d];
  }
  for (std::int64_t m = 0; m < kColumns; ++m) added[m] = rate ? *rate * (value[m] - found[m]) : value[m];
  for (std::int64_t d = 0; d < depth; ++d)
    for (std::int64_t m = 0; m < kColumns; ++m) state[d][m] += k[d] * added[m];
}

void run_tile(const TileArgs& args) noexcept {
  const State& s = *static_cast<const State*>(args.state);
  const LinearAttention& g = s.g;
  const auto input = [&](std::size_t k) { return static_cast<const float*>(args.inputs[k]); };
  const std::int64_t part = args.tile % s.parts, head = args.tile / s.parts % g.key_heads,
                     b = args.tile / s.parts / g.key_heads, column = part * kColumns,
                     columns = std::min(kColumns, g.width - column), group = g.heads / g.key_heads;
  auto* state = reinterpret_cast<Row*>(args.scratch);
  float* factors = reinterpret_cast<float*>(state + g.depth);
  const std::int64_t rows = (b * g.key_heads + head) * g.depth;
  for (std::int64_t d = 0; d < g.depth; ++d)
    for (std::int64_t m = 0; m < kColumns; ++m)
      state[d][m] = s.before && m < columns ? input(kLinearState)[(rows + d) * s.before_pitch + column + m] : 0.0f;
  for (std::int64_t t = 0; t < g.entries; ++t) {
    const std::int64_t at = b * g.entries + t;
    Row value{};
    std::copy_n(input(2) + at * s.v_pitch + head * g.width + column, columns, value);
    if (g.decays) {
      const float* decay = input(kLinearDecay) + at * s.decay_pitch + head * (g.decay_each ? g.depth : 1);
      for (std::int64_t d = 0; d < (g.decay_each ? g.depth : 1); ++d) factors[d] = std::exp(decay[d]);
    }
    advance_columns(state, g.depth, input(1) + at * s.k_pitch + head * g.depth, value, g.decays ? factors : nullptr,
                    g.decay_each ? 1 : 0,
                    g.corrects ? input(kLinearRate) + at * s.rate_pitch + (g.rate_each ? head : 0) : nullptr);
    for (std::int64_t i = head * group; i < (head + 1) * group; ++i) {
      const float* q = input(0) + at * s.q_pitch + i * g.depth;
      Row sum{};
      for (std::int64_t d = 0; d < g.depth; ++d)
        for (std::int64_t m = 0; m < kColumns; ++m) sum[m] += q[d] * state[d][m];
      float* y = static_cast<float*>(args.outputs[0]) + at * s.y_pitch + i * g.width + column;
      for (std::int64_t m = 0; m < columns; ++m) y[m] = static_cast<float>(g.scale) * sum[m];
    }
  }
  for (std::int64_t d = 0; d < g.depth && s.after; ++d)
    std::copy_n(state[d], columns, static_cast<float*>(args.outputs[1]) + (rows + d) * s.after_pitch + column);
}

std::string refuse_linear(const Problem& p) {
  for (const graph::Desc& desc : p.inputs)
    if (desc.present() && desc.dtype != DataType::float32) return "takes float32 only";
  if (!p.outputs[0].present() || p.outputs[0].count() == 0) return "nothing to do";
  const LinearAttention g =
      linear_attention_geometry(*p.attributes, p.inputs[0].dims, p.inputs[2].dims, nullptr, nullptr);
  return g.depth == 0 || g.depth > (1 << 16) ? "the depth of a head is 0 or more than 65536" : "";
}

Launch prepare_linear(const Problem& p) {
  auto state = std::make_shared<State>();
  State& s = *state;
  const auto input = [&p](std::size_t k) {
    return k < p.inputs.size() && p.inputs[k].present() ? &p.inputs[k] : nullptr;
  };
  const graph::Desc *decay = input(kLinearDecay), *rate = input(kLinearRate), *before = input(kLinearState);
  s.g = linear_attention_geometry(*p.attributes, p.inputs[0].dims, p.inputs[2].dims, decay ? &decay->dims : nullptr,
                                  rate ? &rate->dims : nullptr);
  s.parts = (s.g.width + kColumns - 1) / kColumns;
  s.q_pitch = p.inputs[0].pitch;
  s.k_pitch = p.inputs[1].pitch;
  s.v_pitch = p.inputs[2].pitch;
  s.y_pitch = p.outputs[0].pitch;
  s.decay_pitch = decay ? decay->pitch : 0;
  s.rate_pitch = rate ? rate->pitch : 0;
  s.before = before != nullptr;
  s.before_pitch = before ? before->pitch : 0;
  s.after = p.outputs.size() > 1 && p.outputs[1].present();
  s.after_pitch = s.after ? p.outputs[1].pitch : 0;
  graph::CpuLaunch launch;
  launch.phases = {{run_tile, s.g.batch * s.g.key_heads * s.parts}};
  launch.scratch_bytes = static_cast<std::size_t>(s.g.depth * (kColumns + 1)) * sizeof(float);
  launch.state = std::move(state);
  return launch;
}

constexpr Tactic kTactics[] = {
    {.name = "linear_attention_columns_portable", .refuse = refuse_linear, .prepare = prepare_linear}};

}  // namespace

std::span<const Tactic> linear_attention_tactics() { return kTactics; }

}  // namespace vireo::ops
