#pragma once
// Runs a Launch the unkind way: tiles of each phase in random order, scratch and workspace full of garbage before every
// tile and phase, outputs full of NaN patterns before the first. For tests of kernels; single thread.

#include <algorithm>
#include <atomic>
#include <cstring>
#include <numeric>
#include <random>
#include <vector>

#include "engine/base/memory.h"
#include "engine/graph/tactic.h"

namespace vireo::testing {

/// Returns the message a tile left, or null.
inline const char* run_launch(const graph::Launch& prepared, const std::vector<const void*>& inputs,
                              const std::vector<void*>& outputs, std::mt19937& random) {
  const graph::CpuLaunch& launch = device::cpu_launch(prepared);
  const auto scratch = base::allocate_aligned(launch.scratch_bytes + 64);
  const auto workspace = base::allocate_aligned(launch.workspace_bytes + 64);
  std::memset(workspace.get(), 0xfb, launch.workspace_bytes);
  std::atomic<const char*> fault{nullptr};
  for (const graph::Phase& phase : launch.phases) {
    std::vector<std::int64_t> order(static_cast<std::size_t>(phase.tiles));
    std::iota(order.begin(), order.end(), std::int64_t{0});
    std::shuffle(order.begin(), order.end(), random);
    for (std::int64_t tile : order) {
      std::memset(scratch.get(), 0xfb, launch.scratch_bytes);
      phase.run({launch.state.get(), inputs.data(), outputs.data(), scratch.get(), workspace.get(), tile, &fault});
    }
  }
  return fault.load();
}

}  // namespace vireo::testing
