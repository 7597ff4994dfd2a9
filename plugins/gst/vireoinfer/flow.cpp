#include "plugins/gst/vireoinfer/flow.h"

#include <algorithm>
#include <cstring>

namespace vireo::gst {

using infer::Clock;
using infer::Fate;
using Nanoseconds = std::chrono::nanoseconds;

namespace {

std::int64_t time_or_none(GstClockTime time) { return GST_CLOCK_TIME_IS_VALID(time) ? std::int64_t(time) : -1; }

void name_stage(sdk::FrameResult& result, const std::string& stage) {
  if (stage.empty()) return;
  for (auto& each : result.detections) each.stage = stage;
  for (auto& each : result.classes) each.stage = stage;
  for (auto& each : result.maps) each.stage = stage;
}

}  // namespace

class InferFlow::InferJob : public infer::Job {
 public:
  InferJob(InferFlow& flow, std::shared_ptr<FrameTask> frame, Network& network, const InferSettings& settings)
      : flow_(flow),
        network_(network),
        frame_(std::move(frame)),
        session_(network.session),
        stage_(settings.stage),
        raw_(settings.raw_tensors) {}

  void prepare(const infer::Slot& slot, int worker) override {
    MappedFrame mapped(*frame_->info, frame_->buffer, GST_MAP_READ);
    if (!mapped) throw Error(ErrorCode::io, "the frame's memory can't be mapped for reading");
    const auto outputs = raw_ ? infer::Session::Outputs::whole : infer::Session::Outputs::as_decoded;
    const sdk::Image image = image_of(mapped.frame(), network_.scratch[std::size_t(worker)]);
    geometry_ = session_->prepare(image, slot, worker, outputs);
  }

  void decode(std::span<const sdk::TensorView> outputs, int lane) override {
    session_->decode(outputs, geometry_, frame_->note->result, lane);
    name_stage(frame_->note->result, stage_);
    if (!raw_) return;
    for (const sdk::TensorView& view : outputs) {
      const auto* bytes = static_cast<const std::uint8_t*>(view.data);
      const std::size_t size = byte_count(view.dtype, view.dims);
      frame_->note->tensors.push_back({std::string(view.name), view.dtype, view.dims, {bytes, bytes + size}});
    }
  }

  void release() noexcept override { flow_.let_go(*frame_); }

  [[nodiscard]] const std::shared_ptr<FrameTask>& frame() const { return frame_; }

