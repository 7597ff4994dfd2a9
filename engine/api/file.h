#pragma once
// Reading files whose names come from users: the descriptor shows that it is a regular file before anything waits for
// it. A FIFO, a socket, a device or a folder under the name is an error, never a hang. Links are
// followed. Any thread.

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>

#include "engine/api/export.h"

namespace vireo {

/// A regular file, open for reading.
class VIREO_API InputFile {
 public:
  /// Throws Error(not_found | io) naming the path and what it is.
  explicit InputFile(const std::filesystem::path& path);
  InputFile(InputFile&& other) noexcept;
  InputFile& operator=(InputFile&& other) noexcept;
  ~InputFile();

  /// Bytes when it was opened.
  [[nodiscard]] std::uint64_t size() const noexcept { return size_; }
  [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }
  [[nodiscard]] int descriptor() const noexcept { return descriptor_; }
  /// Copies up to `bytes` bytes from offset `at`; fewer only where the file ends. Throws Error(io).
  [[nodiscard]] std::size_t read(std::uint64_t at, void* to, std::size_t bytes) const;

 private:
  std::filesystem::path path_;
  int descriptor_ = -1;
  std::uint64_t size_ = 0;
};

/// The whole file. Throws Error(not_found | io), and Error(invalid_argument) where it has more than `most_bytes`.
[[nodiscard]] VIREO_API std::string read_file(const std::filesystem::path& path, std::uint64_t most_bytes = UINT64_MAX);

}  // namespace vireo
