#include "app/pipeline/pipeline.h"

#include <gst/gst.h>
#include <gst/video/video.h>

#include <chrono>
#include <mutex>
#include <thread>

#include "app/pipeline/gst_objects.h"
#include "app/pipeline/sinks.h"
#include "app/pipeline/sources.h"
#include "engine/api/log.h"
#include "plugins/gst/frame_meta.h"
#include "plugins/infer/latency.h"

namespace vireo::pipeline {
namespace {

using Clock = std::chrono::steady_clock;
constexpr auto kPoll = 50 * GST_MSECOND;
constexpr auto kFinish = std::chrono::seconds(20);       ///< for files to be completed after the sources ended
constexpr auto kFinishBroken = std::chrono::seconds(5);  ///< the same after an error
constexpr auto kQuiet = std::chrono::milliseconds(500);  ///< without a frame: what came before an error is through
constexpr auto kDrain = std::chrono::seconds(3);         ///< at most, when other sources go on

std::int64_t now_ns() { return Clock::now().time_since_epoch().count(); }

struct MessageUnref {
  void operator()(GstMessage* message) const noexcept { gst_message_unref(message); }
};
using OwnedMessage = std::unique_ptr<GstMessage, MessageUnref>;

}  // namespace

/// One source with all that hangs on it. Probes run in its streaming threads.
struct Branch {
  Pipeline::State* owner = nullptr;
  int index = 0;
  GstElement* infer = nullptr;  ///< borrowed from the pipeline
  std::uint64_t frames_in = 0;  ///< streaming thread
  GstClockTime next_pts = 0;    ///< streaming thread: for frames without a time
  std::atomic<bool> ended{false};
};

struct Pipeline::State {
  PipelineConfig config;
  FrameObserver observer;
  Owned<GstElement> pipeline;
  std::vector<std::unique_ptr<Branch>> branches;
  std::atomic<bool> stopping{false};
  std::atomic<std::int64_t> last_progress{0};
  std::atomic<std::int64_t> first_in{0}, last_out{0};
  std::mutex mutex;  ///< guards what follows
  infer::LatencyHistogram latency;
  std::atomic<std::uint64_t> frames{0};
  std::uint64_t detections = 0;
  Clock::time_point stop_seen{};  ///< the thread in run()

