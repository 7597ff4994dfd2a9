#include "app/deployment/recording_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

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

RecordingFile::RecordingFile(const fs::path& target) : target_(real(target)) {
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
  std::error_code failed;
  fs::rename(part_, target_, failed);
  if (failed) fail(part_, "can't be renamed to '" + target_.string() + "': " + failed.message());
  completed_ = true;
}

}  // namespace vireo::deployment
