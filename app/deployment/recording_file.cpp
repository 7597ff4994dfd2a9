#include "app/deployment/recording_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>

#include "engine/api/error.h"
#include "engine/api/log.h"

namespace vireo::deployment {
namespace {

namespace fs = std::filesystem;

/// The file itself where the path is a link.
fs::path real(fs::path path) {
  std::error_code failed;
  for (int links = 0; links < 40; ++links) {
    const fs::path target = fs::read_symlink(path, failed);
    if (failed) break;
    path = path.parent_path() / target;
  }
  return path;
}

[[noreturn]] void fail(const fs::path& path, const std::string& why) {
  throw Error(ErrorCode::io, "'" + path.string() + "' " + why);
}

}  // namespace

fs::path free_name(const fs::path& file, const std::string& suffix) {
  const std::string stem = (file.parent_path() / file.stem()).string() + "-" + suffix;
  std::error_code failed;
  for (int number = 1;; ++number) {
    fs::path name = stem + (number > 1 ? "-" + std::to_string(number) : "") + file.extension().string();
    if (!fs::exists(fs::symlink_status(name, failed))) return name;
  }
}

void rename_to_free(const fs::path& from, const fs::path& to) {
  if (::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE) == 0) return;
  int failed = errno;
  struct stat info {};
  if (failed == EINVAL || failed == ENOSYS)  // a file system that can't promise it
    failed = ::lstat(to.c_str(), &info) == 0 ? EEXIST : ::rename(from.c_str(), to.c_str()) == 0 ? 0 : errno;
  if (failed != 0) fail(from, "can't be renamed to '" + to.string() + "': " + std::strerror(failed));
}

bool cut_to_whole(const fs::path& file) {
  std::error_code failed;
  const std::uint64_t size = fs::file_size(file, failed);
  if (failed || size == 0) return false;
  std::ifstream stream(file, std::ios::binary);
  unsigned char head[16];
  bool movie = false, fragment = false;
  std::uint64_t at = 0, whole = 0;
  while (stream.seekg(std::streamoff(at)) && stream.read(reinterpret_cast<char*>(head), 8)) {
    const std::string type(reinterpret_cast<const char*>(head) + 4, 4);
    if (at == 0 && type != "ftyp") return true;  // no MP4
    const auto number = [&](int from, int bytes) {
      std::uint64_t value = 0;
      for (int i = from; i < from + bytes; ++i) value = value << 8 | head[i];
      return value;
    };
    std::uint64_t length = number(0, 4);
    if (length == 1 && stream.read(reinterpret_cast<char*>(head) + 8, 8)) length = number(8, 8);
    if (length < 8 || length > size - at) break;
    at += length;
    movie |= type == "moov";
    if (type == "mdat" && movie && fragment) whole = at;
    if (type != "moof" && type != "mdat" && whole > 0) whole = at;  // what stands behind the last fragment
    fragment = type == "moof";
  }
  if (whole > 0 && whole < size) fs::resize_file(file, whole, failed);
  return whole > 0;
}

RecordingFile::RecordingFile(const fs::path& target, Existing existing)
    : target_(existing == Existing::replaced ? real(target) : target), existing_(existing) {
  std::error_code failed;
  const fs::file_status status = fs::status(target_, failed);
  if (fs::exists(status) && !fs::is_regular_file(status)) {  // a pipe is written as it is
    part_ = target_;
    completed_ = true;
    return;
  }
  part_ = target_.string() + ".part";
  keep_earlier_part();
}

/// Opens and locks the part. One with something in it, which nobody holds, is a killed process's.
void RecordingFile::keep_earlier_part() {
  for (int attempt = 0; attempt < 100; ++attempt) {
    lock_ = ::open(part_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
    if (lock_ < 0) fail(part_, std::string("can't be written: ") + std::strerror(errno));
    if (::flock(lock_, LOCK_EX | LOCK_NB) != 0) {
      ::close(lock_);
      lock_ = -1;
      fail(part_, "is being written by another process");
    }
    struct stat held {
    }, named{};
    const bool same = ::fstat(lock_, &held) == 0 && ::stat(part_.c_str(), &named) == 0 && held.st_ino == named.st_ino;
    if (same && held.st_size == 0) return;
    if (same) {
      const fs::path kept = free_name(target_, "recovered");
      std::error_code failed;
      fs::rename(part_, kept, failed);
      if (failed) fail(part_, "is left from a process that was killed and can't be renamed: " + failed.message());
      log(LogLevel::warning, "the recording of a process that was killed is now '" + kept.string() + "'");
    }
    ::close(lock_);
    lock_ = -1;
  }
  fail(part_, "changes all the time");
}

RecordingFile::~RecordingFile() {
  struct stat held {};
  if (lock_ >= 0 && !completed_ && ::fstat(lock_, &held) == 0 && held.st_size == 0) ::unlink(part_.c_str());
  if (lock_ >= 0) ::close(lock_);
}

void RecordingFile::complete() {
  if (completed_) return;
  // Now rather than at the next power cut: a name must not stand for less than it says.
  if (::fdatasync(lock_) != 0) fail(part_, std::string("can't be written: ") + std::strerror(errno));
  if (existing_ == Existing::stays) {
    rename_to_free(part_, target_);
  } else {
    std::error_code failed;
    fs::rename(part_, target_, failed);
    if (failed) fail(part_, "can't be renamed to '" + target_.string() + "': " + failed.message());
  }
  completed_ = true;
}

void RecordingFile::discard() {
  if (completed_) return;
  ::unlink(part_.c_str());
  completed_ = true;
}

}  // namespace vireo::deployment
