#include "app/deployment/input.h"

#include <gst/app/gstappsink.h>
#include <gst/video/video.h>

#include <algorithm>
#include <cstdio>

#include "app/deployment/gst_objects.h"
#include "app/deployment/played_file.h"
#include "app/deployment/sources.h"
#include "engine/api/log.h"
#include "plugins/gst/picture_name.h"

namespace vireo::deployment {
namespace {

constexpr auto kPoll = 50 * GST_MSECOND;
constexpr double kStallLive = 10, kStallFile = 30;  ///< seconds without a frame
constexpr double kConnect = 20;                     ///< seconds until a live source's first frame, at least
/// Without a first frame, for a file that is known to be cut off: decodebin swallows the error of a demuxer that fails
/// while it is being plugged in, and nothing ever moves.
constexpr double kCutOff = 5;
constexpr double kSteady = 10;  ///< seconds of frames after which a failure is a new one: attempts are quick again

/// What a user can do about an error of a source.
const char* remedy(const GError* error, const SourceKind& kind) {
  if (error->domain == GST_RESOURCE_ERROR) {
    switch (error->code) {
      case GST_RESOURCE_ERROR_NOT_AUTHORIZED: return "check user and password: rtsp://USER:PASSWORD@HOST";
      case GST_RESOURCE_ERROR_NOT_FOUND:
        return kind.network ? "check the path behind the host, and that the server has this stream"
                            : "check that it is there and plugged in";
      case GST_RESOURCE_ERROR_OPEN_READ:
      case GST_RESOURCE_ERROR_OPEN_READ_WRITE:
      case GST_RESOURCE_ERROR_OPEN_WRITE:
        return kind.network ? "check address and port, that the server runs, and that no firewall is between"
                            : "check that it is there and may be read";
      case GST_RESOURCE_ERROR_BUSY: return "another program uses it";
      default: return kind.network ? "check the network and the server" : "check the device or file";
    }
  }
  if (error->domain == GST_STREAM_ERROR && error->code == GST_STREAM_ERROR_CODEC_NOT_FOUND)
    return "'vireo doctor' lists missing decoders";
  if (error->domain == GST_CORE_ERROR && error->code == GST_CORE_ERROR_MISSING_PLUGIN)
    return "'vireo doctor' lists what is missing";
  return "";
}

std::string problem_of(GstMessage* message, const SourceKind& kind, const std::string& uri) {
  GError* error = nullptr;
  gst_message_parse_error(message, &error, nullptr);
  std::string text = without_secrets(describe(message), uri);
  while (!text.empty() && (text.back() == '.' || text.back() == ' ')) text.pop_back();
  if (const char* what = error ? remedy(error, kind) : ""; *what) text += "; " + std::string(what);
  g_clear_error(&error);
  return text;
}

std::string in_words(GstCaps* caps) {
  GstVideoInfo info;
  if (!gst_video_info_from_caps(&info, caps)) return "of no format that can be told";
  char size[64];
  std::snprintf(size, sizeof size, "%dx%d ", GST_VIDEO_INFO_WIDTH(&info), GST_VIDEO_INFO_HEIGHT(&info));
  std::string text = size + std::string(gst_video_format_to_string(GST_VIDEO_INFO_FORMAT(&info)));
  const std::string colours = take(gst_video_colorimetry_to_string(&info.colorimetry));
  if (!colours.empty()) text += ", colours " + colours;
  if (info.fps_n > 0) {
    std::snprintf(size, sizeof size, ", %.4g frames a second", double(info.fps_n) / info.fps_d);
    text += size;
  }
  return text;
}

/// `-v` says what comes in, each time that it changes.
GstPadProbeReturn tell_format(GstPad*, GstPadProbeInfo* probe, gpointer stream) {
  GstEvent* event = GST_PAD_PROBE_INFO_EVENT(probe);
  if (GST_EVENT_TYPE(event) != GST_EVENT_CAPS) return GST_PAD_PROBE_OK;
  GstCaps* caps = nullptr;
  gst_event_parse_caps(event, &caps);
  log(LogLevel::info, "stream '" + *static_cast<const std::string*>(stream) + "': frames are " + in_words(caps));
  return GST_PAD_PROBE_OK;
}

/// `stream`, its name, must outlive the pipeline.
GstElement* add_gate_sink(GstBin* pipeline, FrameGate& gate, const std::string& stream) {
  GstElement* sink = add_element(pipeline, "appsink");
  OwnedCaps caps(gst_caps_from_string("video/x-raw"));
  g_object_set(sink, "sync", FALSE, "max-buffers", 1u, "enable-last-sample", FALSE, "caps", caps.get(), nullptr);
  GstAppSinkCallbacks callbacks{};
  callbacks.new_sample = [](GstAppSink* from, gpointer data) {
    OwnedSample sample(gst_app_sink_pull_sample(from));
    if (!sample) return GST_FLOW_EOS;
    return static_cast<FrameGate*>(data)->push(sample.get()) ? GST_FLOW_OK : GST_FLOW_EOS;
  };
  gst_app_sink_set_callbacks(GST_APP_SINK(sink), &callbacks, &gate, nullptr);
  accept_any_planes(sink);
  Owned<GstPad> pad(gst_element_get_static_pad(sink, "sink"));
  gst_pad_add_probe(pad.get(), GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM, tell_format, const_cast<std::string*>(&stream),
                    nullptr);
  return sink;
}

/// Results say which of the videos they belong to. `video` must outlive the pipeline.
void name_frames(GstElement* sink, const std::string& video) {
  Owned<GstPad> pad(gst_element_get_static_pad(sink, "sink"));
  gst_pad_add_probe(
      pad.get(), GST_PAD_PROBE_TYPE_BUFFER,
      [](GstPad*, GstPadProbeInfo* info, gpointer name) {
        GstBuffer* frame = gst_buffer_make_writable(GST_PAD_PROBE_INFO_BUFFER(info));
        gst::attach_picture_name(frame, *static_cast<const std::string*>(name));
        info->data = frame;
        return GST_PAD_PROBE_OK;
      },
      const_cast<std::string*>(&video), nullptr);
}

std::string in_seconds(double seconds) {
  char text[32];
  std::snprintf(text, sizeof text, seconds < 10 ? "%.1f s" : "%.0f s", seconds);
  return text;
}

}  // namespace

Input::Input(const config::SourceConfig& source, std::string stream, FrameGate& gate)
    : source_(source),
      stream_(std::move(stream)),
      address_(safe_address(source.uri)),
      kind_(kind_of(source.uri, source.live)),
      videos_(find_videos(source.uri)),
      gate_(gate) {}

Input::~Input() { stop(); }

void Input::start() {
  started_ns_ = now_ns();
  thread_ = std::thread([this] { run(); });
}

void Input::stop() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
    wake_.notify_all();
  }
  if (thread_.joinable()) thread_.join();
}

