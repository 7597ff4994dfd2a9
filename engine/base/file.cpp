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
#include <utility>

#include "engine/base/text.h"

namespace vireo {
namespace {

using base::fail;

[[noreturn]] void fail_errno(const char* what, const std::filesystem::path& path) {
  const int error = errno;
  fail(error == ENOENT ? ErrorCode::not_found : ErrorCode::io, "can't ", what, " '", path.string(),
       "': ", std::strerror(error));
}

/// "a folder"; null for a regular file.
const char* kind_of(mode_t mode) {
  if (S_ISREG(mode)) return nullptr;
  if (S_ISDIR(mode)) return "a folder";
  if (S_ISFIFO(mode)) return "a pipe (FIFO)";
  if (S_ISSOCK(mode)) return "a socket";
  return "a device";
}

int open_retrying(const std::filesystem::path& path, int flags, mode_t mode = 0) {
  int fd = -1;
  do fd = ::open(path.c_str(), flags | O_CLOEXEC | O_NOCTTY, mode);
  while (fd < 0 && errno == EINTR);
  return fd;
}

}  // namespace

InputFile::InputFile(const std::filesystem::path& path) : path_(path) {
  // Without O_NONBLOCK a FIFO would wait here for a writer; a regular file doesn't care.
  const int fd = open_retrying(path, O_RDONLY | O_NONBLOCK);
  if (fd < 0) fail_errno("open", path);
  struct stat info {};
  const bool known = ::fstat(fd, &info) == 0;
  const char* const kind = known ? kind_of(info.st_mode) : nullptr;
  if (!known || kind) {
    const int error = errno;
    ::close(fd);
    errno = error;
    if (!known) fail_errno("read", path);
    fail(ErrorCode::io, "'", path.string(), "' is ", kind, ", not a regular file");
  }
  descriptor_ = fd;
  size_ = static_cast<std::uint64_t>(info.st_size);
}

InputFile::InputFile(InputFile&& other) noexcept
    : path_(std::move(other.path_)), descriptor_(std::exchange(other.descriptor_, -1)), size_(other.size_) {}

InputFile& InputFile::operator=(InputFile&& other) noexcept {
  std::swap(path_, other.path_);
  std::swap(descriptor_, other.descriptor_);
  std::swap(size_, other.size_);
  return *this;
}

InputFile::~InputFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

std::size_t InputFile::read(std::uint64_t at, void* to, std::size_t bytes) const {
  std::size_t done = 0;
  while (done < bytes) {
    const ssize_t got =
        ::pread(descriptor_, static_cast<char*>(to) + done, bytes - done, static_cast<off_t>(at + done));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) fail_errno("read", path_);
    if (got == 0) break;
    done += static_cast<std::size_t>(got);
  }
  return done;
}

std::string read_file(const std::filesystem::path& path, std::uint64_t most_bytes) {
  const InputFile file(path);
  if (file.size() > most_bytes)
    fail(ErrorCode::invalid_argument, "'", path.string(), "' has ", file.size(), " bytes, accepted are at most ",
         most_bytes);
  std::string text(static_cast<std::size_t>(file.size()), '\0');
  text.resize(file.read(0, text.data(), text.size()));
  return text;
}

}  // namespace vireo

namespace vireo::base {
namespace {

struct Descriptor {
  int fd;
  ~Descriptor() {
    if (fd >= 0) ::close(fd);
  }
};

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

/// Writes everything to the disk. False leaves errno; a file system without syncing has nothing to lose.
bool sync(int fd) {
  int result = 0;
  do result = ::fsync(fd);
  while (result != 0 && errno == EINTR);
  return result == 0 || errno == EINVAL || errno == ENOSYS || errno == EROFS;
}

/// Where a link, or a link to a link, points to, whether or not something is there.
std::filesystem::path follow(std::filesystem::path path) {
  for (int hops = 0; hops < 40; ++hops) {
    std::error_code none;
    const std::filesystem::path to = std::filesystem::read_symlink(path, none);
    if (none) return path;
    path = to.is_absolute() ? to : path.parent_path() / to;
  }
  fail(ErrorCode::io, "can't write '", path.string(), "': too many links");
}

/// Removes a file that was not finished.
class Temporary {
 public:
  Temporary(const std::filesystem::path& beside, mode_t mode) {
    // Several threads may write one file at once, and so may processes with the same number, in containers that share
    // the
    // folder.
    static std::atomic<unsigned> number{0};
    constexpr std::size_t kLongest = 200;  // of a name: what file systems take (255) less our suffix
    const std::string name = beside.filename().string().substr(0, kLongest);
    for (int tries = 0; file_.fd < 0; ++tries) {
      path_ = beside.parent_path() / str(name, ".tmp", ::getpid(), "-", ++number);
      file_.fd = open_retrying(path_, O_WRONLY | O_CREAT | O_EXCL, mode);
      if (file_.fd < 0 && (errno != EEXIST || tries == 1000)) fail_errno("write", beside);
    }
  }
  Temporary(const Temporary&) = delete;
  Temporary& operator=(const Temporary&) = delete;
  ~Temporary() {
    if (!path_.empty()) ::unlink(path_.c_str());
  }
  [[nodiscard]] int fd() const { return file_.fd; }
  void rename(const std::filesystem::path& to) {
    if (::rename(path_.c_str(), to.c_str()) != 0) fail_errno("write", to);
    path_.clear();
  }

