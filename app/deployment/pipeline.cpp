#include "app/deployment/pipeline.h"

#include <gst/gst.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <mutex>
#include <thread>

#include "app/deployment/gst_objects.h"
#include "app/deployment/state.h"
#include "app/deployment/truncation.h"
#include "engine/api/log.h"

namespace vireo::deployment {
namespace {

constexpr auto kPoll = 50 * GST_MSECOND;
constexpr auto kFinish = std::chrono::seconds(20);       ///< for files to be completed after the sources ended
constexpr auto kFinishBroken = std::chrono::seconds(5);  ///< the same after an error
constexpr auto kQuiet = std::chrono::milliseconds(500);  ///< without a frame: those before an error have passed
constexpr auto kDrain = std::chrono::seconds(3);         ///< at most, when other sources go on
/// Without a first frame, for a file that is known to be cut off: decodebin swallows the error of a demuxer that fails
/// while it is being plugged in, and nothing ever moves.
constexpr auto kCutOff = std::chrono::seconds(5);
constexpr GstClockTime kShortBy = GST_SECOND;  ///< a video that ends earlier by more (and 5 %) is cut short

struct MessageUnref {
  void operator()(GstMessage* message) const noexcept { gst_message_unref(message); }
};
using OwnedMessage = std::unique_ptr<GstMessage, MessageUnref>;

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

/// Sets the state and waits for it; a failure's cause is on the bus.
void start(GstElement* pipeline) {
  if (gst_element_set_state(pipeline, GST_STATE_PLAYING) != GST_STATE_CHANGE_FAILURE) return;
  Owned<GstBus> bus(gst_element_get_bus(pipeline));
  OwnedMessage message(gst_bus_pop_filtered(bus.get(), GST_MESSAGE_ERROR));
  throw Error(ErrorCode::io, message ? describe(message.get()) : "the pipeline can't be started");
}

}  // namespace

/// False when the pipeline has ended.
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
  const auto quiet = std::chrono::nanoseconds(now_ns() - last_progress);
  if (quiet > kCutOff && quiet <= stall)
    for (const auto& branch : branches)
      if (branch->frames_in == 0 && !missing_end(branch->file).empty())
        throw Error(ErrorCode::io, "source '" + branch->file + "': no frame can be read");
  if (quiet <= stall) return;
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

/// What is missing from a file that was played to its end, as a sentence; empty when it is whole. Damage in the middle
/// shows in the length of the video: decoders skip what they can't read.
std::string Pipeline::State::cut_short(const Branch& branch) const {
  if (!branch.source_ended) return {};
  std::string what = missing_end(branch.file);
  const bool known = GST_CLOCK_TIME_IS_VALID(branch.stated_end) && states_duration(branch.file);
  if (what.empty() && known && branch.video_end + std::max(kShortBy, branch.stated_end / 20) < branch.stated_end) {
    char text[128];
    std::snprintf(text, sizeof text, "its last frame ends at %.2f s, it should be %.2f s long",
                  double(branch.video_end) / GST_SECOND, double(branch.stated_end) / GST_SECOND);
    what = text;
  }
  if (what.empty()) return {};
  return "source '" + branch.file + "' ended early, after " + std::to_string(branch.frames_in) + " frames: " + what +
         "; it was cut off or is damaged";
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
    if (std::string sentence = cut_short(*branch); !sentence.empty()) stats.cut_short.push_back(std::move(sentence));
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
  } catch (const Error& error) {
    gst_element_set_state(pipeline, GST_STATE_NULL);
    // A demuxer that misses the index at the file's end speaks of streams; the cause is that the file is cut off.
    std::string message = error.what();
    for (const auto& branch : state_->branches) {
      const std::string what = missing_end(branch->file);
      if (!what.empty()) message += "; '" + branch->file + "' was cut off: " + what;
    }
    throw Error(error.code(), message);
  }
  RunStats stats = state_->collect();
  gst_element_set_state(pipeline, GST_STATE_NULL);
  return stats;
}

void Pipeline::stop() noexcept { state_->stopping = true; }

}  // namespace vireo::deployment
