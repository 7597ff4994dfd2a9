#pragma once
// A queue of an OpenCL device. Kernels and copies go straight to the driver; the host's part of the work of mixed
// programs runs on a thread of the queue's own, which the driver's queue waits for and that waits for it, so that
// nothing blocks who enqueues. The thread is started by the first such work.

#include <atomic>
#include <memory>

#include "engine/device/opencl/device.h"

namespace vireo::device::opencl {

class OpenclQueue final : public Queue {
 public:
  OpenclQueue(std::shared_ptr<OpenclDevice> device, QueueHandle own);
  ~OpenclQueue() override;
  void run(std::shared_ptr<HostWork> work) override;
  void afterwards(std::shared_ptr<HostWork> work) override;
  void copy(const Region& to, const Region& from, std::size_t bytes) override;
  void run(Executable& executable, std::span<const Region> bindings) override;
  [[nodiscard]] std::shared_ptr<Event> record() override;
  Status synchronize() noexcept override;

  [[nodiscard]] cl_command_queue get() const noexcept { return own_.get(); }

 private:
  std::shared_ptr<OpenclDevice> device_;
  QueueHandle own_;
  std::unique_ptr<Queue> host_;  ///< thread for host work; null until there is some
  bool has_work_ = false;        ///< that what is enqueued later waits for, and that may fail
  std::mutex mutex_;
};

}  // namespace vireo::device::opencl
