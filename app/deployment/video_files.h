#pragma once
// Compressed video into files of one pattern, one after the other: MP4 in fragments of a second, or Matroska. A file is
// written beside its target and gets its name when it is whole; one that breaks off (a full disk) is cut to what plays,
// and the next begins when it can. begin(), write(), end() and finish() by one thread at a time, the rest by any.

#include <gst/gst.h>

#include <filesystem>
#include <functional>
#include <future>
#include <list>
#include <memory>
#include <mutex>
#include <string>

#include "app/deployment/backoff.h"
#include "app/deployment/gst_objects.h"
#include "app/deployment/kept_files.h"

namespace vireo::deployment {

/// One of them.
class VideoFile;

class VideoFiles {
 public:
  /// `tell`: what is wrong, or "" when all is well again; any thread.
  VideoFiles(std::filesystem::path pattern, Keep keep, std::function<void(const std::string&)> tell);
  ~VideoFiles();
  VideoFiles(const VideoFiles&) = delete;
  VideoFiles& operator=(const VideoFiles&) = delete;

  /// Begins a file; false: it can't be now. `beside`: extension of a file that will be written beside it, or "".
  [[nodiscard]] bool begin(GstCaps* caps, const std::string& beside = {});
  [[nodiscard]] bool writing() const;
  [[nodiscard]] std::filesystem::path name() const;
  /// Waits while the disk is slow. Times may begin anywhere. False: the file broke off; told.
  bool write(GstBuffer* buffer);
  /// The file is finished by another thread; `text` is written beside it.
  void end(const std::string& text = {});
  /// Waits until all that have ended are finished, or so long.
  void finish(double seconds);
  /// Nobody waits in write() any more, nothing begins; until go_on().
  void interrupt();
  void go_on();
  /// What is too old goes; to be called now and then.
  void tend();

 private:
  void broke_off(const std::string& why);
  void is_ill(const std::string& why);
  bool is_well(const VideoFile& file);

  const std::filesystem::path pattern_;
  const Keep keep_;
  const std::function<void(const std::string&)> tell_;
  std::shared_ptr<VideoFile> now_;
  Clock::time_point retry_;
  Backoff backoff_;
  mutable std::mutex mutex_;  ///< guards what follows; now_ is changed under it
  std::shared_ptr<KeptFiles> kept_;
  std::list<std::future<void>> ending_;
  bool interrupted_ = false;
  Clock::time_point tended_;
  Clock::time_point ill_;  ///< since when something is wrong
};

}  // namespace vireo::deployment
