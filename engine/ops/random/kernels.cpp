// The elements as the specification has them, by all workers. Bound by the logarithms and cosines.
#include <algorithm>

#include "engine/ops/random/random.h"

namespace vireo::ops {
namespace {

constexpr std::int64_t kDrawn = 4096;  // elements of a tile

struct State {
  RandomDraw draw;
  std::int64_t count = 0;
};

void run(const TileArgs& args) noexcept {
  const State& s = *static_cast<const State*>(args.state);
  const std::int64_t first = args.tile * kDrawn;
  draw_floats(s.draw, first, std::min(first + kDrawn, s.count), static_cast<float*>(args.outputs[0]));
}

std::string refuse(const Problem& p) {
  if (p.outputs[0].dtype != DataType::float32 || !p.outputs[0].dense()) return "writes dense float32 only";
  return p.outputs[0].count() == 0 ? "nothing to do" : "";
}

Launch prepare(const Problem& p) {
  auto s = std::make_shared<State>();
  s->draw = random_draw(*p.attributes, p.outputs[0].dims);
  s->count = p.outputs[0].count();
  CpuLaunch launch;
  launch.phases = {{run, (s->count + kDrawn - 1) / kDrawn}};
  launch.unread_inputs = 0b1;
  launch.state = std::move(s);
  return launch;
}

constexpr Tactic kTactics[] = {{.name = "random_elements_portable", .refuse = refuse, .prepare = prepare}};

}  // namespace

std::span<const Tactic> random_tactics() { return kTactics; }

}  // namespace vireo::ops
