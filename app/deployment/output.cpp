#include "app/deployment/output.h"

#include "engine/api/log.h"

namespace vireo::deployment {

Output::Output(config::SinkConfig sink, OutputContext context, unsigned room)
    : sink_(std::move(sink)), context_(std::move(context)), room_(room) {}

Output::~Output() {
  if (run_) run_->feed->close();
}

void Output::check() {
  OwnedPipeline pipeline = new_pipeline("check");
  build(GST_BIN(pipeline.get()), add_element(GST_BIN(pipeline.get()), "appsrc"));
}

std::shared_ptr<Output::Run> Output::run() const {
  std::lock_guard lock(mutex_);
  return run_;
}

std::shared_ptr<Output::Run> Output::open() {
  opening();
  auto run = std::make_shared<Run>();
  run->pipeline = new_pipeline("output");
  GstElement* appsrc = add_element(GST_BIN(run->pipeline.get()), "appsrc");
  run->feed = std::make_unique<Feed>(appsrc, room_);
  build(GST_BIN(run->pipeline.get()), appsrc);
  if (gst_element_set_state(run->pipeline.get(), GST_STATE_PLAYING) == GST_STATE_CHANGE_FAILURE)
    throw Error(ErrorCode::io, start_failure(run->pipeline.get()));
  return run;
}

void Output::push(GstSample* sample, Frame frame) {
  std::lock_guard one(push_mutex_);
  std::shared_ptr<Run> current = run();
  {
    std::lock_guard lock(mutex_);
    if (state_ != OutputState::idle && state_ != OutputState::open) {
      if (frame == Frame::own) ++dropped_;
      return;
    }
  }
  if (frame == Frame::slate && !current && !starts_with_slate()) return;
  GstBuffer* buffer = gst_sample_get_buffer(sample);
  const GstClockTime running =
      gst_segment_to_running_time(gst_sample_get_segment(sample), GST_FORMAT_TIME, GST_BUFFER_PTS(buffer));
  if (GST_CLOCK_TIME_IS_VALID(last_) && (!GST_CLOCK_TIME_IS_VALID(running) || running <= last_)) {
    if (frame == Frame::own) ++dropped_;
    return;
  }
  if (!current) {
    try {
      current = open();
    } catch (const Error& error) {
      fail(error.what());
      return;
    }
    std::lock_guard lock(mutex_);
    current->start = running;
    run_ = current;
    state_ = OutputState::open;
  }
  OwnedSample fed = prepare(sample, running, current->start);
  last_ = running;
  switch (current->feed->push(fed.get(), !context_.live)) {
    case Feed::Result::taken:
      if (frame == Frame::own) ++frames_;
      break;
    case Feed::Result::full:
      if (frame == Frame::own) ++dropped_;
      break;
    case Feed::Result::closed: break;
  }
}

void Output::end() {
  std::lock_guard lock(mutex_);
  if (state_ == OutputState::open) {
    state_ = OutputState::ending;
    run_->feed->end();
  } else if (state_ == OutputState::idle) {
    state_ = OutputState::finished;
  } else if (state_ == OutputState::waiting) {
    state_ = OutputState::failed;
  }
}

/// Supervisor, or the thread that pushes.
void Output::fail(const std::string& why) {
  std::shared_ptr<Run> failed;
  bool ending = false;
  {
    std::lock_guard lock(mutex_);
    failed = std::move(run_);
    run_.reset();
    ending = state_ == OutputState::ending;
    state_ = OutputState::waiting;  // or who pushes meanwhile would open it anew, over what is left of this run
    retry_ = Clock::time_point::max();
  }
  if (failed) {
    failed->feed->close();
    failed
        .reset();  // unless the other thread holds it: then the pipeline goes when that one has seen that it is closed
  }
  const std::string more = broken();
  std::string text = sink_.to + ": " + why + (more.empty() ? "" : "; " + more);
  std::lock_guard lock(mutex_);
  if (closed_by_user_) {
    state_ = OutputState::finished;
    return;
  }
  problem_ = text;
  const bool again = context_.live && !ending && state_ == OutputState::waiting && may_try_again();
  if (again) {
    const auto wait = backoff_.next();
    retry_ = Clock::now() + wait;
    state_ = OutputState::waiting;
    text += "; trying again in " + std::to_string((wait.count() + 999) / 1000) + " s";
  } else {
    state_ = OutputState::failed;
  }
  log(LogLevel::error, "stream '" + context_.stream + "': sink " + text);
}

void Output::complete() {
  std::shared_ptr<Run> done;
  {
    std::lock_guard lock(mutex_);
    done = std::move(run_);
    run_.reset();
    state_ = OutputState::ending;
  }
  done.reset();
  try {
    completed();
  } catch (const Error& error) {
    fail(error.what());
    return;
  }
  std::lock_guard lock(mutex_);
  state_ = OutputState::finished;
}

namespace {

bool says_that_writing_failed(GstMessage* warning) {
  GError* error = nullptr;
  gst_message_parse_warning(warning, &error, nullptr);
  const bool says = error && g_error_matches(error, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_WRITE);
  g_clear_error(&error);
  return says;
}

}  // namespace

void Output::poll() {
  const std::shared_ptr<Run> current = run();
  if (!current) {
    std::lock_guard lock(mutex_);
    if (state_ == OutputState::waiting && Clock::now() >= retry_) state_ = OutputState::idle;
    return;
  }
  Owned<GstBus> bus(gst_element_get_bus(current->pipeline.get()));
  while (OwnedMessage message{gst_bus_pop(bus.get())}) {
    switch (GST_MESSAGE_TYPE(message.get())) {
      case GST_MESSAGE_EOS: complete(); return;
      case GST_MESSAGE_ERROR:
        if (is_closed_by_user(message.get())) closed_by_user_ = true;
        fail(describe(message.get()));
        return;
      case GST_MESSAGE_WARNING:
        if (says_that_writing_failed(
                message.get())) {  // an element alone would go on; here a sink has nobody beside it
          fail(describe(message.get()));
          return;
        }
        log(LogLevel::warning, "stream '" + context_.stream + "': sink " + sink_.to + ": " + describe(message.get()));
        break;
      default: break;
    }
  }
}

void Output::abandon(const std::string& why) {
  if (!done()) fail(why);
  std::lock_guard lock(mutex_);
  if (state_ != OutputState::finished) state_ = OutputState::failed;
}

bool Output::done() const {
  std::lock_guard lock(mutex_);
  return state_ == OutputState::finished || state_ == OutputState::failed;
}

bool Output::waiting() const {
  const std::shared_ptr<Run> current = run();
  return current && current->feed->waiting();
}

OutputStatus Output::status() const {
  std::lock_guard lock(mutex_);
  return {sink_.to, state_, problem_, frames_, dropped_};
}

}  // namespace vireo::deployment
