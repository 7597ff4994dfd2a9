#pragma once
// Runs one tactic of one layer without the runtime, as unkindly as the contract allows: tiles in random order, scratch
// and workspace full of NaN, rows with gaps, memory of exactly the promised size. One thread.

#include <cmath>
#include <cstring>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "engine/base/cpu.h"
#include "engine/base/memory.h"
#include "engine/graph/operator.h"

namespace vireo::tests {

/// Whether this processor takes the tactic.
inline bool available(const graph::Tactic& tactic) {
  return tactic.device == "cpu" && graph::runs_on(tactic.isa, base::cpu_features());
}

/// A float tensor whose innermost rows are `pitch` apart; the gaps hold a sentinel.
struct Strided {
  static constexpr float kGap = -12345.5f;
  Dims dims;
  std::int64_t pitch = 1;
  std::vector<float> memory;

  Strided() = default;
  Strided(Dims d, std::int64_t gap) : dims(std::move(d)), pitch((dims.empty() ? 1 : dims.back()) + gap) {
    const std::int64_t rows = pitch == 0 || row() == 0 ? 0 : element_count(dims) / row();
    memory.assign(static_cast<std::size_t>(rows * pitch), kGap);
  }
  [[nodiscard]] std::int64_t row() const { return dims.empty() ? 1 : dims.back(); }
  void spread(const float* dense) {
    for (std::int64_t i = 0; i < element_count(dims); ++i)
      memory[static_cast<std::size_t>(i / row() * pitch + i % row())] = dense[i];
  }
  [[nodiscard]] std::vector<float> dense() const {
    std::vector<float> out(static_cast<std::size_t>(element_count(dims)));
    for (std::size_t i = 0; i < out.size(); ++i)
      out[i] = memory[i / static_cast<std::size_t>(row()) * static_cast<std::size_t>(pitch) +
                      i % static_cast<std::size_t>(row())];
    return out;
  }
  [[nodiscard]] bool gaps_untouched() const {
    for (std::size_t i = 0; i < memory.size(); ++i)
      if (static_cast<std::int64_t>(i) % pitch >= row() && memory[i] != kGap) return false;
    return true;
  }
};

inline void run_launch(const graph::Launch& prepared, const std::vector<const void*>& inputs,
                       std::vector<void*>& outputs, std::mt19937& random) {
  const graph::CpuLaunch& launch = device::cpu_launch(prepared);
  const auto fill = [](std::byte* p, std::size_t bytes) {
    const float garbage = std::numeric_limits<float>::quiet_NaN();
    for (std::size_t i = 0; i + 4 <= bytes; i += 4) std::memcpy(p + i, &garbage, 4);
  };
  auto workspace = base::allocate_aligned(launch.workspace_bytes + 64);
  fill(workspace.get(), launch.workspace_bytes);
  std::vector<std::shared_ptr<std::byte>> scratch(2);
  for (auto& s : scratch) {
    s = base::allocate_aligned(launch.scratch_bytes + 64);
    fill(s.get(), launch.scratch_bytes);
  }
  for (const graph::Phase& phase : launch.phases) {
    std::vector<std::int64_t> order(static_cast<std::size_t>(phase.tiles));
    for (std::size_t i = 0; i < order.size(); ++i) order[i] = static_cast<std::int64_t>(i);
    std::shuffle(order.begin(), order.end(), random);
    for (const std::int64_t tile : order)
      phase.run(
          {launch.state.get(), inputs.data(), outputs.data(), scratch[random() % 2].get(), workspace.get(), tile});
  }
}

}  // namespace vireo::tests
