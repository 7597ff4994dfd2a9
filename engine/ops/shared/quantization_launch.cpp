#include "engine/ops/shared/quantization_launch.h"

#include <algorithm>

namespace vireo::ops {
namespace {

constexpr std::int64_t kMostOfRun = 8192;      // elements
constexpr std::int64_t kTileElements = 16384;  // that make a tile worthwhile

struct QuantizationState {
  QuantizationRuns runs;
  std::int64_t chunk = 1;  ///< runs of a tile
  std::size_t from_size = 0, to_size = 0, zero_size = 0;
  bool zero = false, one_zero = true, multiply = false;
  Quantize quantize = nullptr;
  Dequantize dequantize = nullptr;
};

void run_quantization(const TileArgs& args) noexcept {
  const auto& s = *static_cast<const QuantizationState*>(args.state);
  const auto* x = static_cast<const std::byte*>(args.inputs[0]);
  auto* y = static_cast<std::byte*>(args.outputs[0]);
  const auto* scale = static_cast<const float*>(args.inputs[1]);
  const auto* zero = s.zero ? static_cast<const std::byte*>(args.inputs[2]) : nullptr;
  const std::int64_t end = std::min((args.tile + 1) * s.chunk, s.runs.count());
  for (std::int64_t i = args.tile * s.chunk; i < end; ++i) {
    const QuantizationRun r = s.runs.run(i);
    if (r.count == 0) continue;
    const auto at = static_cast<std::size_t>(r.begin), k = static_cast<std::size_t>(r.scale);
    const QuantizeRun how{scale + k, zero && !s.one_zero ? zero + k * s.zero_size : zero, r.one_scale,
                          r.one_scale || s.one_zero, s.multiply};
    if (s.quantize) s.quantize(x + at * s.from_size, y + at * s.to_size, r.count, how);
    else s.dequantize(x + at * s.from_size, reinterpret_cast<float*>(y) + at, r.count, how);
  }
}

Launch prepare_runs(const Problem& p, Quantize quantize, Dequantize dequantize) {
  const QuantizationGroups groups(*p.attributes, p.inputs[0].dims, p.inputs[1].dims);
  auto state = std::make_shared<QuantizationState>(
      QuantizationState{.runs = QuantizationRuns(groups, p.inputs[0].count(), kMostOfRun)});
  QuantizationState& s = *state;
  s.from_size = size_of(p.inputs[0].dtype);
  s.to_size = size_of(p.outputs[0].dtype);
  s.zero = p.inputs.size() > 2 && p.inputs[2].present();
  s.zero_size = s.zero ? size_of(p.inputs[2].dtype) : 0;
  s.one_zero = !s.zero || p.inputs[2].count() == 1;
  s.multiply = p.attributes->integer("multiply", 0) != 0;
  s.quantize = quantize;
  s.dequantize = dequantize;
  const std::int64_t each = std::max<std::int64_t>(1, p.inputs[0].count() / std::max<std::int64_t>(1, s.runs.count()));
  s.chunk = std::max<std::int64_t>({1, kTileElements / each, s.runs.count() / (32 * p.workers) + 1});
  graph::CpuLaunch launch;
  launch.phases = {{run_quantization, (s.runs.count() + s.chunk - 1) / s.chunk}};
  launch.state = std::move(state);
  return launch;
}

}  // namespace

std::string refuse_quantization(const Problem& p) {
  if (p.inputs[1].dtype != DataType::float32) return "takes scales of float32";
  for (const graph::Desc& d : p.inputs)
    if (d.present() && !d.dense()) return "takes dense tensors only";
  if (!p.outputs[0].dense()) return "takes dense tensors only";
  if (p.outputs[0].count() == 0) return "nothing to do";
  if (p.attributes->has("precision")) return "divides in float32 only";
  try {
    const QuantizationGroups groups(*p.attributes, p.inputs[0].dims, p.inputs[1].dims);
  } catch (const Error& error) {
    return error.what();
  }
  if (p.inputs.size() > 2 && p.inputs[2].present() && p.inputs[2].count() != 1 &&
      p.inputs[2].count() != p.inputs[1].count())
    return "takes a zero point for each scale";
  return {};
}

Launch prepare_quantize(const Problem& problem, Quantize run) { return prepare_runs(problem, run, nullptr); }
Launch prepare_dequantize(const Problem& problem, Dequantize run) { return prepare_runs(problem, nullptr, run); }

}  // namespace vireo::ops
