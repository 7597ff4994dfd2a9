#pragma once
// Kernels of one's own beside an engine's: what makes a network's input of the bytes that came, and what boils its
// outputs down before they go back, on the engine's device and in its stream, so that neither waits for the host.

#include <array>
#include <cstddef>
#include <memory>
#include <span>
#include <string>

#include "engine/api/buffer.h"
#include "engine/api/device.h"
#include "engine/api/engine.h"
#include "engine/api/error.h"
#include "engine/api/export.h"

namespace vireo {

/// Bytes of a buffer from `offset` on. Borrows the buffer.
struct BufferPlace {
  const Buffer* buffer = nullptr;
  std::size_t offset = 0;
};

/// A program in OpenCL C 1.2 and how many items run it.
struct DeviceKernelText {
  std::string source;
  std::string options;  ///< of its compiler: "-DT=float"
  std::string entry;    ///< name of the kernel
  /// At least so many, in groups of so many: the kernel sees to those beyond.
  std::array<std::size_t, 3> items{1, 1, 1}, group{1, 1, 1};
  /// How many places enqueue() is given. Each is two parameters of the kernel, in their order: `global char *NAME` and
  /// `ulong NAME_offset`, in bytes.
  int places = 0;
};

/// A compiled kernel. One thread at a time; cheap, for equal programs are compiled once for each device.
class VIREO_API DeviceKernel {
 public:
  /// Throws Error(unsupported) for a device that runs no OpenCL C, and with the compiler's log.
  DeviceKernel(const Device& device, const DeviceKernelText& text);
  DeviceKernel(DeviceKernel&&) noexcept;
  DeviceKernel& operator=(DeviceKernel&&) noexcept;
  ~DeviceKernel();
  /// Adds one run to a stream of the same device and returns. The places are in memory of the device
  /// (MemoryKind::device), which the caller keeps until the stream is through.
  Status enqueue(Stream& stream, std::span<const BufferPlace> places) noexcept;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// Adds a copy to a stream and returns; from and to memory of the host it runs by itself where that is pinned. Both
/// buffers stay as they are until the stream is through.
[[nodiscard]] VIREO_API Status enqueue_copy(Stream& stream, const BufferPlace& to, const BufferPlace& from,
                                            std::size_t bytes) noexcept;

}  // namespace vireo
