// Results as JSON lines in files that follow each other: jsonl:FILE-%05d.jsonl, each so long or so large; each appears
// under its name when it is whole, and goes when there are too many.

#include <gst/app/gstappsink.h>

#include <algorithm>
#include <filesystem>

#include "app/deployment/line_file.h"
#include "app/deployment/sinks.h"
#include "plugins/gst/frame_meta.h"
#include "plugins/publish/json.h"

namespace vireo::deployment {
namespace {

constexpr std::string_view kScheme = "jsonl:";
constexpr Amount kSegment{Amount::Unit::seconds, 3600};
constexpr unsigned kRoom = 64;  ///< results that wait for a slow disk
constexpr double kTendEvery_s = 5;

const std::vector<std::string_view> kOwn = {"segment", "keep", "empty"};

bool read_flag(const config::SinkConfig& sink, const char* name, bool otherwise) {
  const auto found = sink.properties.find(name);
  if (found == sink.properties.end()) return otherwise;
  const auto& [value, place] = found->second;
  if (value != "true" && value != "false")
    throw Error(ErrorCode::invalid_argument, (place.text.empty() ? "" : place.text + ": ") + name + ": found '" +
                                                 value + "', accepted is true or false");
  return value == "true";
}

class Lines final : public Output {
 public:
  Lines(const config::SinkConfig& sink, const OutputContext& context, const SinkOptions& options)
      : Output(sink, context, kRoom),
        segment_(options.time_or_bytes("segment", kSegment)),
        empty_(read_flag(sink, "empty", true)),
        files_(sink_address(sink).file, options.keep()) {}
  ~Lines() override { release(); }
  [[nodiscard]] bool takes_pictures() const override { return false; }

 protected:
  void build(GstBin* pipeline, GstElement* appsrc) override {
    GstElement* end = add_element(pipeline, "appsink");
    g_object_set(end, "sync", FALSE, "async", FALSE, "max-buffers", 1u, "enable-last-sample", FALSE, nullptr);
    accept_any_planes(end);
    GstAppSinkCallbacks callbacks{};
    callbacks.new_sample = [](GstAppSink* from, gpointer data) {
      OwnedSample sample(gst_app_sink_pull_sample(from));
      if (sample) static_cast<Lines*>(data)->take(sample.get());
      return GST_FLOW_OK;
    };
    callbacks.eos = [](GstAppSink*, gpointer data) { static_cast<Lines*>(data)->files_.end(); };
    gst_app_sink_set_callbacks(GST_APP_SINK(end), &callbacks, this, nullptr);
    link(appsrc, end);
  }
  OwnedSample prepare(GstSample* sample, GstClockTime, GstClockTime) override { return without_pixels(sample); }
  void tend() override {
    if (Clock::now() - tended_ < std::chrono::duration<double>(kTendEvery_s)) return;
    tended_ = Clock::now();
    files_.prune();
  }
  std::string broken() override {
    files_.end();
    return {};
  }

 private:
  /// Files by time end at multiples of theirs. A line that can't be written is told, and the next one is tried.
  void take(GstSample* sample) {
    GstBuffer* buffer = gst_sample_get_buffer(sample);
    const gst::FrameNote* note = gst::find_note(buffer, gst::NoteKind::result);
    if (!note || note->age > 0 || (!empty_ && note->result.empty())) return;
    const GstClockTime at =
        gst_segment_to_running_time(gst_sample_get_segment(sample), GST_FORMAT_TIME, GST_BUFFER_PTS(buffer));
    if (files_.writing() && is_full(at)) files_.end();
    const bool first = !files_.writing();
    line_.clear();
    publish::append_record(line_, note->result);
    line_ += '\n';
    try {
      files_.write(line_);
      if (first) begun_ = at;
      tell("");
    } catch (const Error& error) {
      count_dropped(1);
      tell(error.what());
    }
  }
  [[nodiscard]] bool is_full(GstClockTime at) const {
    if (segment_.unit == Amount::Unit::bytes) return double(files_.bytes()) >= segment_.value;
    const auto length = GstClockTime(segment_.value * GST_SECOND);
    return GST_CLOCK_TIME_IS_VALID(at) && at / length != begun_ / length;
  }

  const Amount segment_;
  const bool empty_;
  LineFiles files_;
  std::string line_;
  GstClockTime begun_ = 0;
  Clock::time_point tended_;
};

std::optional<SinkAddress> parse(const std::string& to) {
  static constexpr std::string_view kEnds[] = {".jsonl", ".json"};
  const std::string file = to.starts_with(kScheme) && !to.starts_with("jsonl://") ? to.substr(kScheme.size()) : to;
  if (!is_file_named(file, kEnds) || !NamePattern::parse(file)) return std::nullopt;
  return SinkAddress{std::string(kScheme), file};
}

std::unique_ptr<Output> create(const config::SinkConfig& sink, const OutputContext& context) {
  for (const auto& [name, option] : sink.properties)
    if (std::find(kOwn.begin(), kOwn.end(), name) == kOwn.end())
      throw Error(ErrorCode::invalid_argument, (option.place.text.empty() ? "" : option.place.text + ": ") +
                                                   "the sink has no property '" + name +
                                                   "'; accepted are segment, keep, empty");
  return std::make_unique<Lines>(sink, context, SinkOptions(sink, kOwn));
}

}  // namespace

extern const SinkRow kLinesSink;
const SinkRow kLinesSink{"jsonl:FILE-%05d.jsonl (one after the other)", true, true, true, parse, create};

}  // namespace vireo::deployment