  void build();
  void add_branch(const SourceConfig& source, int index);
  void add_sinks(GstElement* tail, const SourceConfig& source, const std::string& name);
  void watch(Branch& branch);
  [[nodiscard]] bool keeps_every_frame() const;
  void end_sources();
  bool handle(GstMessage* message);
  void finish_files(GstBus* bus);
  void check_stall() const;
  bool stop_in_time();
  void supervise();
  [[nodiscard]] RunStats collect();
  void frame_out(Branch& branch, GstBuffer* buffer);
};

namespace {

// ---- probes --------------------------------------------------------------------------------------------------------

/// Counts, gives times to frames without, and ends the branch after max_frames or on request: by an EOS of its own, as
/// sources differ in how they take one.
GstPadProbeReturn frame_in(GstPad* pad, GstPadProbeInfo* info, gpointer data) {
  auto& branch = *static_cast<Branch*>(data);
  Pipeline::State& state = *branch.owner;
  const std::uint64_t limit = state.config.max_frames;
  const bool end = state.stopping || (limit > 0 && branch.frames_in >= limit);
  if (end) {
    if (!branch.ended.exchange(true)) gst_pad_send_event(pad, gst_event_new_eos());
    gst_buffer_unref(GST_PAD_PROBE_INFO_BUFFER(info));
    GST_PAD_PROBE_INFO_FLOW_RETURN(info) = GST_FLOW_EOS;
    return GST_PAD_PROBE_HANDLED;
  }
  std::int64_t none = 0;
  state.first_in.compare_exchange_strong(none, now_ns());
  state.last_progress = now_ns();
  ++branch.frames_in;
  GstBuffer* buffer = GST_PAD_PROBE_INFO_BUFFER(info);
  if (!GST_BUFFER_PTS_IS_VALID(buffer)) {
    buffer = gst_buffer_make_writable(buffer);
    GST_BUFFER_PTS(buffer) = branch.next_pts;
    GST_PAD_PROBE_INFO_DATA(info) = buffer;
  }
  const GstClockTime duration = GST_BUFFER_DURATION_IS_VALID(buffer) ? GST_BUFFER_DURATION(buffer) : 40 * GST_MSECOND;
  branch.next_pts = GST_BUFFER_PTS(buffer) + duration;
  return GST_PAD_PROBE_OK;
}

GstPadProbeReturn frame_out(GstPad*, GstPadProbeInfo* info, gpointer data) {
  auto& branch = *static_cast<Branch*>(data);
  branch.owner->frame_out(branch, GST_PAD_PROBE_INFO_BUFFER(info));
  return GST_PAD_PROBE_OK;
}

void add_probe(GstElement* element, const char* pad, GstPadProbeType type, GstPadProbeCallback callback,
               Branch& branch) {
  Owned<GstPad> target(gst_element_get_static_pad(element, pad));
  gst_pad_add_probe(target.get(), type, callback, &branch, nullptr);
}

}  // namespace

void Pipeline::State::frame_out(Branch& branch, GstBuffer* buffer) {
  last_progress = now_ns();
  last_out = now_ns();
  const gst::FrameNote* note = gst::find_note(buffer, gst::NoteKind::result);
  const gst::FrameNote* truth = gst::find_note(buffer, gst::NoteKind::truth);
  {
    std::lock_guard lock(mutex);
    ++frames;
    if (note && note->age == 0) {
      latency.add(std::chrono::nanoseconds(note->latency_ns));
      detections += note->result.detections.size();
    }
  }
  if (!observer) return;
  observer({branch.index, note ? &note->result : nullptr, truth ? &truth->result : nullptr, note ? note->age : 0});
}

// ---- building ------------------------------------------------------------------------------------------------------

bool Pipeline::State::keeps_every_frame() const {
  for (const std::string& sink : config.sinks) {
    if (parse_sink(sink).kind == SinkKind::video_file) return true;
  }
  return false;
}

GstElement* add_publishers(GstBin* bin, GstElement* tail, const std::vector<std::string>& sinks) {
  for (const std::string& text : sinks) {
    const SinkAddress address = parse_sink(text);
    if (address.kind != SinkKind::publisher) continue;
    GstElement* publisher = add_element(bin, "vireopublish");
    set_property(publisher, "to", address.target);
    link(tail, publisher);
    tail = publisher;
  }
  return tail;
}

/// Everything behind vireoinfer.
void Pipeline::State::add_sinks(GstElement* tail, const SourceConfig& source, const std::string& name) {
  GstBin* bin = GST_BIN(pipeline.get());
  tail = add_publishers(bin, tail, config.sinks);
  const bool live = source.live || source.uri.starts_with("/dev/") || source.uri.starts_with("v4l2://") ||
                    source.uri.starts_with("rtsp://");
  std::vector<GstElement*> outputs;
  bool pictures = false, window = false;
  for (const std::string& text : config.sinks) {
    const SinkAddress address = parse_sink(text);
    if (address.kind == SinkKind::video_file) {
      outputs.push_back(
          add_file_sink(bin, config.sources.size() > 1 ? with_name(address.target, name) : address.target));
      pictures = true;
    } else if (address.kind == SinkKind::display) {
      const std::string factory = find_display_sink();
      if (factory.empty()) {
        log(LogLevel::warning,
            "sink 'display': no window can be opened here (no X11 or Wayland display, or gstreamer1.0-x is "
            "missing); frames are processed but not shown. --sink FILE.mp4 writes them to a file");
        continue;
      }
      outputs.push_back(add_display_sink(bin, factory, !live, !keeps_every_frame()));
      pictures = window = true;
    }
  }
  if (outputs.empty()) outputs.push_back(add_null_sink(bin));
  if (pictures && config.draw) {
    GstElement* draw = add_element(bin, "vireodraw");
    if (window) set_property(draw, "show-stats", "true");
    for (const auto& [property, value] : config.draw_properties) set_property(draw, property, value);
    link(tail, draw);
    tail = draw;
  }
  if (outputs.size() > 1) {
    GstElement* tee = add_element(bin, "tee");
    link(tail, tee);
    tail = tee;
  }
  for (GstElement* output : outputs) link(tail, output);
}

void Pipeline::State::add_branch(const SourceConfig& source, int index) {
  GstBin* bin = GST_BIN(pipeline.get());
  const std::string name = source.name.empty() ? "source" + std::to_string(index) : source.name;
  GstElement* input = add_source(bin, source, name);
  GstElement* convert = add_element(bin, "videoconvert");
  GstElement* infer = add_element(bin, "vireoinfer", "infer-" + name);
  for (const auto& [property, value] : config.infer) set_property(infer, property, value);
  set_property(infer, "source-id", name);
  // A file keeps every frame, whatever a window beside it thinks of late ones.
  if (keeps_every_frame() && !config.infer.contains("qos")) set_property(infer, "qos", "false");
  link(input, convert);
  link(convert, infer);
  add_sinks(infer, source, name);
  auto branch = std::make_unique<Branch>();
  branch->owner = this;
  branch->index = index;
  branch->infer = infer;
  add_probe(infer, "sink", GST_PAD_PROBE_TYPE_BUFFER, pipeline::frame_in, *branch);
  add_probe(infer, "src", GST_PAD_PROBE_TYPE_BUFFER, pipeline::frame_out, *branch);
  branches.push_back(std::move(branch));
}

void Pipeline::State::build() {
  if (config.sources.empty())
    throw Error(ErrorCode::invalid_argument,
                "no source; accepted are files, directories, URIs, /dev/videoN, vireoscene");
  if (!config.infer.contains("model")) throw Error(ErrorCode::invalid_argument, "no model; name an ONNX or plan file");
  load_elements();
  pipeline.reset(gst_pipeline_new("vireo"));
  for (std::size_t i = 0; i < config.sources.size(); ++i) add_branch(config.sources[i], static_cast<int>(i));
}

// ---- running -------------------------------------------------------------------------------------------------------

/// The message's text, its element, and what to do, as one line.
std::string describe(GstMessage* message) {
  GError* error = nullptr;
  gchar* debug = nullptr;
  if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_ERROR) {
    gst_message_parse_error(message, &error, &debug);
  } else {
    gst_message_parse_warning(message, &error, &debug);
  }
  std::string text = take(gst_object_get_path_string(GST_MESSAGE_SRC(message)));
  text += ": " + std::string(error ? error->message : "unknown error");
  const std::string detail = take(debug);
  // The first line of the details is a place in the source code.
  const auto line = detail.rfind('\n');
  if (line != std::string::npos && line + 1 < detail.size()) text += " (" + detail.substr(line + 1) + ")";
  g_clear_error(&error);
  return text;
}

