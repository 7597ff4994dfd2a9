#pragma once
// The file of a recording: written beside its target as FILE.part and renamed when it is whole, so that an earlier
// recording stays until the new one is good, and a process that is killed leaves what it wrote. One thread at a time.

#include <cstdint>
#include <filesystem>
#include <string>

namespace vireo::deployment {

/// What becomes of a file that has the target's name when the recording is whole.
enum class Existing : std::uint8_t { replaced, stays };

class RecordingFile {
 public:
  /// A part that a killed process left is kept under another name, and said so. Throws Error(io) when the target can't
  /// be written or another process is writing it.
  explicit RecordingFile(const std::filesystem::path& target, Existing existing = Existing::replaced);
  /// A part that was not completed stays, unless it is empty.
  ~RecordingFile();
  RecordingFile(const RecordingFile&) = delete;
  RecordingFile& operator=(const RecordingFile&) = delete;

  /// Where to write.
  [[nodiscard]] const std::filesystem::path& part() const { return part_; }
  /// Gives it its name. Throws Error(io).
  void complete();
  /// There is nothing in it that anybody could use: the part goes.
  void discard();

 private:
  void keep_earlier_part();

  std::filesystem::path target_, part_;
  Existing existing_;
  int lock_ = -1;  ///< an open part, locked
  bool completed_ = false;
};

/// Renames; throws Error(io) where that can't be, or something has the name.
void rename_to_free(const std::filesystem::path& from, const std::filesystem::path& to);

/// Cuts a fragmented MP4 behind its last whole fragment; other kinds of file stay. False when there is nothing to play.
[[nodiscard]] bool cut_to_whole(const std::filesystem::path& file);

/// A name beside the file that nothing has: "out-2.mp4".
[[nodiscard]] std::filesystem::path free_name(const std::filesystem::path& file, const std::string& suffix);

}  // namespace vireo::deployment
