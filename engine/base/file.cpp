#include "engine/base/file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "engine/base/text.h"

namespace vireo::base {
namespace {

struct Descriptor {
  int fd;
  ~Descriptor() {
    if (fd >= 0) ::close(fd);
  }
};

[[noreturn]] void fail_errno(const char* what, const std::filesystem::path& path) {
  const int error = errno;
  fail(error == ENOENT ? ErrorCode::not_found : ErrorCode::io, "can't ", what, " '", path.string(),
       "': ", std::strerror(error));
}

/// False leaves errno.
bool write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

}  // namespace

MappedFile map_file(const std::filesystem::path& path) {
  const Descriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
  if (file.fd < 0) fail_errno("open", path);
  struct stat info {};
  if (::fstat(file.fd, &info) != 0) fail_errno("read", path);
  if (!S_ISREG(info.st_mode)) fail(ErrorCode::io, "'", path.string(), "' is not a regular file");
  const auto bytes = static_cast<std::size_t>(info.st_size);
  if (bytes == 0)
    return {std::shared_ptr<const std::byte>(new std::byte[1], std::default_delete<const std::byte[]>()), 0};
  void* memory = ::mmap(nullptr, bytes, PROT_READ, MAP_PRIVATE, file.fd, 0);
  if (memory == MAP_FAILED) fail_errno("map", path);
  return {std::shared_ptr<const std::byte>(static_cast<const std::byte*>(memory),
                                           [bytes](const std::byte* p) { ::munmap(const_cast<std::byte*>(p), bytes); }),
          bytes};
}

void leave_memory(const std::byte* data, std::size_t bytes) noexcept {
  constexpr std::uintptr_t kPage = 4096;
  const auto begin = (reinterpret_cast<std::uintptr_t>(data) + kPage - 1) / kPage * kPage;
  const auto end = (reinterpret_cast<std::uintptr_t>(data) + bytes) / kPage * kPage;
  if (begin < end) (void)::madvise(reinterpret_cast<void*>(begin), end - begin, MADV_DONTNEED);
}

MappedFile set_aside(std::span<const std::string_view> parts) {
  char name[] = "/var/tmp/vireo-XXXXXX";
  const Descriptor file{::mkostemp(name, O_CLOEXEC)};
  if (file.fd < 0) return {};
  ::unlink(name);
  std::size_t bytes = 0;
  for (const std::string_view part : parts) {
    if (!write_all(file.fd, part)) return {};
    bytes += part.size();
  }
  void* memory = ::mmap(nullptr, std::max<std::size_t>(bytes, 1), PROT_READ, MAP_SHARED, file.fd, 0);
  if (memory == MAP_FAILED) return {};
  return {std::shared_ptr<const std::byte>(
              static_cast<const std::byte*>(memory),
              [bytes](const std::byte* p) { ::munmap(const_cast<std::byte*>(p), std::max<std::size_t>(bytes, 1)); }),
          bytes};
}

std::string read_file(const std::filesystem::path& path) {
  const MappedFile file = map_file(path);
  return {reinterpret_cast<const char*>(file.data.get()), file.bytes};
}

void write_file_atomically(const std::filesystem::path& path, std::span<const std::string_view> parts,
                           const std::function<void(std::string_view)>& written) {
  // Threads may write one file at once, and processes of one number, in containers that share the folder.
  static std::atomic<unsigned> number{0};
  std::filesystem::path temporary;
  {
    Descriptor file{-1};
    for (int tries = 0; file.fd < 0; ++tries) {
      temporary = path;
      temporary += str(".tmp", ::getpid(), "-", ++number);
      file.fd = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
      if (file.fd < 0 && (errno != EEXIST || tries == 1000)) fail_errno("write", path);
    }
    constexpr std::size_t kPiece = std::size_t{4} << 20;
    for (const std::string_view part : parts)
      for (std::size_t at = 0; at < part.size(); at += kPiece) {
        const std::string_view piece = part.substr(at, kPiece);
        if (write_all(file.fd, piece)) {
          if (written) written(piece);
          continue;
        }
        const int error = errno;
        ::unlink(temporary.c_str());
        errno = error;
        fail_errno("write", path);
      }
  }
  if (::rename(temporary.c_str(), path.c_str()) != 0) {
    const int error = errno;
    ::unlink(temporary.c_str());
    errno = error;
    fail_errno("write", path);
  }
}

std::uint64_t checksum(const void* data, std::size_t bytes, std::uint64_t seed) noexcept {
  // Four independent multiply-rotate lanes keep the multiplier busy; the tail goes byte by byte.
  constexpr std::uint64_t kPrime = 0x9e3779b97f4a7c15ull;
  const auto* p = static_cast<const unsigned char*>(data);
  std::uint64_t lanes[4] = {seed ^ kPrime, seed + 0x85ebca6bull, seed ^ 0xc2b2ae35ull, seed + bytes};
  const auto mix = [](std::uint64_t h, std::uint64_t v) {
    h ^= v;
    h *= kPrime;
    return h ^ (h >> 29);
  };
  std::size_t i = 0;
  for (; i + 32 <= bytes; i += 32)
    for (int lane = 0; lane < 4; ++lane) {
      std::uint64_t v;
      std::memcpy(&v, p + i + 8 * lane, 8);
      lanes[lane] = mix(lanes[lane], v);
    }
  std::uint64_t h = mix(mix(mix(lanes[0], lanes[1]), lanes[2]), lanes[3]);
  for (; i < bytes; ++i) h = mix(h, p[i]);
  return mix(h, bytes);
}

}  // namespace vireo::base
