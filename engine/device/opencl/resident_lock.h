#pragma once
// Who of this machine's processes may use plan kernels on a device: the first that opens it. Their groups must all be
// resident at the same time, which two processes can't promise each other.

#include <string>

#include "engine/device/target.h"

namespace vireo::device::opencl {

/// A lock on a file in the folder for temporary files, held until the process ends or this does.
class ResidentLock {
 public:
  ResidentLock() = default;
  ResidentLock(const ResidentLock&) = delete;
  ResidentLock& operator=(const ResidentLock&) = delete;
  ~ResidentLock();
  /// False where another process has it, which is logged. Where no such file can be made, there is nobody to ask.
  [[nodiscard]] bool take(const Target& target);

 private:
  int file_ = -1;
};

}  // namespace vireo::device::opencl
