#include "engine/device/opencl/resident_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <filesystem>

#include "engine/api/log.h"
#include "engine/base/file.h"
#include "engine/base/text.h"

namespace vireo::device::opencl {

ResidentLock::~ResidentLock() {
  if (file_ >= 0) ::close(file_);
}

bool ResidentLock::take(const Target& target) {
  std::error_code error;
  const std::filesystem::path folder = std::filesystem::temp_directory_path(error);
  if (error) return true;
  const std::string key = target.name + target.description;
  const std::filesystem::path path = folder / base::str("vireo-", base::checksum(key.data(), key.size()), ".lock");
  file_ = ::open(path.c_str(), O_CREAT | O_RDONLY | O_CLOEXEC | O_NOFOLLOW, 0644);
  if (file_ < 0) return true;
  if (flock(file_, LOCK_EX | LOCK_NB) == 0) return true;
  ::close(file_);
  file_ = -1;
  log(LogLevel::info, base::str("another process uses '", target.description, "' (", path.string(),
                                "): kernels are launched one by one here, which is slower for small batches"));
  return false;
}

}  // namespace vireo::device::opencl
