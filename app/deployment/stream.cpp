#include "app/deployment/stream.h"

#include <gst/video/video.h>

#include <algorithm>
#include <cstdio>

#include "app/deployment/sinks.h"
#include "app/deployment/slate.h"
#include "engine/api/log.h"
#include "plugins/gst/frame_meta.h"

namespace vireo::deployment {
namespace {

constexpr auto kPoll = 50 * GST_MSECOND;
constexpr double kFinish = 20;  ///< seconds for files to be completed after the end
constexpr double kStuck = 60;   ///< seconds in which frames go into the inference and none comes out
constexpr double kAway = 2;     ///< seconds without a frame before the slate shows
constexpr GstClockTime kSlateEvery = 250 * GST_MSECOND;

std::string in_short(const std::string& text, std::size_t most) {
  return text.size() <= most ? text : text.substr(0, most) + "...";
}

}  // namespace

Stream::Stream(const config::StreamConfig& config, Ledger& ledger, FrameObserver observer)
    : name_(config.name),
      ledger_(ledger),
      observer_(std::move(observer)),
      kind_(kind_of(config.source.uri, config.source.live)),
      config_(config) {
  if (config.stages.empty() || !config.stages[0].properties.contains("model"))
    throw Error(ErrorCode::invalid_argument, "stream '" + name_ + "' has no model; name an ONNX or plan file");
  OutputContext context{name_, kind_.live, false, &ledger_, [this](GstEvent* event) {
                          const std::shared_ptr<StreamBody> now = body();
                          if (now) now->send_upstream(event);
                          else gst_event_unref(event);
                        }};
  for (const config::SinkConfig& sink : config.sinks) context.every_frame |= sink_row(sink).a_file_each;
  bool window = false, pictures = false;
  for (const config::SinkConfig& sink : config.sinks) {
    std::unique_ptr<Output> output;
    try {
      output = sink_row(sink).create(sink, context);
      if (output) output->check();
    } catch (const Error& error) {
      throw placed(error, sink.place, sink.properties);
    }
    if (!output) continue;
    pictures |= output->takes_pictures();
    window |= output->takes_pictures() && !sink_row(sink).a_file_each;
    outputs_.push_back(std::move(output));
  }
  body_options_ = {kind_.live, config.draw && pictures, window, context.every_frame};
  if (!body_options_.draw && !config.draw_properties.empty()) try_properties("vireodraw", config.draw_properties);
  body_ = make_body();
  figures_.name = name_;
  figures_.source = safe_address(config.source.uri);
}

Stream::~Stream() {
  end();
  join();
}

std::shared_ptr<StreamBody> Stream::make_body() {
  return std::make_shared<StreamBody>(
      config(), body_options_,
      BodyEvents{[this](GstBuffer* buffer) { frame_out(buffer); },
                 [this](GstSample* sample) { frame_finished(sample); }, [this] { end_outputs(); }});
}

std::shared_ptr<StreamBody> Stream::body() const {
  std::lock_guard lock(mutex_);
  return body_;
}

config::StreamConfig Stream::config() const {
  std::lock_guard lock(mutex_);
  return config_;
}

void Stream::start() {
  thread_ = std::thread([this] { run(); });
}

void Stream::end() noexcept {
  ending_ = true;
  if (const std::shared_ptr<StreamBody> now = body()) now->cancel_load();
}

void Stream::join() {
  if (thread_.joinable()) thread_.join();
}

// ---- streaming threads ---------------------------------------------------------------------------------------------

void Stream::frame_out(GstBuffer* buffer) {
  last_out_ = now_ns();
  const gst::FrameNote* note = gst::find_note(buffer, gst::NoteKind::result);
  const gst::FrameNote* truth = gst::find_note(buffer, gst::NoteKind::truth);
  {
    std::lock_guard lock(mutex_);
    ++figures_.frames;
    if (note && note->age == 0) {
      figures_.latency.add(std::chrono::nanoseconds(note->latency_ns));
      figures_.detections += note->result.detections.size();
    }
  }
  if (observer_)
    observer_({name_, note ? &note->result : nullptr, truth ? &truth->result : nullptr, note ? note->age : 0});
}

void Stream::frame_finished(GstSample* sample) {
  if (kind_.live) {
    GstVideoInfo info;
    if (gst_video_info_from_caps(&info, gst_sample_get_caps(sample))) {
      width_ = GST_VIDEO_INFO_WIDTH(&info);
      height_ = GST_VIDEO_INFO_HEIGHT(&info);
    }
  }
  for (const auto& output : outputs_) output->push(sample, Output::Frame::own);
  if (picture_waiters_ == 0) return;
  std::lock_guard lock(picture_mutex_);
  picture_.reset(gst_sample_ref(sample));
  ++picture_number_;
  picture_came_.notify_all();
}

void Stream::end_outputs() {
  for (const auto& output : outputs_) output->end();
}

// ---- supervision ---------------------------------------------------------------------------------------------------

void Stream::set(StreamState state, const std::string& problem) {
  std::lock_guard lock(mutex_);
  figures_.state = state;
  figures_.problem = problem;
}

/// Until the stream is done: a live one whose pipeline fails begins again.
void Stream::run() {
  Backoff backoff;
  for (;;) {
    const Ending ending = play_once();
    if (ending == Ending::ended || ending == Ending::failed) break;
    const Backoff::Duration wait = backoff.next();
    for (const auto until = Clock::now() + wait; Clock::now() < until && !ending_;) {
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
      alive_ = now_ns();
      poll_outputs();
    }
    if (ending_) break;
    try {
      std::shared_ptr<StreamBody> next = make_body();
      std::lock_guard lock(mutex_);
      body_ = std::move(next);
    } catch (const Error& error) {
      set(StreamState::failed, error.what());
      break;
    }
  }
  finish_outputs();
  {
    std::lock_guard lock(mutex_);
    if (figures_.state != StreamState::failed) figures_.state = StreamState::ended;
  }
  done_ = true;
}

/// One life of the body, with its input.
Stream::Ending Stream::play_once() {
  const std::shared_ptr<StreamBody> own = body();
  set(StreamState::starting, "");
  Ending ending = Ending::failed;
  const config::StreamConfig now = config();
  Input input(now.source, name_, own->gate());
  try {
    log(LogLevel::info, "stream '" + name_ + "': loading the model");
    own->play();
    StreamSnapshot figures;
    own->add_figures(figures);
    log(LogLevel::info, "stream '" + name_ + "': " + figures.model);
    {
      std::lock_guard lock(mutex_);
      input_ = &input;
    }
    set(StreamState::playing, "");
    input.start();
    ending = supervise(*own, input);
  } catch (const Error& error) {          // a model that can't be loaded now won't be later
    if (ending_) ending = Ending::ended;  // before it had begun
    else set(StreamState::failed, error.what());
  }
  own->gate().close();
  input.stop();
  retire(input);
  // A display may be telling it how late it is, and must not be the one that brings it down.
  while (own.use_count() > 1) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  return ending;
}

/// What body and input have counted stays when they go.
void Stream::retire(const Input& input) {
  const InputStatus status = input.status();
  std::lock_guard lock(mutex_);
  body_->add_figures(figures_);
  body_.reset();
  input_ = nullptr;
  figures_.restarts += status.restarts;
  figures_.cut_short.insert(figures_.cut_short.end(), status.cut_short.begin(), status.cut_short.end());
  // Stopped while its source was away: that is how it ended.
  if (figures_.problem.empty() && !status.problem.empty()) figures_.problem = figures_.source + ": " + status.problem;
  if (status.state == InputState::failed && figures_.state != StreamState::starting)
    figures_.state = StreamState::failed;
}

Stream::Ending Stream::supervise(StreamBody& body, Input& input) {
  Owned<GstBus> bus(gst_element_get_bus(body.pipeline()));
  std::string failure;
  std::int64_t eos_ns = 0;
  for (;;) {
    alive_ = now_ns();
    OwnedMessage message(gst_bus_timed_pop(bus.get(), kPoll));
    if (message) {
      switch (GST_MESSAGE_TYPE(message.get())) {
        case GST_MESSAGE_EOS: eos_ns = now_ns(); break;
        case GST_MESSAGE_ERROR: failure = describe(message.get()); break;
        case GST_MESSAGE_WARNING: log(LogLevel::warning, "stream '" + name_ + "': " + describe(message.get())); break;
        case GST_MESSAGE_LATENCY: gst_bin_recalculate_latency(GST_BIN(body.pipeline())); break;
        default: break;
      }
    }
    poll_outputs();
    if (ending_ && end_seen_ == 0) {
      end_seen_ = now_ns();
      set(StreamState::ending, "");
      body.gate().end();
    }
    if (failure.empty() && stuck(body)) failure = "nothing has come out of the inference for a minute";
    if (failure.empty() && outputs_failed()) {
      set(StreamState::failed, "none of its sinks works any more");
      return Ending::failed;
    }
    if (!failure.empty()) {
      const bool again = kind_.live && !ending_;
      log(LogLevel::error, "stream '" + name_ + "': " + failure + (again ? "; it begins again" : ""));
      set(again ? StreamState::waiting : StreamState::failed, failure);
      return again ? Ending::again : Ending::failed;
    }
    if (eos_ns > 0) return Ending::ended;
    if (end_seen_ > 0 && seconds_since(end_seen_) > kFinish) {
      log(LogLevel::warning, "stream '" + name_ + "' did not end in time; its last frames are lost");
      return Ending::ended;
    }
    show_slate(body, input);
  }
}

void Stream::poll_outputs() {
  for (const auto& output : outputs_) {
    output->poll();
    if (output->closed_by_user()) ending_ = true;
  }
}

bool Stream::outputs_done() const {
  return std::all_of(outputs_.begin(), outputs_.end(), [](const auto& output) { return output->done(); });
}

/// All of them, for good: a file that is played for nobody is not played.
bool Stream::outputs_failed() const {
  return !outputs_.empty() && std::all_of(outputs_.begin(), outputs_.end(), [](const auto& output) {
    return output->status().state == OutputState::failed;
  });
}

/// Frames go in, none comes out for long, and no sink is the reason.
bool Stream::stuck(const StreamBody& body) {
  bool goes_in =
      kind_.live ? body.gate().frames() > 0 && seconds_since(body.gate().last_ns()) < 1 : body.gate().waiting();
  for (const auto& output : outputs_) goes_in = goes_in && !output->waiting();
  if (!goes_in || end_seen_ > 0 || last_out_ > only_in_since_) only_in_since_ = 0;
  if (goes_in && only_in_since_ == 0) only_in_since_ = now_ns();
  return only_in_since_ > 0 && seconds_since(only_in_since_) > kStuck;
}

void Stream::show_slate(const StreamBody& body, const Input& input) {
  if (!kind_.live || ending_ || outputs_.empty()) return;
  const InputStatus status = input.status();
  const std::int64_t last = body.gate().last_ns();
  if (status.state == InputState::playing && seconds_since(last) < kAway) return;
  if (last > 0 && seconds_since(last) < kAway) return;
  if (seconds_since(last_slate_) * 1e9 < double(kSlateEvery)) return;
  last_slate_ = now_ns();
  char since[48] = "waiting for the first picture";
  if (last > 0) std::snprintf(since, sizeof since, "no picture for %.0f s", seconds_since(last));
  const int width = width_ > 0 ? width_.load() : 640, height = height_ > 0 ? height_.load() : 360;
  OwnedSample slate;
  for (const auto& output : outputs_) {
    if (!output->takes_pictures()) continue;
    if (!slate) slate = make_slate(width, height, body.running_time(), kSlateEvery, in_short(name_, 40), since);
    output->push(slate.get(), Output::Frame::slate);
  }
}

void Stream::finish_outputs() {
  end_outputs();
  for (const std::int64_t begin = now_ns(); !outputs_done() && seconds_since(begin) < kFinish;) {
    alive_ = now_ns();
    poll_outputs();
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  for (const auto& output : outputs_) output->abandon("it did not finish in time");
}

// ---- for others ----------------------------------------------------------------------------------------------------

StreamSnapshot Stream::snapshot() const {
  std::lock_guard lock(mutex_);
  StreamSnapshot all = figures_;
  if (body_) body_->add_figures(all);
  if (input_) {
    const InputStatus status = input_->status();
    all.restarts += status.restarts;
    all.cut_short.insert(all.cut_short.end(), status.cut_short.begin(), status.cut_short.end());
    if (all.problem.empty() && !status.problem.empty()) all.problem = all.source + ": " + status.problem;
    if (all.state == StreamState::playing) {
      if (status.state == InputState::connecting) all.state = StreamState::connecting;
      if (status.state == InputState::waiting) all.state = StreamState::waiting;
    }
  }
  all.last_out_ns = last_out_;
  all.alive_ns = alive_;
  all.interrupted = ending_;
  const double seconds = all.first_in_ns > 0 ? double(all.last_out_ns - all.first_in_ns) / 1e9 : 0;
  all.fps = seconds > 0 ? double(all.frames) / seconds : 0;
  for (const auto& output : outputs_) all.outputs.push_back(output->status());
  return all;
}

OwnedSample Stream::next_frame(Clock::duration timeout, bool& drawn) {
  drawn = body_options_.draw;
  const auto until = Clock::now() + timeout;
  std::unique_lock lock(picture_mutex_);
  ++picture_waiters_;
  const std::uint64_t before = picture_number_;
  while (picture_number_ == before && !done_ && Clock::now() < until)
    picture_came_.wait_until(lock, std::min(until, Clock::now() + std::chrono::milliseconds(100)));
  OwnedSample picture(picture_number_ == before ? nullptr : gst_sample_ref(picture_.get()));
  if (--picture_waiters_ == 0) picture_.reset();
  return picture;
}

bool Stream::change(const config::StreamConfig& config) {
  std::lock_guard lock(mutex_);
  if (!body_ || !body_->change(config_, config)) return false;
  config_ = config;
  return true;
}

}  // namespace vireo::deployment
