#pragma once
// Memory that engines read and write. A Buffer owns (or borrows) bytes of the host or of a device; copying the handle
// shares them. Host buffers are aligned to 64 bytes and padded so that kernels may load whole vectors.

#include <cstddef>
#include <cstdint>
#include <memory>

#include "engine/api/export.h"

namespace vireo {

namespace device {
class Memory;
}
struct Device;

/// host: ordinary memory. pinned: memory of the host that a device copies from and to without the host's help. device:
/// memory that only the device sees.
enum class MemoryKind : std::uint8_t { host, pinned, device };

class VIREO_API Buffer {
 public:
  Buffer() noexcept = default;
  /// Zero-filled host memory, 64-byte aligned. Throws Error(out_of_memory).
  [[nodiscard]] static Buffer host(std::size_t bytes);
  /// Zero-filled memory of this kind of a device. A device whose memory the host sees anyway (the CPU) gives host
  /// memory for any kind. Throws Error(out_of_memory), and Error(unsupported) naming the devices that there are.
  [[nodiscard]] static Buffer on(const Device& device, MemoryKind kind, std::size_t bytes);
  /// Memory of the caller, who keeps it alive while it is bound. Any alignment of at least the element's size works.
  [[nodiscard]] static Buffer borrow(void* data, std::size_t bytes) noexcept;

  /// Memory that somebody shares; kept alive by this handle.
  [[nodiscard]] static Buffer share(std::shared_ptr<std::byte> data, std::size_t bytes) noexcept {
    return Buffer(std::move(data), bytes);
  }

  /// Null where the host can't see the memory: read() and write() copy it then.
  [[nodiscard]] std::byte* data() const noexcept { return data_.get(); }
  template <typename T>
  [[nodiscard]] T* as() const noexcept {
    return reinterpret_cast<T*>(data_.get());
  }
  [[nodiscard]] std::size_t bytes() const noexcept { return bytes_; }
  [[nodiscard]] MemoryKind kind() const noexcept;
  [[nodiscard]] explicit operator bool() const noexcept { return data_ != nullptr || memory_ != nullptr; }

  /// Copies bytes out of or into the buffer, from `offset` on, whatever its kind; returns when they are there. The work
  /// that uses the buffer must be done. Throws Error(invalid_argument) when they don't lie inside.
  void read(void* to, std::size_t bytes, std::size_t offset = 0) const;
  void write(const void* from, std::size_t bytes, std::size_t offset = 0) const;

  /// Null for host memory that no device knows.
  [[nodiscard]] const std::shared_ptr<device::Memory>& memory() const noexcept { return memory_; }

 private:
  Buffer(std::shared_ptr<std::byte> data, std::size_t bytes) noexcept : data_(std::move(data)), bytes_(bytes) {}
  std::shared_ptr<std::byte> data_;
  std::shared_ptr<device::Memory> memory_;
  std::size_t bytes_ = 0;
};

}  // namespace vireo
