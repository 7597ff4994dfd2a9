// Pictures now and then: snapshot:DIR/NAME-%05d.jpg (or .png), every so many seconds, of frames that show something, or
// both.

#include <fcntl.h>
#include <gst/app/gstappsink.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <optional>

#include "app/deployment/kept_files.h"
#include "app/deployment/recording_file.h"
#include "app/deployment/sinks.h"
#include "plugins/gst/frame_meta.h"

namespace vireo::deployment {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kScheme = "snapshot:";
const std::vector<std::string_view> kOwn = {"every", "when", "keep"};
constexpr double kEvery_s = 10, kEveryEvent_s = 1;
constexpr double kTendEvery_s = 5;

class Snapshots final : public Output {
 public:
  Snapshots(const config::SinkConfig& sink, const OutputContext& context)
      : Snapshots(sink, context, SinkOptions(sink, kOwn)) {}
  ~Snapshots() override { release(); }

 protected:
  void build(GstBin* pipeline, GstElement* appsrc) override {
    GstElement* convert = add_element(pipeline, "videoconvert");
    GstElement* encoder =
        add_element(pipeline, fs::path(pattern_).extension() == ".png" ? "pngenc" : "jpegenc", "encoder");
    SinkOptions(sink(), kOwn).set_others(encoder);
    GstElement* end = add_element(pipeline, "appsink");
    g_object_set(end, "sync", FALSE, "async", FALSE, "max-buffers", 1u, "enable-last-sample", FALSE, nullptr);
    GstAppSinkCallbacks callbacks{};
    callbacks.new_sample = [](GstAppSink* from, gpointer data) {
      OwnedSample sample(gst_app_sink_pull_sample(from));
      if (sample) static_cast<Snapshots*>(data)->write(gst_sample_get_buffer(sample.get()));
      return GST_FLOW_OK;
    };
    gst_app_sink_set_callbacks(GST_APP_SINK(end), &callbacks, this, nullptr);
    link(appsrc, convert);
    link(convert, encoder);
    link(encoder, end);
  }
  OwnedSample prepare(GstSample* sample, GstClockTime running, GstClockTime) override {
    if (GST_CLOCK_TIME_IS_VALID(last_) && running < last_ + every_) return nullptr;
    GstBuffer* buffer = gst_sample_get_buffer(sample);
    if (!when_.empty()) {
      const gst::FrameNote* note = gst::find_note(buffer, gst::NoteKind::result);
      if (!note || note->age > 0 || when_.causes(note->result).detections.empty()) return nullptr;
    }
    last_ = running;
    return OwnedSample(gst_sample_ref(sample));
  }
  void tend() override {
    if (Clock::now() - tended_ < std::chrono::duration<double>(kTendEvery_s)) return;
    tended_ = Clock::now();
    std::shared_ptr<KeptFiles> kept;
    {
      std::lock_guard lock(mutex_);
      kept = kept_;
    }
    if (kept) kept->prune();
  }

 private:
  Snapshots(const config::SinkConfig& sink, const OutputContext& context, const SinkOptions& options)
      : Output(sink, context, 2),
        pattern_(sink_address(sink).file),
        when_(options.when()),
        every_(options.time("every", when_.empty() ? kEvery_s : kEveryEvent_s, 0, 1e7)),
        keep_(options.keep()) {}

  /// A picture that can't be written is told, and the next one is tried.
  void write(GstBuffer* buffer) {
    fs::path part;
    try {
      std::shared_ptr<KeptFiles> kept;
      {
        std::lock_guard lock(mutex_);
        if (!kept_) kept_ = std::make_shared<KeptFiles>(pattern_, keep_);
        kept = kept_;
      }
      const fs::path name = kept->next();
      const fs::path made = name.string() + ".part";
      write_part(made, buffer);
      part = made;
      kept->add({{name, part}});
      rename_to_free(part, name);
      part.clear();
      kept->settle(name);
      tell("");
    } catch (const Error& error) {
      if (!part.empty()) ::unlink(part.c_str());
      count_dropped(1);
      tell(error.what());
      std::lock_guard lock(mutex_);
      kept_.reset();  // the folder may have been made anew
    }
  }
  static void write_part(const fs::path& part, GstBuffer* buffer) {
    const int file = ::open(part.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0644);
    if (file < 0) throw Error(ErrorCode::io, "'" + part.string() + "' can't be written: " + std::strerror(errno));
    GstMapInfo map;
    gst_buffer_map(buffer, &map, GST_MAP_READ);
    bool good = true;
    for (std::size_t at = 0; good && at < map.size;) {
      const ssize_t written = ::write(file, map.data + at, map.size - at);
      good = written > 0;
      if (good) at += std::size_t(written);
    }
    good = good && ::fdatasync(file) == 0;
    const int failed = errno;
    gst_buffer_unmap(buffer, &map);
    ::close(file);
    if (!good) ::unlink(part.c_str());
    if (!good) throw Error(ErrorCode::io, "'" + part.string() + "' can't be written: " + std::strerror(failed));
  }

  const std::string pattern_;
  const When when_;
  const GstClockTime every_;
  const Keep keep_;
  GstClockTime last_ = GST_CLOCK_TIME_NONE;
  Clock::time_point tended_;
  std::mutex mutex_;
  std::shared_ptr<KeptFiles> kept_;  ///< guarded by the mutex
};

std::optional<SinkAddress> parse(const std::string& to) {
  if (!to.starts_with(kScheme) || to.starts_with("snapshot://")) return std::nullopt;
  const std::string file = to.substr(kScheme.size());
  static constexpr std::string_view kEnds[] = {".jpg", ".jpeg", ".png"};
  if (!is_file_named(file, kEnds) || !NamePattern::parse(file)) return std::nullopt;
  return SinkAddress{std::string(kScheme), file};
}

std::unique_ptr<Output> create(const config::SinkConfig& sink, const OutputContext& context) {
  return std::make_unique<Snapshots>(sink, context);
}

}  // namespace

extern const SinkRow kSnapshotsSink;
const SinkRow kSnapshotsSink{"snapshot:FILE-%05d.jpg", true, true, true, parse, create};

}  // namespace vireo::deployment
