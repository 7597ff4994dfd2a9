#pragma once
// What kernels find wrong with the data of a run: indices beyond their axis. A kernel that can find such a thing has
// four ints of its step's own (VIREO_FAULT in ops/shared/opencl/prelude.cl), which stay 0 otherwise. They are read
// behind each run, in its queue, and looked at where the host waits for it. A segment without such kernels has none of
// this. Any thread.

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "engine/device/opencl/device.h"
#include "engine/device/program.h"

namespace vireo::device::opencl {

class Faults {
 public:
  /// Null where no kernel of the segment can find any.
  [[nodiscard]] static std::shared_ptr<Faults> of(OpenclDevice& device, const Segment& segment);
  /// `names`, by step: what to call those that have ints; empty for others.
  Faults(OpenclDevice& device, std::vector<std::string> names);
  [[nodiscard]] cl_mem get() const noexcept { return memory_.get(); }
  [[nodiscard]] std::size_t place_of(std::size_t step) const noexcept;  ///< bytes
  void enqueue_read(cl_command_queue queue);
  /// Behind a wait for a run: the first fault, which is gone then. Runs that were enqueued before that count as failed
  /// with it. Blocks where there was one.
  [[nodiscard]] Status check(OpenclDevice& device) noexcept;
  [[nodiscard]] bool idle() const noexcept;  ///< no read is on its way

 private:
  std::vector<std::string> names_;
  Buffer memory_;
  mutable std::mutex mutex_;
  std::vector<cl_int> found_;  ///< as the device has them; queues hold this until idle()
  EventHandle read_;           ///< the last one
};

}  // namespace vireo::device::opencl
