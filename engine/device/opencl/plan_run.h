#pragma once
// Steps of a segment that run as one plan kernel (plan_kernel.h): the kernel with its tables and what it counts with.
// Belongs to one executable; used by one thread at a time.

#include <memory>
#include <span>
#include <vector>

#include "engine/device/opencl/device.h"
#include "engine/device/opencl/plan_kernel.h"

namespace vireo::device::opencl {

/// What the groups of a run say when they had to give up; see ResidentWatch.
class PlanCounters {
 public:
  explicit PlanCounters(OpenclDevice& device);
  [[nodiscard]] cl_mem get() const noexcept { return memory_.get(); }
  /// Whether a run gave up since the last call; all is as before the first run then. Blocks.
  [[nodiscard]] bool gave_up(OpenclDevice& device) const;

 private:
  Buffer memory_;
};

/// A kernel that takes part, in the order of the segment.
struct PlanPart {
  const OpenclKernel* kernel = nullptr;
  std::size_t step = 0;
  bool meet = false;             ///< needs what parts before it wrote
  bool pass = false;             ///< otherwise: there is a pass before it
  bool waits[2] = {};            ///< for the words of its first and second input
  bool marks = false;            ///< the words of its output
  std::uint8_t awaited[2] = {};  ///< marks of the inputs
  std::uint8_t mark = 0;         ///< of the output
  cl_mem weights = nullptr;      ///< of FetchedAhead
  /// Of each tensor: its address, or, where binding >= 0, the offset from that binding's.
  struct Place {
    std::int32_t binding = -1;
    std::uint64_t address = 0;
  };
  std::vector<Place> places;
};

class PlanRun {
 public:
  /// `profile`: also when each part begins. Its kernel is to be compiled, and then given to begin().
  PlanRun(OpenclDevice& device, std::span<const PlanPart> parts, bool profile);
  [[nodiscard]] const OpenclKernel& kernel() const noexcept { return described_; }
  void begin(std::shared_ptr<const Program> program);

  /// What its tables need.
  [[nodiscard]] static std::size_t table_bytes(std::span<const PlanPart> parts);

  [[nodiscard]] bool follows(std::size_t binding) const;
  /// The binding begins at this address from now on. Takes effect with write(), which must not be called while it runs.
  void move(std::size_t binding, std::uint64_t address);
  void write();
  /// `event`: null, or where to put one.
  void enqueue(cl_command_queue queue, cl_event* event);
  [[nodiscard]] const std::shared_ptr<const PlanCounters>& counters() const noexcept { return counters_; }
  /// After a run of `seconds`: each part's share is added to its step's; equal shares where the device has no clock.
  void share(double seconds, std::span<double> of_steps) const;

 private:
  struct Follower {
    std::size_t at = 0;  ///< which address
    std::int32_t binding = 0;
    std::uint64_t offset = 0;
  };

  OpenclDevice& device_;
  std::shared_ptr<const PlanCounters> counters_;
  OpenclKernel described_;
  std::shared_ptr<const Program> program_;
  KernelHandle kernel_;
  std::size_t groups_ = 1, items_ = 1;
  std::vector<std::uint64_t> addresses_;
  std::vector<Follower> followers_;
  std::vector<std::size_t> steps_;  ///< of the parts
  std::size_t rounds_ = 0;          ///< of the exchange buffers
  std::unique_ptr<const Buffer> places_, table_, exchange_, clocks_;
};

}  // namespace vireo::device::opencl
