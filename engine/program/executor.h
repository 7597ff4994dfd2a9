#pragma once
// Runs a program: one arena, one pointer table. Not for concurrent use by itself; several executors of one program run
// side by side. run() allocates nothing and throws nothing.

#include <atomic>
#include <memory>
#include <span>
#include <vector>

#include "engine/base/team.h"
#include "engine/program/program.h"

namespace vireo::program {

class Executor {
 public:
  /// The team's size must be the program's number of workers. Throws Error(out_of_memory).
  Executor(std::shared_ptr<const Program> program, std::shared_ptr<base::Team> team, bool profile);
  [[nodiscard]] const Program& program() const noexcept { return *program_; }
  [[nodiscard]] std::size_t arena_bytes() const noexcept { return arena_bytes_; }

  /// One inference with these buffers, one per binding.
  Status run(std::span<void* const> bindings) noexcept;
  /// Seconds of each step in the last run; empty unless profiling.
  [[nodiscard]] std::span<const double> step_seconds() const noexcept { return step_seconds_; }

 private:
  static void body(void* self, int worker) noexcept;
  void work(int worker) noexcept;
  void run_stage(const Stage& stage, std::size_t stage_index, int worker) noexcept;
  void run_tiles(const StagePhase& phase, std::int64_t first, std::int64_t last, int worker) noexcept;
  void account(std::size_t stage_index) noexcept;

  std::shared_ptr<const Program> program_;
  std::shared_ptr<base::Team> team_;
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

  // Tiles are handed out by a counter for each stage in flight. Counters rotate; a stage's counter is reset two stages
  // earlier, when the barrier in between guarantees that nobody uses it.
  static constexpr std::size_t kCounters = 4;
  struct alignas(64) Counter {
    std::atomic<std::int64_t> next{0};
  };
  Counter counters_[kCounters];
  std::atomic<const char*> fault_{nullptr};
  bool profile_;
  std::vector<double> step_seconds_;
  double last_time_ = 0;
};

}  // namespace vireo::program
