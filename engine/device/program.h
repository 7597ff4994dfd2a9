#pragma once
// A program: one network at fixed shapes, ready to run. It is a list of segments, each on one device, run one after the
// other; tensors that pass from one to the next lie in the boundary, and where two devices don't see the same memory
// they are copied there explicitly. A network that runs on one device is one segment. Immutable once compiled; shared
// by all contexts that run it. Compiled by engine/compile/compile.h, run by engine/device/session.h.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/api/engine.h"
#include "engine/device/launch.h"

namespace vireo::graph {
class Graph;
}

namespace vireo::device {

/// Where a tensor's bytes are: an offset into the arena, into a constant, or into a buffer that is bound.
struct Place {
  enum class In : std::uint8_t { nowhere, arena, constant, binding };
  In in = In::nowhere;
  std::int32_t index = 0;  ///< which constant, which binding
  std::size_t offset = 0;  ///< bytes
};

/// A tensor that a step writes, for those who look at it from outside (Executable::observe).
struct Made {
  std::int32_t tensor = -1;  ///< of the graph that the program was compiled from
  std::int64_t pitch = 0;    ///< elements between rows of the innermost axis
  std::size_t bytes = 0;     ///< from its first to the end of its last element
};

struct Step {
  std::string layer, op, tactic;
  Launch launch;
  std::vector<Place> inputs, outputs;
  std::size_t workspace = 0;  ///< offset in the arena
  double flops = 0, bytes = 0;
  double predicted_s = 0;  ///< rough; shares out the time of a stage in profiles
  std::string problem;     ///< what its timings are kept under; empty: a step without a problem
  int workers = 0;         ///< that share its tiles; 0: all
  /// Steps of one wave, which follow each other, have nothing to do with each other. -1: each waits for the one before.
  int wave = -1;
  /// Bit k: input k is written by steps of the same wave, maybe, but each of its words says whether it is there: it
  /// carries the tensor's mark. Such tensors share their memory only with each other.
  std::uint64_t waits_for = 0;
  bool marks = false;                ///< its output's words do
  std::vector<std::uint8_t> awaits;  ///< the mark of each input that it waits for; empty: 0
  std::uint8_t mark = 0;             ///< of its output: one of four
  /// Where no wave begins: workers come to a pass before it (device/opencl/plan_kernel.h).
  bool pass = false;
  std::vector<Made> made;  ///< one per output; empty unless the program was compiled to be observed
};

struct StagePhase {
  std::int32_t step = 0;
  std::int32_t phase = 0;
};

/// Of CPU segments: begins when the last tile of the stage before is done; a list of phases whose tiles are all
/// independent of each other.
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

/// Constant bytes that steps read, in host memory.
struct ConstantBytes {
  std::shared_ptr<const void> owner;
  const std::byte* data = nullptr;
  std::size_t bytes = 0;
};

struct Binding {
  TensorInfo info;  ///< dims are static
  std::size_t bytes = 0;
  bool output = false;
};

/// Bytes of the arena and the steps for which they are taken, for those who look at it from outside.
struct ArenaBlock {
  std::string name;  ///< of the tensor that lies there first; of the layer whose workspace it is
  bool workspace = false;
  std::size_t offset = 0, bytes = 0;
  std::int32_t first_step = 0, last_step = 0;
};

/// What one device runs without a break.
struct Segment {
  std::int32_t device = 0;  ///< index into Program::devices
  std::vector<Step> steps;
  std::vector<Stage> stages;  ///< CPU only
  std::vector<ConstantBytes> constants;
  std::vector<Binding> bindings;  ///< inputs, then outputs
  /// Where each binding lies: k: it is binding k of the program; -1 - k: tensor k of the boundary.
  std::vector<std::int32_t> outside;
  std::size_t arena_bytes = 0;        ///< activations and workspaces
  std::vector<ArenaBlock> blocks;     ///< what lies there
  std::size_t scratch_bytes = 0;      ///< for each worker
  std::size_t largest_workspace = 0;  ///< of a step
  std::size_t workspace_bytes = 0;    ///< largest workspace + scratch of all workers, what max_workspace limits
  int workers = 1;
  std::vector<LayerReport> report;             ///< one a step
  std::shared_ptr<const graph::Graph> source;  ///< null unless the segment was compiled to be observed
};

/// A tensor that one segment hands to others.
struct BoundaryTensor {
  std::string name;
  std::size_t bytes = 0;
  std::size_t offset =
      0;  ///< in the boundary's block, of which every device that touches one of its tensors has its own
};

/// What devices made of their kernels' sources, kept beyond the process: a plan has one in each section. Any thread.
class BinaryStore {
 public:
  virtual ~BinaryStore() = default;
  /// Empty where there is none. Throws Error(invalid_model) for bytes that were altered.
  [[nodiscard]] virtual std::string get(const std::string& key) = 0;
  /// Whether binaries that aren't there are to be added.
  [[nodiscard]] virtual bool grows() const noexcept = 0;
  virtual void put(const std::string& key, const std::string& binary) = 0;
};

/// How many of an executable's programs are made, of how many. Told while that takes time, several times a second, by
/// the thread that loads; what it throws ends the load.
using Loading = std::function<void(std::size_t made, std::size_t of)>;

struct Program {
  std::shared_ptr<BinaryStore> binaries;    ///< null: everything is compiled from its source
  Loading loading;                          ///< of whoever loads it; empty: nobody wants to know
  std::string_view form;                    ///< compile/form.h; empty where its device has but one
  std::vector<std::string> devices{"cpu"};  ///< names; the first is the one that was asked for
  std::vector<std::shared_ptr<const Segment>> segments;
  std::vector<Binding> bindings;  ///< inputs in network order, then outputs
  std::vector<BoundaryTensor> boundary;
  std::size_t boundary_bytes = 0;
};

/// A tensor as it is at one moment of a run.
struct Sighting {
  const Segment& segment;
  int step = -1;  ///< that has just written it; -1: an input of the segment
  int index = 0;  ///< output of the step, or number of the input
  const void* data = nullptr;
};
using Observer = std::function<void(const Sighting&)>;

}  // namespace vireo::device
