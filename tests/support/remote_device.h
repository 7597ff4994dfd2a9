#pragma once
// A device that the host does not see into: memory of its own, queues that are threads of their own, kernels for the
// operators that a test names. What they compute are the references. Devices "remote:0" and "remote:1".

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "engine/device/device.h"

namespace vireo::testing {

/// While it lives, remote devices exist, with kernels for these operators.
class RemoteDevices {
 public:
  explicit RemoteDevices(std::set<std::string> operators);
  ~RemoteDevices();
  RemoteDevices(const RemoteDevices&) = delete;
  RemoteDevices& operator=(const RemoteDevices&) = delete;

  /// Called by each kernel before it computes; set while nothing runs.
  std::function<void(const std::string& op)> on_kernel;
  std::atomic<int> kernels{0}, copies{0};

 private:
  class Source;
  std::shared_ptr<device::Backend> backend_;
  std::shared_ptr<Source> source_;
};

}  // namespace vireo::testing
