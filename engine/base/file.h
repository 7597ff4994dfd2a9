#pragma once
// Files: read-only mappings, atomic writes, and the checksum that plan files carry. Reading without a mapping is
// engine/api/file.h.

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "engine/api/file.h"

namespace vireo::base {

using vireo::read_file;

/// A regular file mapped read-only; the pointer keeps the mapping alive. Throws Error(not_found | io) naming the path.
/// Truncating the file later kills the reader (SIGBUS): files that may be mapped are replaced by renaming.
struct MappedFile {
  std::shared_ptr<const std::byte> data;
  std::size_t bytes = 0;
};
[[nodiscard]] MappedFile map_file(const std::filesystem::path& path);
[[nodiscard]] MappedFile map_file(const InputFile& file);
/// The whole pages of these bytes of a mapped file leave memory; reading them brings them back.
void leave_memory(const std::byte* data, std::size_t bytes) noexcept;
/// A copy of the parts, one after the other, in a nameless file of /var/tmp, mapped read-only: it takes memory only
/// while it is read. No data where there is no such folder or no room.
[[nodiscard]] MappedFile spill(std::span<const std::string_view> parts);

/// Writes the parts one after the other; `written` is called after every piece. The file appears under its name when it
/// is whole and on the disk: a temporary file next to it is synced and renamed. A link stays and
/// its target is replaced; the new file has the permissions of the one that it replaces. A character device (/dev/null,
/// a terminal) is written as it is; a folder, a pipe, a socket or a disk is refused. Throws Error(not_found | io).
void write_file_atomically(const std::filesystem::path& path, std::span<const std::string_view> parts,
                           const std::function<void(std::string_view)>& written = {});

/// 64-bit checksum, about 10 GB/s; not cryptographic.
[[nodiscard]] std::uint64_t checksum(const void* data, std::size_t bytes, std::uint64_t seed = 0) noexcept;

}  // namespace vireo::base
