#pragma once
// Memory that engines read and write. A Buffer owns (or borrows) bytes; copying the handle shares them. Host buffers
// are aligned to 64 bytes and padded so that kernels may load whole vectors.

#include <cstddef>
#include <memory>

namespace vireo {

class Buffer {
 public:
  Buffer() noexcept = default;
  /// Zero-filled host memory, 64-byte aligned. Throws Error(out_of_memory).
  [[nodiscard]] static Buffer host(std::size_t bytes);
  /// Memory of the caller, who keeps it alive while it is bound. Any alignment of at least the element's size works.
  [[nodiscard]] static Buffer borrow(void* data, std::size_t bytes) noexcept;

  /// Memory that somebody shares; kept alive by this handle.
  [[nodiscard]] static Buffer share(std::shared_ptr<std::byte> data, std::size_t bytes) noexcept {
    return Buffer(std::move(data), bytes);
  }

  [[nodiscard]] std::byte* data() const noexcept { return data_.get(); }
  template <typename T>
  [[nodiscard]] T* as() const noexcept {
    return reinterpret_cast<T*>(data_.get());
  }
  [[nodiscard]] std::size_t bytes() const noexcept { return bytes_; }
  [[nodiscard]] explicit operator bool() const noexcept { return data_ != nullptr; }

 private:
  Buffer(std::shared_ptr<std::byte> data, std::size_t bytes) noexcept : data_(std::move(data)), bytes_(bytes) {}
  std::shared_ptr<std::byte> data_;
  std::size_t bytes_ = 0;
};

}  // namespace vireo
