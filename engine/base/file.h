#pragma once
// Files: read-only mappings, whole reads, atomic writes, and the checksum that plan files carry.

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace vireo::base {

/// A file mapped read-only; the pointer keeps the mapping alive. Throws Error(not_found | io) naming the path.
struct MappedFile {
  std::shared_ptr<const std::byte> data;
  std::size_t bytes = 0;
};
[[nodiscard]] MappedFile map_file(const std::filesystem::path& path);
/// The whole pages of these bytes of a mapped file leave memory; reading them brings them back.
void leave_memory(const std::byte* data, std::size_t bytes) noexcept;
/// A copy of the parts, one behind the other, in a nameless file of /var/tmp, mapped read-only: it takes memory only
/// while it is read. No data where there is no such folder or no room.
[[nodiscard]] MappedFile set_aside(std::span<const std::string_view> parts);
[[nodiscard]] std::string read_file(const std::filesystem::path& path);

/// Writes the parts one behind the other into a temporary file beside `path`, then renames it; `written` is told of
/// every piece. Throws Error(io).
void write_file_atomically(const std::filesystem::path& path, std::span<const std::string_view> parts,
                           const std::function<void(std::string_view)>& written = {});

/// 64-bit checksum, about 10 GB/s; not cryptographic.
[[nodiscard]] std::uint64_t checksum(const void* data, std::size_t bytes, std::uint64_t seed = 0) noexcept;

}  // namespace vireo::base
