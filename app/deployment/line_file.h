#pragma once
// JSON lines into files of one pattern, one after the other: a file is written beside its target and gets its name when
// it is whole. A line that can't be written leaves nothing of itself. One thread at a time, but prune().

#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>
#include <string>

#include "app/deployment/kept_files.h"
#include "app/deployment/recording_file.h"

namespace vireo::deployment {

/// Cuts behind the last whole line; false when there is none.
[[nodiscard]] bool cut_to_whole_lines(const std::filesystem::path& file);

class LineFiles {
 public:
  LineFiles(std::filesystem::path pattern, Keep keep) : pattern_(std::move(pattern)), keep_(keep) {}
  ~LineFiles() { end(); }
  LineFiles(const LineFiles&) = delete;
  LineFiles& operator=(const LineFiles&) = delete;

  /// With its line end. Begins a file where there is none. Throws Error(io): the line is lost.
  void write(const std::string& line);
  [[nodiscard]] bool writing() const { return file_ != nullptr; }
  [[nodiscard]] std::uint64_t bytes() const { return bytes_; }  ///< of the present file
  /// The present file gets its name. Failures are logged: it stays under the other one.
  void end() noexcept;
  /// What is too old goes. Any thread.
  void prune();

 private:
  void begin();
  [[nodiscard]] std::shared_ptr<KeptFiles> kept() const;

  const std::filesystem::path pattern_;
  const Keep keep_;
  std::unique_ptr<RecordingFile> file_;
  std::filesystem::path name_;
  int descriptor_ = -1;
  std::uint64_t bytes_ = 0;
  mutable std::mutex mutex_;
  std::shared_ptr<KeptFiles> kept_;  ///< guarded by the mutex
};

}  // namespace vireo::deployment
