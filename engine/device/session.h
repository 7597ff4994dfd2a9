#pragma once
// Runs a program: its segments made ready on their devices, the boundary's memory, and the copies between. One run at a
// time; several sessions of one program run side by side. A program that the CPU runs alone is one call of its
// executor, without a copy or a queue.

#include <memory>
#include <span>
#include <vector>

#include "engine/device/device.h"

namespace vireo::device {

class Executor;

class Session {
 public:
  /// `pool` has as many workers as the CPU's segments want. Throws Error(out_of_memory | unsupported).
  Session(std::shared_ptr<const Program> program, std::shared_ptr<ThreadPool> pool, bool profile);
  ~Session();
  [[nodiscard]] const Program& program() const noexcept { return *program_; }
  /// Activations, workspaces and boundary, on all devices together.
  [[nodiscard]] std::size_t arena_bytes() const noexcept;
  void observe(const Observer& observer);

  /// The device that the program was compiled for runs every segment's work in its own queues, so that enqueue()
  /// returns at once; false where the CPU does it all.
  [[nodiscard]] bool has_queues() const noexcept { return main_ != nullptr; }
  /// One inference with these buffers, one per binding; returns when it is done. Allocates nothing where the CPU does
  /// it all and every buffer is the host's.
  Status run(std::span<const Region> bindings) noexcept;
  /// Puts one inference into a queue of the program's first device.
  void enqueue(Queue& queue, std::span<const Region> bindings);

  /// Adds the time of each step in the last run, segment after segment; nothing unless profiling.
  void times(std::vector<LayerTime>& rows) const;

 private:
  /// Where one device has the boundary, and bindings that it does not see.
  struct Side {
    std::shared_ptr<Device> device;
    std::shared_ptr<Memory> boundary;
    std::vector<std::shared_ptr<Memory>> staged;  ///< by binding of the program
  };
  [[nodiscard]] Region region_of(std::size_t side, std::int32_t outside, std::span<const Region> bindings);
  [[nodiscard]] bool sees(const Side& side, const Region& region) const noexcept;

  std::shared_ptr<const Program> program_;
  std::vector<Side> sides_;  ///< by device of the program
  std::vector<std::unique_ptr<Executable>> executables_;
  Executor* only_ = nullptr;  ///< set where the CPU does it all
  std::vector<void*> pointers_;
  std::unique_ptr<Queue> main_;  ///< for run(), where another device takes part
};

}  // namespace vireo::device