/// False when the pipeline is through.
bool Pipeline::State::handle(GstMessage* message) {
  switch (GST_MESSAGE_TYPE(message)) {
    case GST_MESSAGE_EOS: return false;
    case GST_MESSAGE_ERROR: throw Error(ErrorCode::io, describe(message));
    case GST_MESSAGE_WARNING: log(LogLevel::warning, describe(message)); return true;
    case GST_MESSAGE_LATENCY: gst_bin_recalculate_latency(GST_BIN(pipeline.get())); return true;
    default: return true;
  }
}

/// For sources from which nothing comes any more; the probe ends all others. Not from this thread: a pad may be busy.
void Pipeline::State::end_sources() {
  for (const auto& branch : branches) {
    if (branch->ended.exchange(true)) continue;
    gst_element_call_async(
        branch->infer,
        [](GstElement* infer, gpointer) {
          Owned<GstPad> pad(gst_element_get_static_pad(infer, "sink"));
          gst_pad_send_event(pad.get(), gst_event_new_eos());
        },
        nullptr, nullptr);
  }
}

/// Waits for what was recorded so far to be completed, but not for long. A camera that is unplugged must not cost the
/// recording.
void Pipeline::State::finish_files(GstBus* bus) {
  // An error overtakes the frames before it, which are still on their way to the inference.
  const auto drained = Clock::now() + kDrain;
  while (Clock::now() < drained && std::chrono::nanoseconds(now_ns() - last_progress) < kQuiet)
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  if (first_in == 0) return;  // nothing to keep
  stopping = true;
  end_sources();
  const auto until = Clock::now() + kFinishBroken;
  while (Clock::now() < until) {
    OwnedMessage message(gst_bus_timed_pop_filtered(bus, kPoll, GST_MESSAGE_EOS));
    if (message) return;
  }
}

