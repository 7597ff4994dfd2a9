#include "app/deployment/line_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>

#include "engine/api/error.h"
#include "engine/api/log.h"

namespace vireo::deployment {

namespace fs = std::filesystem;

bool cut_to_whole_lines(const fs::path& file) {
  constexpr std::uint64_t kStep = 65536;
  std::error_code failed;
  std::uint64_t end = fs::file_size(file, failed);
  if (failed) return false;
  std::ifstream stream(file, std::ios::binary);
  std::string part;
  while (end > 0) {
    const std::uint64_t begin = end > kStep ? end - kStep : 0;
    part.resize(end - begin);
    stream.seekg(std::streamoff(begin));
    if (!stream.read(part.data(), std::streamsize(part.size()))) return false;
    if (const std::size_t last = part.rfind('\n'); last != std::string::npos) {
      fs::resize_file(file, begin + last + 1, failed);
      return !failed;
    }
    end = begin;
  }
  return false;
}

std::shared_ptr<KeptFiles> LineFiles::kept() const {
  std::lock_guard lock(mutex_);
  return kept_;
}

void LineFiles::begin() {
  std::shared_ptr<KeptFiles> kept = this->kept();
  if (!kept) {
    kept = std::make_shared<KeptFiles>(pattern_, keep_, cut_to_whole_lines);
    std::lock_guard lock(mutex_);
    kept_ = kept;
  }
  try {
    name_ = kept->next();
    auto file = std::make_unique<RecordingFile>(name_, Existing::stays);
    descriptor_ = ::open(file->part().c_str(), O_WRONLY | O_APPEND | O_CLOEXEC | O_NOFOLLOW);
    if (descriptor_ < 0)
      throw Error(ErrorCode::io, "'" + file->part().string() + "' can't be written: " + std::strerror(errno));
    file_ = std::move(file);
    bytes_ = 0;
  } catch (const Error&) {
    std::lock_guard lock(mutex_);
    kept_.reset();  // the folder may have been made anew
    throw;
  }
}

void LineFiles::write(const std::string& line) {
  if (!file_) begin();
  std::size_t done = 0;
  while (done < line.size()) {
    const ssize_t written = ::write(descriptor_, line.data() + done, line.size() - done);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) {
      const std::string why = std::strerror(errno);
      if (done > 0 && ::ftruncate(descriptor_, off_t(bytes_)) != 0) end();  // half a line ends its file
      throw Error(ErrorCode::io, "'" + name_.string() + "' can't be written: " + why);
    }
    done += std::size_t(written);
  }
  bytes_ += line.size();
}

void LineFiles::end() noexcept {
  const std::unique_ptr<RecordingFile> file = std::move(file_);
  if (!file) return;
  ::close(descriptor_);
  descriptor_ = -1;
  const std::shared_ptr<KeptFiles> kept = this->kept();
  try {
    if (bytes_ > 0 && cut_to_whole_lines(file->part())) {
      if (kept) kept->add({{name_, file->part()}});
      file->complete();
    } else {
      file->discard();
    }
  } catch (const std::exception& error) {
    log(LogLevel::error, error.what());
  }
  if (kept) kept->settle(name_);
}

void LineFiles::prune() {
  if (const std::shared_ptr<KeptFiles> kept = this->kept()) kept->prune();
}

}  // namespace vireo::deployment