 private:
  InferFlow& flow_;   ///< outlives the batcher's stream, and so its jobs
  Network& network_;  ///< likewise
  std::shared_ptr<FrameTask> frame_;
  std::shared_ptr<infer::Session> session_;
  sdk::Geometry geometry_;
  std::string stage_;
  bool raw_;
};

InferFlow::InferFlow(Sessions sessions, const InferSettings& settings, std::string source_id)
    : settings_(settings), source_id_(std::move(source_id)) {
  const infer::Model& model = sessions.usual->model();
  const int batch = model.backend().max_batch();
  options_ = settings_.stream_options(false, batch);
  reported_ns_ = std::int64_t(model.image_seconds() * 1.5e9) + (batch > 1 ? options_.max_delay.count() : 0);
  open(usual_, std::move(sessions.usual));
  if (sessions.smaller) open(smaller_, std::move(sessions.smaller));
}

void InferFlow::open(Network& network, std::shared_ptr<infer::Session> session) {
  infer::Batcher& batcher = session->model().batcher();
  network.session = std::move(session);
  network.scratch.resize(std::size_t(batcher.workers()));
  network.stream = batcher.open(options_, [this](std::unique_ptr<infer::Job> job, const infer::Outcome& outcome) {
    deliver(std::move(job), outcome);
  });
}

InferFlow::~InferFlow() {
  set_flushing(true);
  smaller_.stream.reset();
  usual_.stream.reset();
}

void InferFlow::set_info(const GstVideoInfo& info) {
  std::lock_guard lock(mutex_);
  info_ = std::make_shared<const GstVideoInfo>(info);
}

/// What follows from the settings and from whether the source is live.
void InferFlow::apply_options() {
  options_ = settings_.stream_options(live_, usual_.session->model().backend().max_batch());
  each_stream([&](infer::Batcher::Stream& stream) { stream.configure(options_); });
  // Who must keep every frame has nobody to serve less.
  degree_.configure(options_.newest_wins ? settings_.overload : infer::OverloadPolicy::skip, settings_.interval);
  room_.notify_all();
}

void InferFlow::set_live(bool live) {
  std::lock_guard lock(mutex_);
  live_ = live;
  apply_options();
}

void InferFlow::configure(const InferSettings& settings, Sessions sessions) {
  std::lock_guard lock(mutex_);
  settings_ = settings;
  if (sessions.usual) usual_.session = std::move(sessions.usual);
  if (sessions.smaller) smaller_.session = std::move(sessions.smaller);
  apply_options();
}

/// The result that the frame's inference fills in.
void InferFlow::begin(FrameTask& frame) {
  frame.note = std::make_shared<FrameNote>();
  sdk::FrameResult& result = frame.note->result;
  result.source_id = source_id_;
  result.uri = frame.facts.uri;
  result.frame_index = frame.index;
  result.pts_ns = time_or_none(frame.facts.stream);
  result.utc_ns = frame.facts.utc_ns;
  result.width = GST_VIDEO_INFO_WIDTH(frame.info.get());
  result.height = GST_VIDEO_INFO_HEIGHT(frame.info.get());
}

GstFlowReturn InferFlow::push_frame(GstBuffer* buffer, FrameFacts facts) {
  auto frame = std::make_shared<FrameTask>();
  frame->buffer = buffer;
  frame->arrived = Clock::now();
  frame->facts = std::move(facts);
  frame->timestamp = GST_BUFFER_PTS(buffer);
  frame->duration = GST_BUFFER_DURATION(buffer);
  std::unique_ptr<InferJob> job;
  Network* network = &usual_;
  {
    std::unique_lock lock(mutex_);
    degree_.arrived(frame->arrived);
    const bool room = make_room(lock);
    if (flushing_) return GST_FLOW_FLUSHING;
    if (result_ != GST_FLOW_OK) {
      told_ = true;
      return result_;
    }
    if (!info_) return GST_FLOW_NOT_NEGOTIATED;
    frame->info = info_;
    frame->index = frame_index_++;
    ++stats_.frames;
    if (!room) {
      ++stats_.dropped;
      note_drop(frame->facts, frame->timestamp, frame->duration);
      return GST_FLOW_OK;
    }
    const infer::Degree::Plan plan = degree_.plan(frame->index, frame->arrived);
    frame->wanted = plan.infer;
    frame->smaller = plan.smaller && smaller_.stream;
    if (frame->wanted) {
      begin(*frame);
      if (frame->smaller) network = &smaller_;
      job = std::make_unique<InferJob>(*this, frame, *network, settings_);
    } else {
      frame->ready = true;
    }
    queue_.push_back({frame, nullptr});
    stats_.most_held = std::max<std::uint64_t>(stats_.most_held, held());
    if (head_ready()) head_.notify_one();
  }
  if (job && !network->stream->submit(std::move(job))) return GST_FLOW_FLUSHING;
  return GST_FLOW_OK;
}

bool InferFlow::push_event(GstEvent* event) {
  if (GST_EVENT_TYPE(event) == GST_EVENT_EOS) hurry();
  std::lock_guard lock(mutex_);
  if (flushing_) {
    gst_event_unref(event);
    return false;
  }
  const bool begins = GST_EVENT_TYPE(event) == GST_EVENT_STREAM_START || GST_EVENT_TYPE(event) == GST_EVENT_SEGMENT;
  if (begins && result_ == GST_FLOW_EOS) result_ = GST_FLOW_OK;  // a new stream after the end of the old one
  queue_.push_back({nullptr, event});
  if (head_ready()) head_.notify_one();
  return true;
}

void InferFlow::deliver(std::unique_ptr<infer::Job> job, const infer::Outcome& outcome) {
  FrameTask& frame = *static_cast<InferJob&>(*job).frame();
  std::unique_lock lock(mutex_);
  frame.outcome = outcome;
  frame.ready = true;
  const std::int64_t taken_ns = Nanoseconds(Clock::now() - frame.arrived).count();
  if (frame.note) frame.note->latency_ns = taken_ns + frame.facts.age_ns;
  if (outcome.fate == Fate::failed) ++stats_.failed;
  if (outcome.fate == Fate::inferred) {
    // Time spent waiting for downstream is not ours: a sink that waits for the clock would make it grow without end.
    recent_.add(taken_ns);
    longer_ = taken_ns > reported_ns_ ? longer_ + 1 : 0;
    longest_ns_ = longer_ > 1 ? std::max(longest_ns_, taken_ns) : taken_ns;
    if (options_.newest_wins) degree_.finished(frame.smaller, std::max(frame.arrived, resumed_), Clock::now());
  }
  balance();
  const bool tell = head_ready();
  lock.unlock();
  if (tell) head_.notify_one();
}

/// The last result once more, for a frame between two inferred ones.
void InferFlow::hold_result(FrameTask& frame) {
  if (!last_note_ || !settings_.hold_results) return;
  auto note = std::make_shared<FrameNote>();
  note->result = last_note_->result;
  note->result.frame_index = frame.index;
  note->result.pts_ns = time_or_none(frame.facts.stream);
  note->result.utc_ns = frame.facts.utc_ns;
  note->result.uri = frame.facts.uri;
  note->latency_ns = last_note_->latency_ns;  // that of the result, which is what is shown
  note->age = int(std::min<std::uint64_t>(frame.index - last_note_->result.frame_index, 1'000'000));
  const bool same = note->result.width == GST_VIDEO_INFO_WIDTH(frame.info.get()) &&
                    note->result.height == GST_VIDEO_INFO_HEIGHT(frame.info.get());
  if (same) frame.note = std::move(note);
}

FlowItem InferFlow::next() {
  std::unique_lock lock(mutex_);
  head_.wait(lock, [&] { return flushing_ || head_ready(); });
  if (flushing_) return {};
  FlowItem item = std::move(queue_.front());
  queue_.pop_front();
  busy_ = true;
  busy_frame_ = item.frame != nullptr;
  balance();
  if (!item.frame) return item;
  FrameTask& frame = *item.frame;
  item.discont = frame.index != next_out_;
  if (frame.wanted && frame.outcome.fate == Fate::inferred) last_note_ = frame.note;
  if (!frame.wanted) hold_result(frame);
  return item;
}

void InferFlow::done(GstFlowReturn result) {
  std::unique_lock lock(mutex_);
  busy_ = busy_frame_ = false;
  balance();
  if (result_ == GST_FLOW_OK && result != GST_FLOW_OK) {
    result_ = result;
    told_ = false;
  }
  lock.unlock();
  room_.notify_all();
}

GstFlowReturn InferFlow::unheard() const {
  std::lock_guard lock(mutex_);
  const bool fatal = result_ == GST_FLOW_NOT_LINKED || result_ < GST_FLOW_EOS;
  return fatal && !told_ && !flushing_ ? result_ : GST_FLOW_OK;
}

bool InferFlow::good() const {
  std::lock_guard lock(mutex_);
  return result_ == GST_FLOW_OK;
}

void InferFlow::relinked() {
  std::lock_guard lock(mutex_);
  if (result_ == GST_FLOW_NOT_LINKED) result_ = GST_FLOW_OK;
}

void InferFlow::hurry() {
  each_stream([](infer::Batcher::Stream& stream) { stream.hurry(); });
}

bool InferFlow::wait_empty() {
  hurry();
  std::unique_lock lock(mutex_);
  room_.wait(lock, [&] { return flushing_ || (queue_.empty() && !busy_); });
  return !flushing_;
}

void InferFlow::set_flushing(bool flushing, const KeepEvent& keep) {
  std::deque<FlowItem> gone;
  {
    std::lock_guard lock(mutex_);
    flushing_ = flushing;
    gone.swap(queue_);  // before the batcher lets them go: they are flushed, not dropped
    result_ = GST_FLOW_OK;
    last_note_.reset();
    next_out_ = frame_index_;
    degree_.restart();
    paused_ = false;
    resumed_ = Clock::now();
    head_.notify_all();
    room_.notify_all();
  }
  for (FlowItem& item : gone) {
    if (!item.event) continue;
    const GstEventType type = GST_EVENT_TYPE(item.event);
    const bool stays = (int(type) & int(GST_EVENT_TYPE_STICKY)) && type != GST_EVENT_SEGMENT && type != GST_EVENT_EOS;
    if (stays && keep) keep(item.event);
    else gst_event_unref(item.event);
  }
  each_stream([&](infer::Batcher::Stream& stream) {
    stream.pause(false);
    if (flushing) stream.cancel();  // what runs comes back by itself; nothing here waits for it
    else stream.flush_stop();
  });
}

}  // namespace vireo::gst