void Pipeline::State::check_stall() const {
  const auto stall = std::chrono::duration<double>(config.stall_timeout_s > 0 ? config.stall_timeout_s : 30.0);
  if (std::chrono::nanoseconds(now_ns() - last_progress) <= stall) return;
  throw Error(ErrorCode::io, "nothing has moved in the pipeline for " + std::to_string(int(stall.count())) +
                                 " s after " + std::to_string(frames) +
                                 " frames; check the source, or raise the stall timeout");
}

/// False when it is time to give up waiting for the end after stop().
bool Pipeline::State::stop_in_time() {
  const auto now = Clock::now();
  if (stop_seen == Clock::time_point{}) stop_seen = now;
  if (now - stop_seen > std::chrono::seconds(1)) end_sources();
  if (now - stop_seen < kFinish) return true;
  log(LogLevel::warning, "the pipeline did not finish in time after stop; files may be incomplete");
  return false;
}

void Pipeline::State::supervise() {
  Owned<GstBus> bus(gst_element_get_bus(pipeline.get()));
  try {
    for (;;) {
      OwnedMessage message(gst_bus_timed_pop(bus.get(), kPoll));
      if (message && !handle(message.get())) return;
      if (!stopping) {
        check_stall();
      } else if (!stop_in_time()) {
        return;
      }
    }
  } catch (const Error&) {
    if (keeps_every_frame()) finish_files(bus.get());
    throw;
  }
}

/// Sets the state and waits for it; a failure's cause is on the bus.
void start(GstElement* pipeline) {
  if (gst_element_set_state(pipeline, GST_STATE_PLAYING) != GST_STATE_CHANGE_FAILURE) return;
  Owned<GstBus> bus(gst_element_get_bus(pipeline));
  OwnedMessage message(gst_bus_pop_filtered(bus.get(), GST_MESSAGE_ERROR));
  throw Error(ErrorCode::io, message ? describe(message.get()) : "the pipeline can't be started");
}

RunStats Pipeline::State::collect() {
  RunStats stats;
  stats.sources = static_cast<int>(branches.size());
  double busy = 0;
  for (const auto& branch : branches) {
    GstStructure* figures = nullptr;
    g_object_get(branch->infer, "stats", &figures, nullptr);
    if (!figures) continue;
    const auto count = [&](const char* name) {
      guint64 value = 0;
      gst_structure_get_uint64(figures, name, &value);
      return std::uint64_t(value);
    };
    stats.inferred += count("inferred");
    stats.dropped += count("dropped");
    stats.late += count("late");
    gst_structure_get_double(figures, "engine-busy-s", &busy);  // of the engine they share
    gst_structure_get_double(figures, "engine-load-s", &stats.load_s);
    if (const gchar* model = gst_structure_get_string(figures, "model")) stats.model = model;
    gst_structure_free(figures);
  }
  std::lock_guard lock(mutex);
  stats.frames = frames;
  stats.detections = detections;
  stats.seconds = first_in > 0 ? double(std::max<std::int64_t>(0, last_out - first_in)) / 1e9 : 0;
  stats.fps = stats.seconds > 0 ? double(frames) / stats.seconds : 0;
  stats.latency_p50_ms = latency.percentile_ms(0.5);
  stats.latency_p90_ms = latency.percentile_ms(0.9);
  stats.latency_p99_ms = latency.percentile_ms(0.99);
  stats.latency_max_ms = latency.max_ms();
  stats.engine_share = stats.seconds > 0 ? std::min(1.0, busy / stats.seconds) : 0;
  stats.interrupted = stopping;
  return stats;
}

Pipeline::Pipeline(const PipelineConfig& config, FrameObserver observer) : state_(std::make_unique<State>()) {
  state_->config = config;
  state_->observer = std::move(observer);
  state_->build();
}

Pipeline::~Pipeline() {
  if (state_->pipeline) gst_element_set_state(state_->pipeline.get(), GST_STATE_NULL);
}

RunStats Pipeline::run() {
  GstElement* pipeline = state_->pipeline.get();
  try {
    start(pipeline);
    state_->last_progress = now_ns();
    state_->supervise();
  } catch (...) {
    gst_element_set_state(pipeline, GST_STATE_NULL);
    throw;
  }
  RunStats stats = state_->collect();
  gst_element_set_state(pipeline, GST_STATE_NULL);
  return stats;
}

void Pipeline::stop() noexcept { state_->stopping = true; }

}  // namespace vireo::pipeline
