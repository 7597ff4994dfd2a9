// A clip of each event: clip:DIR/NAME-%05d.mp4. The video is kept in memory, compressed, for some seconds; when a frame
// shows what is waited for, a clip begins before it and goes on until that has not been seen for a while. Beside it
// lies NAME-00001.json: when, and what was seen.

#include <filesystem>
#include <utility>

#include "app/deployment/encoded_output.h"
#include "app/deployment/event_ring.h"
#include "app/deployment/sinks.h"
#include "app/deployment/video_files.h"
#include "plugins/gst/frame_meta.h"
#include "plugins/publish/json.h"

namespace vireo::deployment {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kScheme = "clip:";
constexpr double kFinish_s = 15;
constexpr std::size_t kMostSightings = 512;  ///< frames that wait for the encoder, each with what it shows

const std::vector<std::string_view> kOwn = {"when", "before", "after", "at-most", "memory", "keep"};

struct Sighting {
  GstClockTime at = 0;
  sdk::FrameResult seen;
};

/// What is written down about the present clip.
struct Clip {
  GstClockTime begin = 0, end = 0;
  GstClockTime first_seen = 0, last_seen = 0;
  std::uint64_t frames = 0;  ///< that show it
  sdk::FrameResult cause;
};

class Clips final : public EncodedOutput {
 public:
  Clips(const config::SinkConfig& sink, const OutputContext& context) : Clips(sink, context, SinkOptions(sink, kOwn)) {}
  ~Clips() override { release(); }

 protected:
  void opening() override {
    files_.go_on();
    ring_.clear();
    std::lock_guard lock(mutex_);
    sightings_.clear();
  }
  void closing() override { files_.interrupt(); }
  void tend() override { files_.tend(); }
  std::string broken() override {
    end_clip();
    return {};
  }
  OwnedSample prepare(GstSample* sample, GstClockTime running, GstClockTime start) override {
    const gst::FrameNote* note = gst::find_note(gst_sample_get_buffer(sample), gst::NoteKind::result);
    if (note && note->age == 0) {
      sdk::FrameResult seen = when_.causes(note->result);
      std::lock_guard lock(mutex_);
      if (!seen.detections.empty() && sightings_.size() < kMostSightings)
        sightings_.push_back({running - start, std::move(seen)});
    }
    return EncodedOutput::prepare(sample, running, start);
  }
  void encoded(const EncodedFrame& frame) override {
    ring_.add(frame.buffer, frame.at, frame.key);
    const std::deque<Sighting> seen = seen_until(frame.at);
    if (!seen.empty()) last_seen_ = seen.back().at;
    if (files_.writing()) {
      if (frame.at >= clip_.begin + at_most_) {
        end_clip();
        cut_ = frame.at;
        if (!seen.empty()) begin_clip(frame, seen);
        return;
      }
      if (frame.at > last_seen_ + after_) return end_clip();
      note(seen);
      clip_.end = frame.at;
      if (!files_.write(frame.buffer)) count_dropped(1);
    } else if (!seen.empty()) {
      begin_clip(frame, seen);
    }
  }
  void encoded_all() override {
    end_clip();
    files_.finish(kFinish_s);
  }

