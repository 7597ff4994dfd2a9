#pragma once
// The times of what a queue does, for Queue::trace(): an event for each command, read when somebody asks. The device's
// clock is brought to the host's by when commands were queued, which both know. Any thread.

#include <memory>
#include <mutex>
#include <string_view>
#include <vector>

#include "engine/api/trace.h"
#include "engine/device/opencl/api.h"

namespace vireo::device::opencl {

class QueueTrace {
 public:
  /// Where the command that is enqueued next puts its event.
  [[nodiscard]] cl_event* add(StreamWork::Kind kind, std::string_view name, std::size_t bytes);
  /// What was added since the last call, when it is done; what was never enqueued is left out. Throws Error.
  [[nodiscard]] std::vector<StreamWork> take();

 private:
  struct Entry {
    StreamWork work;
    double asked = 0;  ///< the host's time before it was enqueued
    EventHandle event;
  };
  std::mutex mutex_;
  std::vector<std::unique_ptr<Entry>> entries_;
};

}  // namespace vireo::device::opencl