InputStatus Input::status() const {
  std::lock_guard lock(mutex_);
  return status_;
}

void Input::set(InputState state, const std::string& problem) {
  std::lock_guard lock(mutex_);
  status_.state = state;
  status_.problem = problem;
}

std::optional<double> Input::patience() const {
  const double limit = gate_.frames() > 0 ? source_.give_up_s : std::max(source_.give_up_s, source_.first_frame_s);
  if (limit <= 0) return std::nullopt;
  return limit - seconds_since(std::max(started_ns_, gate_.last_ns()));
}

void Input::report(const Ending& ending, Backoff::Duration wait) {
  log(LogLevel::warning, "stream '" + stream_ + "': " + address_ + ": " + ending.problem + "; trying again in " +
                             in_seconds(double(wait.count()) / 1e3));
}

/// Opens the source until it has nothing more to say.
void Input::run() {
  const bool again = kind_.live || source_.loop;
  Backoff backoff(source_.retry_max_s > 0 ? source_.retry_max_s : 30);
  for (;;) {
    set(InputState::connecting, status().problem);
    const std::int64_t opened = now_ns();
    const std::uint64_t before = gate_.frames();
    Ending ending = play();
    if (stopping_ || gate_.ended() || ending.why == Ending::Why::stop) break;
    if (next_video(ending)) continue;
    const bool looped = source_.loop && ending.why == Ending::Why::end && gate_.frames() > before;
    if (ending.why == Ending::Why::end) ending.problem = kind_.network ? "the server has ended it" : "it has ended";
    const std::optional<double> left = patience();
    if (!again || (!looped && left && *left <= 0) || (!kind_.live && !looped)) {
      const bool failed = again || ending.why == Ending::Why::error;
      set(failed ? InputState::failed : InputState::ended, failed ? ending.problem : "");
      gate_.end();
      return;
    }
    if (looped) {
      std::lock_guard lock(mutex_);
      ++status_.restarts;
      continue;
    }
    if (gate_.frames() > before && seconds_since(opened) > kSteady) backoff.reset();
    Backoff::Duration wait = backoff.next();
    if (left) wait = std::min(wait, Backoff::Duration(Backoff::Duration::rep(*left * 1e3) + 1));
    report(ending, wait);
    std::unique_lock lock(mutex_);
    status_.state = InputState::waiting;
    status_.problem = ending.problem;
    ++status_.restarts;
    wake_.wait_for(lock, wait, [&] { return stopping_.load(); });
  }
  set(InputState::ended, status().problem);
}

/// Of a folder's videos. One that can't be played to its end is told, and costs no other.
bool Input::next_video(Ending& ending) {
  if (videos_.empty()) return false;
  if (ending.why == Ending::Why::error) {
    const std::string text = "video '" + videos_[video_] + "': " + ending.problem;
    log(LogLevel::warning, "stream '" + stream_ + "': " + text);
    std::lock_guard lock(mutex_);
    status_.cut_short.push_back(text);
    status_.problem.clear();
  }
  if (++video_ < videos_.size()) return true;
  video_ = 0;
  if (gate_.frames() > 0) ending = {Ending::Why::end, ""};
  return false;
}

