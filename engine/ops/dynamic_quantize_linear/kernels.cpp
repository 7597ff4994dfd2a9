// Two phases over the same tiles: the range of each, then, from the range of all, the bytes. Every tile of the second
// phase reads all ranges: they are few.
#include <algorithm>

#include "engine/ops/shared/dynamic_range.h"
#include "engine/ops/shared/quantization_launch.h"

namespace vireo::ops {
namespace {

constexpr std::int64_t kChunk = 16384;  // elements that make a tile worthwhile
constexpr std::int64_t kMostTiles = 128;

struct Extremes {
  float least, greatest;
};

struct State {
  const QuantizationKernels* kernels = nullptr;
  Quantize quantize = nullptr;
  std::int64_t count = 0, chunk = 1, tiles = 0;
  bool outputs[3] = {};
};

void run_ranges(const TileArgs& args) noexcept {
  const auto& s = *static_cast<const State*>(args.state);
  const std::int64_t begin = args.tile * s.chunk;
  Extremes& e = reinterpret_cast<Extremes*>(args.workspace)[args.tile];
  s.kernels->range(static_cast<const float*>(args.inputs[0]) + begin, std::min(s.chunk, s.count - begin), e.least,
                   e.greatest);
}

void run_bytes(const TileArgs& args) noexcept {
  const auto& s = *static_cast<const State*>(args.state);
  Extremes all{0, 0};
  for (std::int64_t i = 0; i < s.tiles; ++i) {
    const Extremes& e = reinterpret_cast<const Extremes*>(args.workspace)[i];
    all = {std::min(all.least, e.least), std::max(all.greatest, e.greatest)};
  }
  const DynamicRange range = dynamic_range(all.least, all.greatest);
  const std::int64_t begin = args.tile * s.chunk;
  if (s.outputs[0])
    s.quantize(static_cast<const float*>(args.inputs[0]) + begin, static_cast<std::uint8_t*>(args.outputs[0]) + begin,
               std::min(s.chunk, s.count - begin), {&range.scale, &range.zero, true, true, false});
  if (args.tile != 0) return;
  if (s.outputs[1]) *static_cast<float*>(args.outputs[1]) = range.scale;
  if (s.outputs[2]) *static_cast<std::uint8_t*>(args.outputs[2]) = range.zero;
}

std::string refuse(const Problem& p) {
  if (!p.inputs[0].dense() || (p.outputs[0].present() && !p.outputs[0].dense())) return "takes dense tensors only";
  return p.inputs[0].count() == 0 ? "nothing to do" : "";
}

template <QuantizationSet kSet>
Launch prepare(const Problem& p) {
  auto state = std::make_shared<State>();
  State& s = *state;
  s.kernels = &kSet();
  s.quantize = s.kernels->quantize(DataType::float32, DataType::uint8);
  s.count = p.inputs[0].count();
  s.chunk = std::max(kChunk, (s.count - 1) / kMostTiles + 1);
  s.tiles = (s.count - 1) / s.chunk + 1;
  for (std::size_t k = 0; k < 3; ++k) s.outputs[k] = k < p.outputs.size() && p.outputs[k].present();
  graph::CpuLaunch launch;
  launch.phases = {{run_ranges, s.tiles}, {run_bytes, s.tiles}};
  launch.workspace_bytes = static_cast<std::size_t>(s.tiles) * sizeof(Extremes);
  launch.state = std::move(state);
  return launch;
}

constexpr Tactic kTactics[] = {
#if defined(__x86_64__)
    {.name = "dynamic_quantize_linear_ranges_avx512",
     .isa = graph::Isa::avx512,
     .refuse = refuse,
     .prepare = prepare<quantization_kernels_avx512>},
    {.name = "dynamic_quantize_linear_ranges_avx2",
     .isa = graph::Isa::avx2,
     .refuse = refuse,
     .prepare = prepare<quantization_kernels_avx2>},
#endif
    {.name = "dynamic_quantize_linear_ranges_portable",
     .refuse = refuse,
     .prepare = prepare<quantization_kernels_portable>},
};

}  // namespace

std::span<const Tactic> dynamic_quantize_linear_tactics() { return kTactics; }

}  // namespace vireo::ops
