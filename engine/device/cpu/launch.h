#pragma once
// What runs on the CPU: phases of independent tiles. The body of a tile is a pure function of (state, tile, pointers,
// scratch): it allocates nothing, starts no thread, throws nothing, and knows no graph. Workers call it concurrently
// for different tiles of the same phase; between two phases all workers meet.

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "engine/device/launch.h"

namespace vireo::device {

struct TileArgs {
  const void* state;          ///< CpuLaunch::state
  const void* const* inputs;  ///< one per input of the problem; null for absent ones; constants included
  void* const* outputs;       ///< one per output
  std::byte* scratch;         ///< CpuLaunch::scratch_bytes, this worker's own, 64-byte aligned, contents undefined
  std::byte* workspace;       ///< LaunchBase::workspace_bytes, shared by all tiles and phases of this step
  std::int64_t tile;          ///< 0 <= tile < Phase::tiles
  std::atomic<const char*>* fault;  ///< where to park a static message when the data make the result impossible
};
using TileFunction = void (*)(const TileArgs&) noexcept;

struct Phase {
  TileFunction run = nullptr;
  std::int64_t tiles = 0;
};

/// A way to compute a launch row by row, so that several layers can pass rows on while they are in cache
/// (engine/compile/depth_first.h). A row is one entry of the spatial row axis of one image: all its pixels and
/// channels. The pointers of input 0 and of the output may be virtual: only the rows asked for, and those they read,
/// exist. Rows of all other inputs that are as large as the output are at their absolute place.
struct Rows {
  /// Computes rows [begin, end) of the output's image n; args.tile means nothing, args.state is Rows::state.
  void (*run)(const TileArgs& args, std::int64_t n, std::int64_t begin, std::int64_t end) noexcept = nullptr;
  std::shared_ptr<const void> state;
  std::size_t scratch_bytes = 0;
  std::int64_t count = 0;  ///< rows of an image
  /// Row r reads rows r * stride - before … r * stride - before + window - 1 of input 0, as far as they exist.
  std::int64_t stride = 1, before = 0, window = 1;
};

/// `takes`: input 0 may be virtual; `gives`: the output may be.
struct RowRole {
  bool takes = false, gives = false;
};

struct CpuLaunch final : LaunchBase {
  std::vector<Phase> phases;
  std::shared_ptr<const void> state;  ///< packed weights, sizes, strides: immutable, shared by contexts
  std::size_t scratch_bytes = 0;      ///< for each worker
  Rows rows;                          ///< set where Tactic::rows says so
};

/// A launch that is known to be the CPU's.
[[nodiscard]] inline const CpuLaunch& cpu_launch(const Launch& launch) { return *launch.as<CpuLaunch>(); }

}  // namespace vireo::device
