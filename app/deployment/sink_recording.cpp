// A video file: H.264 in MP4 or Matroska, with all frames and their times; the first frame's size stays. MP4 is written
// in fragments of a second, so that what is there plays, however the recording ends.

#include <filesystem>

#include "app/deployment/encoder.h"
#include "app/deployment/recording_file.h"
#include "app/deployment/sinks.h"

namespace vireo::deployment {
namespace {

namespace fs = std::filesystem;

class Recording final : public Output {
 public:
  Recording(const config::SinkConfig& sink, const OutputContext& context) : Output(sink, context, 4) {}

 protected:
  /// What this run has recorded already stays: the next part gets a number.
  void opening() override {
    const fs::path target = sink().to;
    const int before = context().ledger->begin(fs::absolute(target).lexically_normal().string());
    file_ = std::make_unique<RecordingFile>(before == 0 ? target : free_name(target, std::to_string(before + 1)));
  }
  void build(GstBin* pipeline, GstElement* appsrc) override {
    const bool matroska = fs::path(sink().to).extension() == ".mkv";
    GstElement* parser = chain_.build(pipeline, appsrc);
    set_properties(chain_.encoder(), sink().properties);
    GstElement* mux = add_element(pipeline, matroska ? "matroskamux" : "mp4mux");
    if (!matroska) g_object_set(mux, "fragment-duration", 1000u, nullptr);
    GstElement* end = add_element(pipeline, "filesink");
    g_object_set(end, "location", file_ ? file_->part().c_str() : sink().to.c_str(), "async", FALSE, nullptr);
    set_property(end, "buffer-mode", "unbuffered");  // what is recorded is on the disk
    link(parser, mux);
    link(mux, end);
  }
  /// The file's time begins with its first frame and only goes forward.
  OwnedSample prepare(GstSample* sample, GstClockTime running, GstClockTime start) override {
    return chain_.prepare(sample, running, start);
  }
  void completed() override {
    const std::unique_ptr<RecordingFile> file = std::move(file_);
    file->complete();
  }
  std::string broken() override {
    const std::unique_ptr<RecordingFile> file = std::move(file_);
    std::error_code failed;
    if (!file || fs::file_size(file->part(), failed) == 0 || failed) return {};
    return "what was recorded until then is in '" + file->part().string() + "'";
  }

 private:
  std::unique_ptr<RecordingFile> file_;
  EncoderChain chain_;
};

std::optional<SinkAddress> parse(const std::string& to) {
  static constexpr std::string_view kEnds[] = {".mp4", ".mkv", ".m4v", ".mov"};
  if (!is_file_named(to, kEnds)) return std::nullopt;
  return SinkAddress{{}, to};
}

std::unique_ptr<Output> create(const config::SinkConfig& sink, const OutputContext& context) {
  const fs::path folder = fs::path(sink.to).parent_path();
  std::error_code failed;
  if (!folder.empty() && !fs::is_directory(folder, failed))
    throw Error(ErrorCode::not_found, "sink '" + sink.to + "': there is no directory '" + folder.string() + "'");
  return std::make_unique<Recording>(sink, context);
}

}  // namespace

extern const SinkRow kRecordingSink;
const SinkRow kRecordingSink{"FILE.mp4, FILE.mkv", true, true, true, parse, create};

}  // namespace vireo::deployment
