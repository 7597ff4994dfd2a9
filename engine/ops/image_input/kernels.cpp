// Whole rows, so that they can be handed to a first convolution while they are in cache (engine/compile/depth_first.h).
#include "engine/ops/image_input/kernels.h"

#include <algorithm>

#include "engine/base/text.h"
#include "engine/ops/shared/shape.h"

namespace vireo::ops {
namespace {

using Set = ImageRowKernels (*)();

constexpr std::int64_t kVector = 16;   // floats in the widest vector
constexpr std::int64_t kTile = 16384;  // values that make a tile worthwhile

struct State : ImageInputState {
  ImageRows run = nullptr;
  std::vector<float> scales, shifts;
};

void run_rows(const TileArgs& args, std::int64_t n, std::int64_t begin, std::int64_t end) noexcept {
  const State& s = *static_cast<const State*>(args.state);
  s.run(s, args.inputs[0], static_cast<float*>(args.outputs[0]), n * s.height + begin, n * s.height + end);
}

void run_tile(const TileArgs& args) noexcept {
  const State& s = *static_cast<const State*>(args.state);
  s.run(s, args.inputs[0], static_cast<float*>(args.outputs[0]), args.tile * s.chunk,
        std::min((args.tile + 1) * s.chunk, s.rows));
}

std::string refuse(const Problem& p) {
  for (const graph::Desc& d : p.inputs)
    if (!d.dense()) return "an input has gaps";
  if (!p.outputs[0].dense()) return "the output has gaps";
  if (p.outputs[0].dtype != DataType::float32) return "makes float32 only";
  if (!p.inputs[1].constant || !p.inputs[2].constant) return "scale or shift is not constant";
  return p.outputs[0].count() == 0 ? "nothing to do" : "";
}

template <Set kSet>
Launch prepare(const Problem& p) {
  auto state = std::make_shared<State>();
  State& s = *state;
  const Dims& out = p.outputs[0].dims;
  s.height = out[1];
  s.width = out[2];
  s.channels = out[3];
  s.rows = out[0] * s.height;
  s.planes = p.attributes->text("layout", "nchw") == "nchw";
  s.chunk = std::max<std::int64_t>(1, kTile / (s.width * s.channels));
  s.run = p.inputs[0].dtype == DataType::uint8 ? kSet().bytes : kSet().floats;
  s.period = s.channels * kVector;
  for (std::int64_t i = 0; i < s.period; ++i) {
    s.scales.push_back(p.inputs[1].constant->as<float>()[i % s.channels]);
    s.shifts.push_back(p.inputs[2].constant->as<float>()[i % s.channels]);
  }
  s.scale = s.scales.data();
  s.shift = s.shifts.data();
  graph::CpuLaunch launch;
  launch.phases = {{run_tile, (s.rows + s.chunk - 1) / s.chunk}};
  launch.unread_inputs = 0b110;
  launch.rows.run = run_rows;
  launch.rows.state = state;
  launch.rows.count = s.height;
  launch.state_bytes = static_cast<std::size_t>(2 * s.period) * sizeof(float);
  launch.state = std::move(state);
  return launch;
}

graph::RowRole by_rows(const Problem&) { return {false, true}; }

constexpr Tactic kTactics[] = {
#if defined(__x86_64__)
    {.name = "image_input_rows_avx512",
     .isa = graph::Isa::avx512,
     .refuse = refuse,
     .prepare = prepare<image_rows_avx512>,
     .rows = by_rows},
    {.name = "image_input_rows_avx2",
     .isa = graph::Isa::avx2,
     .refuse = refuse,
     .prepare = prepare<image_rows_avx2>,
     .rows = by_rows},
#endif
    {.name = "image_input_rows_portable", .refuse = refuse, .prepare = prepare<image_rows_portable>, .rows = by_rows},
    {.name = "image_input_pixels_opencl",
     .refuse = refuse_image_input_opencl,
     .prepare = prepare_image_input_opencl,
     .device = "opencl"},
};

}  // namespace

std::span<const Tactic> image_input_tactics() { return kTactics; }

}  // namespace vireo::ops