/// One run, from opening to its end.
Input::Ending Input::play() {
  config::SourceConfig source_now = source_;
  if (!videos_.empty()) source_now.uri = videos_[video_];
  PlayedFile file(source_now.uri);
  OwnedPipeline pipeline = new_pipeline("input-" + stream_);
  try {
    GstElement* source = add_source(GST_BIN(pipeline.get()), source_now, "source");
    GstElement* sink = add_gate_sink(GST_BIN(pipeline.get()), gate_, stream_);
    link(source, sink);
    if (!videos_.empty()) name_frames(sink, videos_[video_]);
    Owned<GstElement> decode(gst_bin_get_by_name(GST_BIN(pipeline.get()), "decode"));
    file.watch(decode.get(), sink);
  } catch (const Error& error) {
    return {Ending::Why::error, without_secrets(error.what(), source_.uri)};
  }
  gate_.begin(pipeline.get());
  (void)gst_element_set_state(pipeline.get(), GST_STATE_PLAYING);  // a failure's cause is on the bus
  Ending ending = watch(pipeline.get(), file);
  if (ending.why == Ending::Why::end) {
    if (std::string sentence = file.cut_short(); !sentence.empty()) {
      std::lock_guard lock(mutex_);
      std::vector<std::string>& told = status_.cut_short;  // a file in a loop says it once
      if (std::find(told.begin(), told.end(), sentence) == told.end()) told.push_back(std::move(sentence));
    }
  } else if (ending.why == Ending::Why::error) {
    // A demuxer that misses the index at the file's end speaks of streams; the cause is that the file is cut off.
    if (const std::string what = file.missing(); !what.empty())
      ending.problem += "; '" + file.path() + "' was cut off: " + what;
  }
  return ending;
}

/// What has gone wrong when no frame comes any more; empty while all is well.
std::string Input::stall(std::int64_t opened_ns, std::uint64_t frames_before, const PlayedFile& file) const {
  if (gate_.waiting()) return {};  // the stream is slow, not the source
  const bool none = gate_.frames() == frames_before;
  const double quiet = seconds_since(none ? opened_ns : std::max(opened_ns, gate_.last_ns()));
  if (none && quiet > kCutOff && !file.path().empty() && !file.missing().empty()) return "no frame can be read";
  double limit = source_.stall_timeout_s > 0 ? source_.stall_timeout_s : kind_.live ? kStallLive : kStallFile;
  if (none && kind_.live && source_.stall_timeout_s <= 0) limit = std::max(limit, kConnect);
  if (quiet <= limit) return {};
  return (none ? "no frame has come within " : "it has stalled, no frame has come for ") + in_seconds(quiet) +
         (kind_.network ? "; check that the camera sends and the network is up" : "; check the source");
}

Input::Ending Input::watch(GstElement* pipeline, PlayedFile& file) {
  const std::int64_t opened = now_ns();
  const std::uint64_t before = gate_.frames();
  bool playing = false;
  Owned<GstBus> bus(gst_element_get_bus(pipeline));
  for (;;) {
    OwnedMessage message(gst_bus_timed_pop(bus.get(), kPoll));
    if (stopping_ || gate_.ended()) return {Ending::Why::stop, ""};
    if (!playing && gate_.frames() > before) {
      playing = true;
      const std::string was = status().problem;
      if (!was.empty()) log(LogLevel::warning, "stream '" + stream_ + "': " + address_ + " is back");
      set(InputState::playing, "");
    }
    if (message) {
      switch (GST_MESSAGE_TYPE(message.get())) {
        case GST_MESSAGE_EOS: return {Ending::Why::end, ""};
        case GST_MESSAGE_ERROR: return {Ending::Why::error, problem_of(message.get(), kind_, source_.uri)};
        case GST_MESSAGE_WARNING: {
          const std::string text = without_secrets(describe(message.get()), source_.uri);
          log(LogLevel::warning, "stream '" + stream_ + "': " + address_ + ": " + text);
          break;
        }
        case GST_MESSAGE_APPLICATION: {  // a picture that was left out
          const GstStructure* said = gst_message_get_structure(message.get());
          const gchar* text = gst_structure_get_string(said, "text");
          if (!text) break;
          log(LogLevel::warning, "stream '" + stream_ + "': " + text);
          std::lock_guard lock(mutex_);
          status_.cut_short.emplace_back(text);
          break;
        }
        case GST_MESSAGE_LATENCY: gst_bin_recalculate_latency(GST_BIN(pipeline)); break;
        default: break;
      }
      continue;
    }
    if (std::string what = stall(opened, before, file); !what.empty()) return {Ending::Why::error, std::move(what)};
    if (const std::optional<double> left = patience(); left && *left <= 0)
      return {Ending::Why::error,
              "no frame has come for " + in_seconds(seconds_since(std::max(started_ns_, gate_.last_ns())))};
  }
}

}  // namespace vireo::deployment
