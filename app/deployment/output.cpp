#include "app/deployment/output.h"

#include "app/deployment/address.h"
#include "engine/api/log.h"

namespace vireo::deployment {
namespace {

constexpr GstClockTime kWorks = 2 * GST_SECOND;  ///< an output that has gone on for so long is well again

}  // namespace

Output::Output(config::SinkConfig sink, OutputContext context, unsigned room)
    : sink_(std::move(sink)), shown_(safe_address(sink_.to)), context_(std::move(context)), room_(room) {}

Output::~Output() {
  if (run_) run_->feed->close();
}

void Output::release() noexcept {
  std::shared_ptr<Run> last;
  {
    std::lock_guard lock(mutex_);
    last = std::move(run_);
    run_.reset();
  }
  close(std::move(last));
}

/// Where another thread holds the run too, the pipeline goes when that one has seen that it is closed.
void Output::close(std::shared_ptr<Run> run) {
  if (!run) return;
  run->feed->close();
  closing();
}

void Output::tell(const std::string& problem) {
  const std::string text = problem.empty() ? "" : shown_ + ": " + problem;
  {
    std::lock_guard lock(mutex_);
    if (problem_ == text) return;
    problem_ = text;
  }
  if (!text.empty()) log(LogLevel::error, "stream '" + context_.stream + "': sink " + text);
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
  if (!fed) return;
  switch (current->feed->push(fed.get(), !context_.live)) {
    case Feed::Result::taken:
      if (frame == Frame::own) ++frames_;
      if (running - current->start > kWorks) works_again();
      break;
    case Feed::Result::full:
      if (frame == Frame::own) ++dropped_;
      break;
    case Feed::Result::closed: break;
  }
}

void Output::works_again() {
  std::lock_guard lock(mutex_);
  if (!failed_before_) return;
  failed_before_ = false;
  problem_.clear();
  backoff_.reset();
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
  close(std::move(failed));
  const std::string more = broken();
  std::string text = shown_ + ": " + why + (more.empty() ? "" : "; " + more);
  std::lock_guard lock(mutex_);
  if (closed_by_user_) {
    state_ = OutputState::finished;
    return;
  }
  problem_ = text;
  failed_before_ = true;
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
  close(std::move(done));
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
  tend();
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
        log(LogLevel::warning, "stream '" + context_.stream + "': sink " + shown_ + ": " + describe(message.get()));
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
  return {shown_, state_, problem_, frames_, dropped_};
}

}  // namespace vireo::deployment