 private:
  Clips(const config::SinkConfig& sink, const OutputContext& context, const SinkOptions& options)
      : EncodedOutput(sink, context, kOwn, GST_SECOND),
        when_(options.when()),
        before_(options.time("before", 5, 0, 600)),
        after_(options.time("after", 5, 0, 3600)),
        at_most_(options.time("at-most", 60, 1, 86400)),
        ring_(before_, options.bytes("memory", 64000000, 100000)),
        files_(sink_address(sink).file, options.keep(), [this](const std::string& problem) { tell(problem); }) {
    if (when_.empty())
      throw Error(ErrorCode::invalid_argument, (sink.place.text.empty() ? "" : sink.place.text + ": ") + "sink '" +
                                                   sink.to +
                                                   "' does not say which events; add the property 'when', such as "
                                                   "'person>0.5, car' ('*': any class)");
    if (at_most_ > before_) return;
    const auto before = sink.properties.find("before"), most = sink.properties.find("at-most");
    const config::Place& place = before != sink.properties.end() ? before->second.place
                                 : most != sink.properties.end() ? most->second.place
                                                                 : sink.place;
    throw Error(ErrorCode::invalid_argument, (place.text.empty() ? "" : place.text + ": ") +
                                                 "before: at-most must be more than before: a clip has " +
                                                 std::to_string(at_most_ / GST_SECOND) + " s at most, found " +
                                                 std::to_string(before_ / GST_SECOND) + " s before its event");
  }
  std::deque<Sighting> seen_until(GstClockTime at) {
    std::deque<Sighting> seen;
    std::lock_guard lock(mutex_);
    while (!sightings_.empty() && sightings_.front().at <= at) {
      seen.push_back(std::move(sightings_.front()));
      sightings_.pop_front();
    }
    return seen;
  }
  void note(const std::deque<Sighting>& seen) {
    if (seen.empty()) return;
    clip_.frames += seen.size();
    clip_.last_seen = seen.back().at;
  }
  void begin_clip(const EncodedFrame& frame, const std::deque<Sighting>& seen) {
    if (ring_.frames() == 0) return;  // no key frame yet
    GstClockTime from = seen.front().at > before_ ? seen.front().at - before_ : 0;
    // What goes on is cut into clips that follow each other.
    if (GST_CLOCK_TIME_IS_VALID(cut_) && seen.front().at <= cut_ + after_) from = std::max(from, cut_);
    cut_ = GST_CLOCK_TIME_NONE;
    if (!files_.begin(frame.caps, ".json")) return count_dropped(1);
    clip_ = {};
    clip_.first_seen = seen.front().at;
    clip_.cause = seen.front().seen;
    note(seen);
    clip_.begin = ring_.from(from, [&](GstBuffer* buffer) { return files_.write(buffer); });
    clip_.end = frame.at;
  }
  void end_clip() {
    if (files_.writing()) files_.end(record());
  }
  /// The line beside the clip.
  [[nodiscard]] std::string record() const {
    const auto seconds = [](GstClockTime time) {
      char text[32];
      std::snprintf(text, sizeof text, "%.3f", double(time) / 1e9);
      return std::string(text);
    };
    std::string json = "{\"schema\":" + std::to_string(publish::kSchema) + ",\"stream\":";
    publish::append_quoted(json, context().stream);
    json += ",\"file\":";
    publish::append_quoted(json, files_.name().filename().string());
    json += ",\"seconds\":" + seconds(clip_.end - clip_.begin);
    const GstClockTime first = clip_.first_seen > clip_.begin ? clip_.first_seen - clip_.begin : 0;
    json += ",\"first_seen_s\":" + seconds(first) + ",\"last_seen_s\":" + seconds(clip_.last_seen - clip_.begin) +
            ",\"frames_seen\":" + std::to_string(clip_.frames);
    if (clip_.cause.utc_ns >= 0) {
      const std::int64_t begin = clip_.cause.utc_ns - std::int64_t(first);
      json += ",\"begin_utc_ns\":" + std::to_string(begin) +
              ",\"end_utc_ns\":" + std::to_string(begin + std::int64_t(clip_.end - clip_.begin));
    }
    json += ",\"cause\":";
    publish::append_frame(json, clip_.cause);
    return json + "}\n";
  }

  const When when_;
  const GstClockTime before_, after_, at_most_;
  EventRing ring_;
  VideoFiles files_;
  Clip clip_;
  GstClockTime last_seen_ = 0;
  GstClockTime cut_ = GST_CLOCK_TIME_NONE;  ///< where the last clip had to end
  std::mutex mutex_;
  std::deque<Sighting> sightings_;  ///< guarded by the mutex
};

std::optional<SinkAddress> parse(const std::string& to) {
  if (!to.starts_with(kScheme) || to.starts_with("clip://")) return std::nullopt;
  const std::string file = to.substr(kScheme.size());
  static constexpr std::string_view kEnds[] = {".mp4", ".mkv", ".m4v", ".mov"};
  if (!is_file_named(file, kEnds) || !NamePattern::parse(file)) return std::nullopt;
  return SinkAddress{std::string(kScheme), file};
}

std::unique_ptr<Output> create(const config::SinkConfig& sink, const OutputContext& context) {
  return std::make_unique<Clips>(sink, context);
}

}  // namespace

extern const SinkRow kClipsSink;
const SinkRow kClipsSink{"clip:FILE-%05d.mp4 (events)", true, true, true, parse, create};

}  // namespace vireo::deployment
