// Linear sampling of planes [N, C, H, W], float32, padding zeros or border. A tile takes some points of one sample: their
// taps are worked out once, then every channel reads by them.
#include <algorithm>
#include <cmath>

#include "engine/ops/shared/shape.h"

namespace vireo::ops {
namespace {

constexpr std::int64_t kPoints = 128;

struct State {
  std::int64_t batch, channels, height, width, points, blocks;
  bool align, border;
};

struct Tap {
  std::int32_t at[4];
  float weight[4];
};

/// The two neighbours of a coordinate, and their weights; outside neighbours weigh nothing (zeros) or are the border.
inline void neighbours(float coordinate, std::int64_t extent, const State& s, std::int64_t (&at)[2], float (&weight)[2]) {
  const auto n = static_cast<float>(extent);
  float x = s.align ? (coordinate + 1) / 2 * (n - 1) : ((coordinate + 1) * n - 1) / 2;
  if (s.border) x = std::min(std::max(x, 0.0f), n - 1);
  if (!(x > -1 && x < n)) {
    at[0] = at[1] = 0;
    weight[0] = weight[1] = 0;
    return;
  }
  const float base = std::floor(x), fraction = x - base;
  const auto low = static_cast<std::int64_t>(base);
  at[0] = std::max<std::int64_t>(low, 0);
  at[1] = std::min(low + 1, extent - 1);
  weight[0] = low >= 0 ? 1 - fraction : 0;
  weight[1] = low + 1 < extent ? fraction : 0;
}

void run(const graph::TileArgs& args) noexcept {
  const auto& s = *static_cast<const State*>(args.state);
  const std::int64_t n = args.tile / s.blocks, first = args.tile % s.blocks * kPoints, count = std::min(kPoints, s.points - first);
  const float* grid = static_cast<const float*>(args.inputs[1]) + (n * s.points + first) * 2;
  Tap taps[kPoints];
  for (std::int64_t i = 0; i < count; ++i) {
    std::int64_t columns[2], rows[2];
    float wx[2], wy[2];
    neighbours(grid[2 * i], s.width, s, columns, wx);
    neighbours(grid[2 * i + 1], s.height, s, rows, wy);
    for (int k = 0; k < 4; ++k) {
      taps[i].at[k] = static_cast<std::int32_t>(rows[k / 2] * s.width + columns[k % 2]);
      taps[i].weight[k] = wy[k / 2] * wx[k % 2];
    }
  }
  for (std::int64_t c = 0; c < s.channels; ++c) {
    const float* plane = static_cast<const float*>(args.inputs[0]) + (n * s.channels + c) * s.height * s.width;
    float* y = static_cast<float*>(args.outputs[0]) + (n * s.channels + c) * s.points + first;
    for (std::int64_t i = 0; i < count; ++i) {
      const Tap& t = taps[i];
      y[i] = (t.weight[0] * plane[t.at[0]] + t.weight[1] * plane[t.at[1]]) + (t.weight[2] * plane[t.at[2]] + t.weight[3] * plane[t.at[3]]);
    }
  }
}

std::string refuse(const Problem& p) {
  for (const graph::Desc& in : p.inputs)
    if (in.dtype != DataType::float32 || !in.dense()) return "takes dense float32 only";
  if (!p.outputs[0].dense()) return "takes dense float32 only";
  if (p.attributes->text("mode", "linear") != "linear" || p.inputs[0].dims.size() != 4) return "takes linear sampling of planes only";
  if (p.attributes->text("padding_mode", "zeros") == "reflection") return "takes padding zeros and border only";
  if (p.outputs[0].count() == 0 || p.inputs[0].count() == 0) return "nothing to do";
  return p.inputs[0].dims[2] * p.inputs[0].dims[3] > INT32_MAX ? "the plane is too large" : "";
}

Launch prepare(const Problem& p) {
  const Dims &in = p.inputs[0].dims, &out = p.outputs[0].dims;
  const std::int64_t points = out[2] * out[3];
  auto state = std::make_shared<State>(State{in[0], in[1], in[2], in[3], points, (points + kPoints - 1) / kPoints,
                                             p.attributes->integer("align_corners", 0) != 0, p.attributes->text("padding_mode", "zeros") == "border"});
  Launch launch;
  launch.phases = {{&run, state->batch * state->blocks}};
  launch.state = std::move(state);
  return launch;
}

constexpr Tactic kTactics[] = {{.name = "grid_sample_planes", .refuse = refuse, .prepare = prepare}};

}  // namespace

std::span<const Tactic> grid_sample_tactics() { return kTactics; }

}  // namespace vireo::ops
