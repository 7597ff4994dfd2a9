#pragma once
// A program: one network at fixed shapes, ready to run on the CPU. Stages are run one after the other, each beginning
// when the last tile of the one before is done; a stage is a list of phases whose tiles are all independent of each
// other. Immutable once compiled; shared by all contexts that run it. Compiled by engine/build/compile.h, run by
// engine/program/executor.h.

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "engine/api/engine.h"
#include "engine/graph/constant.h"
#include "engine/graph/tactic.h"

namespace vireo::program {

/// Where a tensor's bytes are: an offset into the arena, into a constant, or into a buffer that the user binds.
struct Place {
  enum class In : std::uint8_t { nowhere, arena, constant, binding };
  In in = In::nowhere;
  std::int32_t index = 0;  ///< which constant, which binding
  std::size_t offset = 0;  ///< bytes
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
  std::vector<Binding> bindings;  ///< inputs in network order, then outputs
  std::size_t arena_bytes = 0;    ///< activations and workspaces
  std::size_t scratch_bytes = 0;  ///< for each worker
  std::size_t workspace_bytes = 0;  ///< largest workspace + scratch of all workers, what max_workspace limits
  int workers = 1;
  std::vector<LayerReport> report;
};

}  // namespace vireo::program
