#include "app/deployment/video_files.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "app/deployment/feed.h"
#include "app/deployment/recording_file.h"
#include "engine/api/log.h"

namespace vireo::deployment {

namespace fs = std::filesystem;

namespace {

constexpr unsigned kRoom = 64;    ///< compressed frames that wait for the disk
constexpr double kFinish_s = 15;  ///< a disk that takes nothing for so long has failed
constexpr double kWell_s = 3;     ///< a file that grows for so long is well
constexpr double kTendEvery_s = 5;

void write_beside(const fs::path& path, const std::string& text) {
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0644);
  const bool good =
      file >= 0 && ::write(file, text.data(), text.size()) == ssize_t(text.size()) && ::fdatasync(file) == 0;
  const int failed = errno;
  if (file >= 0) ::close(file);
  if (good) return;
  if (file >= 0) ::unlink(path.c_str());
  throw Error(ErrorCode::io, "'" + path.string() + "' can't be written: " + std::strerror(failed));
}

}  // namespace

class VideoFile {
 public:
  VideoFile(const fs::path& target, GstCaps* caps) : target_(target), file_(target, Existing::stays) {
    const bool matroska = target.extension() == ".mkv";
    pipeline_ = new_pipeline("file");
    GstBin* bin = GST_BIN(pipeline_.get());
    GstElement* appsrc = add_element(bin, "appsrc");
    GstElement* mux = add_element(bin, matroska ? "matroskamux" : "mp4mux");
    if (!matroska) g_object_set(mux, "fragment-duration", 1000u, nullptr);
    GstElement* end = add_element(bin, "filesink");
    g_object_set(appsrc, "caps", caps, nullptr);
    g_object_set(end, "location", file_.part().c_str(), "async", FALSE, nullptr);
    set_property(end, "buffer-mode", "unbuffered");  // what is recorded is on the disk
    if (!gst_element_link_pads(appsrc, "src", mux, "video_%u"))
      throw Error(ErrorCode::internal, "the muxer takes no video");
    link(mux, end);
    feed_ = std::make_unique<Feed>(appsrc, kRoom);
    Owned<GstBus> bus(gst_element_get_bus(pipeline_.get()));
    gst_bus_set_sync_handler(bus.get(), &VideoFile::heard, this, nullptr);
    if (gst_element_set_state(pipeline_.get(), GST_STATE_PLAYING) == GST_STATE_CHANGE_FAILURE) {
      pipeline_.reset();
      throw Error(ErrorCode::io, problem_.empty() ? "'" + target.string() + "' can't be written" : problem_);
    }
  }
  ~VideoFile() {
    feed_->close();
    pipeline_.reset();
  }
  [[nodiscard]] const fs::path& target() const { return target_; }
  [[nodiscard]] Clock::time_point begun() const { return begun_; }

  bool write(GstBuffer* buffer) {
    if (!GST_CLOCK_TIME_IS_VALID(base_)) base_ = GST_BUFFER_DTS_OR_PTS(buffer);
    GstBuffer* own = gst_buffer_copy(buffer);
    for (GstClockTime* time : {&GST_BUFFER_PTS(own), &GST_BUFFER_DTS(own)})
      if (GST_CLOCK_TIME_IS_VALID(*time)) *time = *time > base_ ? *time - base_ : 0;
    GstSegment segment;
    gst_segment_init(&segment, GST_FORMAT_TIME);
    OwnedSample sample(gst_sample_new(own, nullptr, &segment, nullptr));
    gst_buffer_unref(own);
    return feed_->push(sample.get(), true) == Feed::Result::taken && problem().empty();
  }
  /// Nobody waits in write() any more.
  void close() { feed_->close(); }
  /// Returns what went wrong.
  std::string finish(KeptFiles& kept, const std::string& beside, const std::string& text) {
    feed_->end();
    {
      std::unique_lock lock(mutex_);
      changed_.wait_for(lock, std::chrono::duration<double>(kFinish_s), [&] { return over_; });
      if (!over_) problem_ = "it did not finish in time";
    }
    feed_->close();
    pipeline_.reset();
    std::string why = problem();
    try {
      if (why.empty() || cut_to_whole(file_.part())) {
        std::vector<KeptFiles::Written> files{{target_, file_.part()}};
        if (!beside.empty()) {
          fs::path other = target_;
          other.replace_extension(beside);
          write_beside(other, text);
          files.push_back({other, other});
        }
        kept.add(files);
        file_.complete();
      } else {
        file_.discard();
      }
    } catch (const Error& error) {
      why += (why.empty() ? "" : "; ") + std::string(error.what());
    }
    kept.settle(target_);
    return why;
  }
  [[nodiscard]] std::string problem() const {
    std::lock_guard lock(mutex_);
    return problem_;
  }