 private:
  std::filesystem::path path_;
  Descriptor file_{-1};
};

void write_parts(int fd, const std::filesystem::path& path, std::span<const std::string_view> parts,
                 const std::function<void(std::string_view)>& written) {
  constexpr std::size_t kPiece = std::size_t{4} << 20;
  for (const std::string_view part : parts)
    for (std::size_t at = 0; at < part.size(); at += kPiece) {
      const std::string_view piece = part.substr(at, kPiece);
      if (!write_all(fd, piece)) fail_errno("write", path);
      if (written) written(piece);
    }
}

}  // namespace

MappedFile map_file(const std::filesystem::path& path) { return map_file(InputFile(path)); }

MappedFile map_file(const InputFile& file) {
  const auto bytes = static_cast<std::size_t>(file.size());
  if (bytes == 0)
    return {std::shared_ptr<const std::byte>(new std::byte[1], std::default_delete<const std::byte[]>()), 0};
  void* memory = ::mmap(nullptr, bytes, PROT_READ, MAP_PRIVATE, file.descriptor(), 0);
  if (memory == MAP_FAILED) fail_errno("map", file.path());
  MappedFile mapped{
      std::shared_ptr<const std::byte>(static_cast<const std::byte*>(memory),
                                       [bytes](const std::byte* p) { ::munmap(const_cast<std::byte*>(p), bytes); }),
      bytes};
  struct stat info {};  // reading past the end of a file that was shortened would be a SIGBUS
  if (::fstat(file.descriptor(), &info) != 0) fail_errno("read", file.path());
  if (static_cast<std::uint64_t>(info.st_size) < file.size())
    fail(ErrorCode::io, "'", file.path().string(), "' became shorter while it was opened: ", info.st_size, " bytes of ",
         file.size());
  return mapped;
}

void leave_memory(const std::byte* data, std::size_t bytes) noexcept {
  constexpr std::uintptr_t kPage = 4096;
  const auto begin = (reinterpret_cast<std::uintptr_t>(data) + kPage - 1) / kPage * kPage;
  const auto end = (reinterpret_cast<std::uintptr_t>(data) + bytes) / kPage * kPage;
  if (begin < end) (void)::madvise(reinterpret_cast<void*>(begin), end - begin, MADV_DONTNEED);
}

MappedFile spill(std::span<const std::string_view> parts) {
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

void write_file_atomically(const std::filesystem::path& path, std::span<const std::string_view> parts,
                           const std::function<void(std::string_view)>& written) {
  mode_t mode = 0666;  // less what the umask takes
  struct stat info {};
  const bool exists = ::stat(path.c_str(), &info) == 0;
  if (exists && S_ISCHR(info.st_mode)) {
    const Descriptor device{open_retrying(path, O_WRONLY)};
    if (device.fd < 0) fail_errno("write", path);
    return write_parts(device.fd, path, parts, written);
  }
  if (const char* kind = exists ? kind_of(info.st_mode) : nullptr)
    fail(ErrorCode::io, "can't write '", path.string(), "': it is ", kind, ", not a regular file");
  const std::filesystem::path target = follow(path);
  if (exists) mode = info.st_mode & 0777;
  Temporary temporary(target, mode);
  if (exists && ::fchmod(temporary.fd(), mode) != 0 && errno != EPERM && errno != ENOTSUP) fail_errno("write", path);
  write_parts(temporary.fd(), path, parts, written);
  // Else a crash of the machine could leave the name with an empty file.
  if (!sync(temporary.fd())) fail_errno("write", path);
  temporary.rename(target);
  const std::filesystem::path folder = target.has_parent_path() ? target.parent_path() : ".";
  if (const Descriptor entry{open_retrying(folder, O_RDONLY | O_DIRECTORY)}; entry.fd >= 0) (void)sync(entry.fd);
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
