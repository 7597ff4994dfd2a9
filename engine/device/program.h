#pragma once
// A program: one network at fixed shapes, ready to run on the CPU. Stages are run one after the other, each beginning
// when the last tile of the one before is done; a stage is a list of phases whose tiles are all independent of each
// other. Immutable once compiled; shared by all contexts that run it. Compiled by engine/compile/compile.h, run by
// engine/device/cpu/executor.h.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "engine/api/engine.h"
#include "engine/graph/graph.h"
#include "engine/graph/tactic.h"

namespace vireo::device {

/// Where a tensor's bytes are: an offset into the arena, into a constant, or into a buffer that the user binds.
struct Place {
  enum class In : std::uint8_t { nowhere, arena, constant, binding };
  In in = In::nowhere;
  std::int32_t index = 0;  ///< which constant, which binding
  std::size_t offset = 0;  ///< bytes
};

/// A tensor that a step writes, for those who look at it from outside (Executor::observe).
struct Made {
  graph::TensorId tensor = graph::kNone;  ///< of Program::source
  std::int64_t pitch = 0;                 ///< elements between rows of the innermost axis
};

struct Step {
  std::string layer, op, tactic;
  graph::Launch launch;
  std::vector<Place> inputs, outputs;
  std::size_t workspace = 0;  ///< offset in the arena
  double flops = 0, bytes = 0;
  double predicted_s = 0;  ///< rough; shares out the time of a stage in profiles
  std::string problem;     ///< what its timings are kept under; empty: a step without a problem
  int workers = 0;         ///< that share its tiles; 0: all
  std::vector<Made> made;  ///< one per output; empty unless the program was compiled to be observed
};

struct StagePhase {
  std::int32_t step = 0;
  std::int32_t phase = 0;
};

struct Stage {
  std::vector<StagePhase> phases;
  std::int64_t tiles = 0;  ///< of all phases
  /// Tiles are taken so many at a time, so that no more workers share them than it is worth.
  std::int64_t portion = 1;
  /// One worker does it all, whoever finished the stage before: no other takes part, and successive stages of this kind
  /// run without a barrier between them.
  [[nodiscard]] bool serial() const { return portion >= tiles; }
  /// Each of `workers` takes one portion; 0: every worker takes tile after tile.
  void share_among(int workers) { portion = workers > 0 ? (tiles + workers - 1) / workers : 1; }
};

struct Binding {
  TensorInfo info;  ///< dims are static
  std::size_t bytes = 0;
  bool output = false;
};

struct Program {
  std::vector<Step> steps;
  std::vector<Stage> stages;
  std::vector<graph::ConstantPtr> constants;
  std::vector<Binding> bindings;    ///< inputs in network order, then outputs
  std::size_t arena_bytes = 0;      ///< activations and workspaces
  std::size_t scratch_bytes = 0;    ///< for each worker
  std::size_t workspace_bytes = 0;  ///< largest workspace + scratch of all workers, what max_workspace limits
  int workers = 1;
  std::vector<LayerReport> report;
  std::shared_ptr<const graph::Graph> source;  ///< null unless the program was compiled to be observed
};

/// A tensor as it is at one moment of a run.
struct Sighting {
  const Program& program;
  int step = -1;  ///< that has just written it; -1: an input of the program
  int index = 0;  ///< output of the step, or number of the input
  const void* data = nullptr;
};
using Observer = std::function<void(const Sighting&)>;

}  // namespace vireo::device
