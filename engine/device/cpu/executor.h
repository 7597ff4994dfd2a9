#pragma once
// Runs a segment on the CPU: one arena, one pointer table; the pool's workers take tiles, stage by stage. Not for
// concurrent use by itself; several executors of one segment run side by side. run() allocates nothing and throws
// nothing.

#include <atomic>
#include <memory>
#include <span>
#include <vector>

#include "engine/device/cpu/launch.h"
#include "engine/device/cpu/thread_pool.h"
#include "engine/device/device.h"

namespace vireo::device {

class Executor final : public Executable {
 public:
  /// The pool's size must be the segment's number of workers. Throws Error(out_of_memory).
  Executor(std::shared_ptr<const Segment> segment, std::shared_ptr<ThreadPool> pool, bool profile);
  [[nodiscard]] const Segment& segment() const noexcept override { return *segment_; }
  [[nodiscard]] std::size_t arena_bytes() const noexcept override { return arena_bytes_; }
  void observe(Observer observer) override;
  /// One inference with these buffers, one per binding.
  Status run(std::span<void* const> bindings) noexcept;
  [[nodiscard]] std::span<const double> step_seconds() const noexcept override { return step_seconds_; }

 private:
  static bool body(void* self, int worker) noexcept;
  bool work(int worker) noexcept;
  void run_portion(const Stage& stage, std::int64_t first, std::int64_t last, int worker) noexcept;
  void run_tiles(const StagePhase& phase, std::int64_t first, std::int64_t last, int worker) noexcept;
  [[nodiscard]] std::int64_t tiles_of(const StagePhase& phase) const noexcept;
  void advance(std::size_t stage, int worker) noexcept;
  /// What claim_ counts up to in this run.
  [[nodiscard]] std::uint32_t end_of_run() const noexcept {
    return first_stage_ + static_cast<std::uint32_t>(segment_->stages.size());
  }
  void account(std::size_t stage) noexcept;
  void tell(std::size_t stage) noexcept;

  std::shared_ptr<const Segment> segment_;
  std::vector<const CpuLaunch*> launches_;  ///< by step
  std::shared_ptr<ThreadPool> pool_;
  std::shared_ptr<std::byte> arena_, scratch_;
  std::size_t arena_bytes_ = 0, scratch_stride_ = 0;

  struct Pointers {
    std::size_t inputs, outputs;  ///< first index into table_
  };
  struct Patch {
    std::size_t slot;
    std::int32_t binding;
    std::size_t offset;
  };
  std::vector<void*> table_;
  std::vector<Pointers> pointers_;
  std::vector<Patch> patches_;

  // One word hands out tiles: the number of the stage, counted over all runs, and how many portions were taken from
  // its front (low 16 bits, even workers) and from its back (odd ones). So a worker finds much of what it wrote in the
  // stage before in its own cache: 0 to 5 % of the time of whole networks on two cores. Taking a portion is a
  // compare-exchange of the whole word, so a worker that slept through a stage can't take a tile of another by mistake.
  // Whoever finishes a stage's last tile opens the next stage; nobody waits for workers that are not there.
  alignas(64) std::atomic<std::uint64_t> claim_{0};
  alignas(64) std::atomic<std::int64_t> done_{0};
  alignas(64) std::uint32_t first_stage_ = 0;  ///< number of stage 0 of this run
  std::atomic<const char*> fault_{nullptr};
  bool profile_;
  Observer observer_;
  std::vector<std::vector<std::int32_t>> ending_;  ///< steps that end with a stage, when observed
  std::vector<double> step_seconds_;
  double last_time_ = 0;
};

/// One run of an executor as a part of the work of a queue, which may be another device's. All regions are the host's.
class ExecutorRun final : public HostWork {
 public:
  ExecutorRun(Executor& executor, std::span<const Region> bindings) : executor_(executor) {
    for (const Region& region : bindings) pointers_.push_back(region.host);
  }
  Status run() noexcept override { return executor_.run(pointers_); }

 private:
  Executor& executor_;
  std::vector<void*> pointers_;
};

}  // namespace vireo::device
