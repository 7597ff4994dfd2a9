#pragma once
// A queue of an OpenCL device. Kernels and copies go straight to the driver; the host's part of the work of mixed
// programs runs on a thread of the queue's own, which the driver's queue waits for and that waits for it, so that
// nothing blocks who enqueues. The thread is started by the first such work.

#include <atomic>
#include <chrono>
#include <memory>
#include <vector>

#include "engine/device/opencl/device.h"
#include "engine/device/opencl/queue_trace.h"

namespace vireo::device::opencl {

class PlanCounters;
class Faults;

/// Whether plan kernels had to give up, or kernels found faults. Any thread.
class ResidentWatch {
 public:
  explicit ResidentWatch(OpenclDevice& device) : device_(device) {}
  void add(const std::shared_ptr<const PlanCounters>& counters);
  void add(const std::shared_ptr<Faults>& faults);
  /// When all that was added has run.
  [[nodiscard]] Status check() noexcept;

 private:
  OpenclDevice& device_;  ///< the queue holds it
  std::mutex mutex_;
  std::vector<std::shared_ptr<const PlanCounters>> unchecked_;
  std::chrono::steady_clock::time_point since_;  ///< the first of them was added
  std::vector<std::shared_ptr<Faults>> faults_;
};

class OpenclQueue final : public Queue {
 public:
  OpenclQueue(std::shared_ptr<OpenclDevice> device, QueueHandle own);
  ~OpenclQueue() override;
  void run(std::shared_ptr<HostWork> work) override;
  void copy(const Region& to, const Region& from, std::size_t bytes) override;
  void run(Executable& executable, std::span<const Region> bindings) override;
  [[nodiscard]] std::shared_ptr<Event> record() override;
  Status synchronize() noexcept override;
  void trace() override;
  [[nodiscard]] std::vector<StreamWork> traced() override;

  /// Where a command that is enqueued next puts its event; null unless times are kept.
  [[nodiscard]] cl_event* event_for(StreamWork::Kind kind, std::string_view name, std::size_t bytes = 0) {
    return trace_ ? trace_->add(kind, name, bytes) : nullptr;
  }
  [[nodiscard]] cl_command_queue get() const noexcept { return own_.get(); }
  /// These counters' kernel has been, or is about to be, enqueued: synchronize() asks them where time enough has passed
  /// that it can have given up.
  void watch(const std::shared_ptr<const PlanCounters>& counters);
  /// Reads them behind what was enqueued until now.
  void watch(const std::shared_ptr<Faults>& faults);

 private:
  std::shared_ptr<OpenclDevice> device_;
  QueueHandle own_;
  std::unique_ptr<Queue> host_;  ///< thread for host work; null until there is some
  bool has_work_ = false;        ///< that what is enqueued later waits for, and that may fail
  std::shared_ptr<ResidentWatch> residents_;
  std::unique_ptr<QueueTrace> trace_;  ///< null unless times are kept
  std::mutex mutex_;
};

}  // namespace vireo::device::opencl