 private:
  static GstBusSyncReply heard(GstBus*, GstMessage* message, gpointer data) {
    auto& self = *static_cast<VideoFile*>(data);
    const GstMessageType type = GST_MESSAGE_TYPE(message);
    if (type == GST_MESSAGE_ERROR || type == GST_MESSAGE_EOS) {
      if (type == GST_MESSAGE_ERROR) self.feed_->close();
      std::lock_guard lock(self.mutex_);
      if (type == GST_MESSAGE_ERROR && self.problem_.empty()) self.problem_ = describe(message);
      self.over_ = true;
      self.changed_.notify_all();
    }
    gst_message_unref(message);
    return GST_BUS_DROP;
  }

  const fs::path target_;
  const Clock::time_point begun_ = Clock::now();
  RecordingFile file_;
  OwnedPipeline pipeline_;
  std::unique_ptr<Feed> feed_;
  GstClockTime base_ = GST_CLOCK_TIME_NONE;
  mutable std::mutex mutex_;  ///< guards what follows
  std::condition_variable changed_;
  bool over_ = false;
  std::string problem_;
};

VideoFiles::VideoFiles(fs::path pattern, Keep keep, std::function<void(const std::string&)> tell)
    : pattern_(std::move(pattern)), keep_(keep), tell_(std::move(tell)) {}

VideoFiles::~VideoFiles() {
  interrupt();
  end();
  finish(kFinish_s);
}

bool VideoFiles::begin(GstCaps* caps, const std::string& beside) {
  if (Clock::now() < retry_) return false;
  try {
    std::shared_ptr<KeptFiles> kept;
    {
      std::lock_guard lock(mutex_);
      if (interrupted_) return false;
      kept = kept_;
    }
    if (!kept) kept = std::make_shared<KeptFiles>(pattern_, keep_, cut_to_whole);
    auto file = std::make_shared<VideoFile>(kept->next(beside), caps);
    std::lock_guard lock(mutex_);
    kept_ = std::move(kept);
    now_ = std::move(file);
    return true;
  } catch (const Error& error) {
    broke_off(error.what());
    return false;
  }
}

bool VideoFiles::writing() const { return now_ != nullptr; }

fs::path VideoFiles::name() const { return now_ ? now_->target() : fs::path(); }

bool VideoFiles::write(GstBuffer* buffer) {
  if (now_->write(buffer)) {
    if (Clock::now() - now_->begun() > std::chrono::duration<double>(kWell_s) && is_well(*now_)) backoff_.reset();
    return true;
  }
  const std::string why = now_->problem();
  {
    std::lock_guard lock(mutex_);
    if (interrupted_ && why.empty()) return false;
  }
  broke_off(why.empty() ? "it was not finished in time" : why);
  end();
  return false;
}

void VideoFiles::is_ill(const std::string& why) {
  {
    std::lock_guard lock(mutex_);
    ill_ = Clock::now();
  }
  tell_(why);
}

/// A file that began after the trouble ends it.
bool VideoFiles::is_well(const VideoFile& file) {
  {
    std::lock_guard lock(mutex_);
    if (ill_ == Clock::time_point() || file.begun() < ill_) return false;
    ill_ = {};
  }
  tell_("");
  return true;
}

void VideoFiles::broke_off(const std::string& why) {
  const auto wait = backoff_.next();
  retry_ = Clock::now() + wait;
  is_ill(why + "; trying again in " + std::to_string((wait.count() + 999) / 1000) + " s");
  std::lock_guard lock(mutex_);
  if (!now_) kept_.reset();  // the folder may have been made anew
}

void VideoFiles::end(const std::string& text) {
  std::lock_guard lock(mutex_);
  const std::shared_ptr<VideoFile> file = std::move(now_);
  now_.reset();
  if (!file) return;
  const std::string beside = text.empty() ? "" : ".json";
  ending_.push_back(std::async(std::launch::async, [this, file, kept = kept_, beside, text] {
    const bool known = !file->problem().empty();  // write() has told it
    const std::string why = file->finish(*kept, beside, text);
    if (why.empty()) (void)is_well(*file);
    else if (!known) is_ill(why);
  }));
}

void VideoFiles::finish(double seconds) {
  const auto until = Clock::now() + std::chrono::duration<double>(seconds);
  std::list<std::future<void>> waited;
  {
    std::lock_guard lock(mutex_);
    waited.swap(ending_);
  }
  for (const std::future<void>& one : waited) one.wait_until(std::chrono::time_point_cast<Clock::duration>(until));
  std::lock_guard lock(mutex_);
  ending_.splice(ending_.end(), waited);
}

void VideoFiles::interrupt() {
  std::lock_guard lock(mutex_);
  interrupted_ = true;
  if (now_) now_->close();
}

void VideoFiles::go_on() {
  std::lock_guard lock(mutex_);
  interrupted_ = false;
}

void VideoFiles::tend() {
  std::shared_ptr<KeptFiles> kept;
  {
    std::lock_guard lock(mutex_);
    std::erase_if(ending_, [](const std::future<void>& one) {
      return one.wait_for(std::chrono::seconds(0)) == std::future_status::ready;
    });
    if (Clock::now() - tended_ < std::chrono::duration<double>(kTendEvery_s)) return;
    tended_ = Clock::now();
    kept = kept_;
  }
  if (kept) kept->prune();
}

}  // namespace vireo::deployment
