#pragma once
// The CPU as a device. Its memory is the host's, whatever kind is asked for; its queues are threads of their own; its
// executables run on a thread pool.

#include <memory>

#include "engine/device/device.h"

namespace vireo::device {

[[nodiscard]] std::shared_ptr<Backend> cpu_backend();

/// A queue whose work runs on one thread of its own. For devices that have no queues of their own, too. Throws
/// Error(out_of_memory) when the system starts no more threads.
[[nodiscard]] std::unique_ptr<Queue> create_thread_queue();

}  // namespace vireo::device
