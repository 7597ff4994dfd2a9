#pragma once
// Candidates as programs of their own, to be timed. For timing.cpp alone.

#include <limits>
#include <memory>
#include <vector>

#include "engine/base/deadline.h"
#include "engine/device/cpu/executor.h"
#include "engine/device/cpu/thread_pool.h"
#include "engine/device/device.h"
#include "engine/graph/tactic.h"

namespace vireo::tune {

/// Seconds of what is out of a trial, because it failed.
inline constexpr double kOut = std::numeric_limits<double>::infinity();

/// One step of a trial. Its problem is borrowed for the construction.
struct TrialStep {
  const graph::Problem* problem = nullptr;
  graph::Launch launch;
};

/// Steps that run one after the other, each reading the output of the one before as its first input; all other tensors
/// are buffers that hold plausible numbers.
class Trial {
 public:
  /// On the target of the problems; `pool` is the CPU's. `deadline`: borrowed for the construction, which may take long
  /// on other devices; may be null.
  Trial(std::vector<TrialStep> steps, const std::shared_ptr<device::ThreadPool>& pool,
        const base::Deadline* deadline = nullptr);
  /// Seconds of one run; kOut when it failed, and ever after. On other devices than the CPU the mean of some runs put
  /// into a queue together, so that it is not the hand-over that is timed.
  double run();

 private:
  device::Place add(device::Segment& segment, const graph::Desc& desc, bool fill);

  std::vector<std::shared_ptr<std::byte>> buffers_;
  std::vector<std::size_t> bytes_;
  std::vector<void*> pointers_;
  std::unique_ptr<device::Executor> executor_;
  std::shared_ptr<device::Device> device_;  ///< null on the CPU
  std::vector<std::shared_ptr<device::Memory>> memory_;
  std::vector<device::Region> regions_;
  std::unique_ptr<device::Executable> executable_;
  std::unique_ptr<device::Queue> queue_;
  bool failed_ = false;
  int repeats_ = 1;    ///< of the step in a run
  double beside_ = 0;  ///< seconds that it costs others
};

/// Best seconds of each trial over interleaved rounds, within the budget; kOut for those that are null or failed.
/// Losers by more than half drop out after the second round.
[[nodiscard]] std::vector<double> race(const std::vector<std::unique_ptr<Trial>>& trials, double budget_s);

}  // namespace vireo::tune
