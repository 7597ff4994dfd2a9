// A video in segments: FILE-%05d.mp4, each so long or so large; each begins with a key frame, appears under its name
// when it is whole, and goes when there are too many.

#include <filesystem>

#include "app/deployment/encoded_output.h"
#include "app/deployment/sinks.h"
#include "app/deployment/video_files.h"

namespace vireo::deployment {
namespace {

namespace fs = std::filesystem;

constexpr Amount kSegment{Amount::Unit::seconds, 60};
constexpr double kFinish_s = 15;

const std::vector<std::string_view> kOwn = {"segment", "keep"};

/// Key frames come at least every two seconds, and one where a segment ends.
GstClockTime key_every(const Amount& segment) {
  if (segment.unit == Amount::Unit::bytes) return 2 * GST_SECOND;
  const auto length = GstClockTime(segment.value * GST_SECOND);
  return length / std::max<GstClockTime>(1, (length + 2 * GST_SECOND - 1) / (2 * GST_SECOND));
}

class Segments final : public EncodedOutput {
 public:
  Segments(const config::SinkConfig& sink, const OutputContext& context)
      : EncodedOutput(sink, context, kOwn, key_every(SinkOptions(sink, kOwn).time_or_bytes("segment", kSegment))),
        segment_(SinkOptions(sink, kOwn).time_or_bytes("segment", kSegment)),
        files_(sink.to, SinkOptions(sink, kOwn).keep(), [this](const std::string& problem) { tell(problem); }) {}
  ~Segments() override { release(); }

 protected:
  void opening() override {
    files_.go_on();
    begun_ = bytes_ = 0;
  }
  void closing() override { files_.interrupt(); }
  void tend() override { files_.tend(); }
  std::string broken() override {
    files_.end();
    return {};
  }
  void encoded(const EncodedFrame& frame) override {
    if (frame.key && files_.writing() && is_full(frame.at)) files_.end();
    if (frame.key && !files_.writing() && files_.begin(frame.caps)) {
      begun_ = frame.at;
      bytes_ = 0;
    }
    if (files_.writing() && files_.write(frame.buffer)) {
      bytes_ += gst_buffer_get_size(frame.buffer);
      return;
    }
    count_dropped(1);
    if (!context().live && !files_.writing()) fail_for_good("the recording broke off");
  }
  void encoded_all() override {
    files_.end();
    files_.finish(kFinish_s);
  }

 private:
  /// Segments by time end at multiples of theirs, so that a late key frame delays one cut only.
  [[nodiscard]] bool is_full(GstClockTime at) const {
    if (segment_.unit == Amount::Unit::bytes) return double(bytes_) >= segment_.value;
    const auto length = GstClockTime(segment_.value * GST_SECOND);
    return at / length != begun_ / length;
  }

  const Amount segment_;
  GstClockTime begun_ = 0;
  std::uint64_t bytes_ = 0;
  VideoFiles files_;
};

std::optional<SinkAddress> parse(const std::string& to) {
  static constexpr std::string_view kEnds[] = {".mp4", ".mkv", ".m4v", ".mov"};
  if (!is_file_named(to, kEnds) || !NamePattern::parse(to)) return std::nullopt;
  return SinkAddress{{}, to};
}

std::unique_ptr<Output> create(const config::SinkConfig& sink, const OutputContext& context) {
  return std::make_unique<Segments>(sink, context);
}

}  // namespace

extern const SinkRow kSegmentsSink;
const SinkRow kSegmentsSink{"FILE-%05d.mp4 or FILE-%t.mp4 (segments)", true, true, true, parse, create};

}  // namespace vireo::deployment
