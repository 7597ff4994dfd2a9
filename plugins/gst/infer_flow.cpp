#include "plugins/gst/infer_flow.h"

#include <algorithm>
#include <cstring>

#include "plugins/gst/video_image.h"

namespace vireo::gst {

using infer::Clock;
using infer::Fate;
using Nanoseconds = std::chrono::nanoseconds;

class InferFlow::InferJob : public infer::Job {
 public:
  InferJob(std::shared_ptr<FrameTask> frame, std::shared_ptr<infer::Session> session, bool raw)
      : frame_(std::move(frame)), session_(std::move(session)), raw_(raw) {}

  void prepare(const infer::Slot& slot, int worker) override {
    MappedFrame mapped(*frame_->info, frame_->buffer, GST_MAP_READ);
    if (!mapped) throw Error(ErrorCode::io, "the frame's memory can't be mapped for reading");
    const auto outputs = raw_ ? infer::Session::Outputs::whole : infer::Session::Outputs::as_decoded;
    geometry_ = session_->prepare(image_of(mapped.frame()), slot, worker, outputs);
  }

  void decode(std::span<const sdk::TensorView> outputs, int lane) override {
    session_->decode(outputs, geometry_, frame_->note->result, lane);
    if (!raw_) return;
    for (const sdk::TensorView& view : outputs) {
      const auto* bytes = static_cast<const std::uint8_t*>(view.data);
      const std::size_t size = byte_count(view.dtype, view.dims);
      frame_->note->tensors.push_back({std::string(view.name), view.dtype, view.dims, {bytes, bytes + size}});
    }
  }

  [[nodiscard]] const std::shared_ptr<FrameTask>& frame() const { return frame_; }

 private:
  std::shared_ptr<FrameTask> frame_;
  std::shared_ptr<infer::Session> session_;
  sdk::Geometry geometry_;
  bool raw_;
};

InferFlow::InferFlow(std::shared_ptr<infer::Session> session, const InferSettings& settings, std::string source_id)
    : session_(std::move(session)), settings_(settings), source_id_(std::move(source_id)) {
  infer::Model& model = session_->model();
  options_ = settings_.stream_options(false, model.backend().max_batch());
  reported_ns_ = std::int64_t(model.image_seconds() * 2.5e9) + options_.max_delay.count();
  stream_ = model.batcher().open(options_, [this](std::unique_ptr<infer::Job> job, const infer::Outcome& outcome) {
    deliver(std::move(job), outcome);
  });
}

InferFlow::~InferFlow() {
  set_flushing(true);
  stream_.reset();
}

void InferFlow::set_info(const GstVideoInfo& info) {
  std::lock_guard lock(mutex_);
  info_ = std::make_shared<const GstVideoInfo>(info);
}

void InferFlow::set_live(bool live) {
  std::lock_guard lock(mutex_);
  live_ = live;
  options_ = settings_.stream_options(live_, session_->model().backend().max_batch());
  stream_->configure(options_);
}

void InferFlow::configure(const InferSettings& settings, std::shared_ptr<infer::Session> session) {
  std::lock_guard lock(mutex_);
  settings_ = settings;
  if (session) session_ = std::move(session);
  options_ = settings_.stream_options(live_, session_->model().backend().max_batch());
  stream_->configure(options_);
}

std::size_t InferFlow::frames_queued() const {
  return std::size_t(
      std::count_if(queue_.begin(), queue_.end(), [](const FlowItem& item) { return item.frame != nullptr; }));
}

/// Makes room for one frame: waits for the output, or on live sources lets the oldest finished frame go.
void InferFlow::drop_for(std::unique_lock<std::mutex>& lock) {
  const std::size_t limit = std::size_t(options_.max_inflight) + 4;
  if (!options_.newest_wins) {
    changed_.wait(lock, [&] { return flushing_ || result_ != GST_FLOW_OK || frames_queued() < limit; });
    return;
  }
  if (frames_queued() < limit) return;
  for (auto item = queue_.begin(); item != queue_.end(); ++item) {
    // Unfinished frames are bounded by the batcher; a finished one only waits for downstream.
    if (!item->frame || !item->frame->ready || item->frame->outcome.fate == Fate::failed) continue;
    if (item->frame->outcome.fate == Fate::inferred) ++stats_.dropped;  // others were counted when they were dropped
    queue_.erase(item);
    return;
  }
}

GstFlowReturn InferFlow::push_frame(GstBuffer* buffer, std::int64_t capture_age_ns) {
  auto frame = std::make_shared<FrameTask>();
  frame->buffer = buffer;
  frame->arrived = Clock::now();
  frame->capture_age_ns = capture_age_ns;
  std::unique_ptr<InferJob> job;
  {
    std::unique_lock lock(mutex_);
    drop_for(lock);
    if (flushing_) return GST_FLOW_FLUSHING;
    if (result_ != GST_FLOW_OK) return result_;
    if (!info_) return GST_FLOW_NOT_NEGOTIATED;
    frame->info = info_;
    frame->index = frame_index_++;
    frame->wanted = frame->index % std::uint64_t(settings_.interval) == 0;
    ++stats_.frames;
    if (frame->wanted) {
      frame->note = std::make_shared<FrameNote>();
      sdk::FrameResult& result = frame->note->result;
      result.source_id = source_id_;
      result.frame_index = frame->index;
      result.pts_ns = GST_BUFFER_PTS_IS_VALID(buffer) ? std::int64_t(GST_BUFFER_PTS(buffer)) : -1;
      result.width = GST_VIDEO_INFO_WIDTH(info_.get());
      result.height = GST_VIDEO_INFO_HEIGHT(info_.get());
      job = std::make_unique<InferJob>(frame, session_, settings_.raw_tensors);
    } else {
      frame->ready = true;
    }
    queue_.push_back({frame, nullptr});
    changed_.notify_all();
  }
  if (job && !stream_->submit(std::move(job))) return GST_FLOW_FLUSHING;
  return GST_FLOW_OK;
}

bool InferFlow::push_event(GstEvent* event) {
  if (GST_EVENT_TYPE(event) == GST_EVENT_EOS) stream_->hurry();
  std::lock_guard lock(mutex_);
  if (flushing_) {
    gst_event_unref(event);
    return false;
  }
  const bool begins = GST_EVENT_TYPE(event) == GST_EVENT_STREAM_START || GST_EVENT_TYPE(event) == GST_EVENT_SEGMENT;
  if (begins && result_ == GST_FLOW_EOS) result_ = GST_FLOW_OK;  // a new stream after the end of the old one
  queue_.push_back({nullptr, event});
  changed_.notify_all();
  return true;
}

void InferFlow::count_late() {
  std::lock_guard lock(mutex_);
  ++stats_.frames;
  ++stats_.late;
  ++frame_index_;
}

void InferFlow::deliver(std::unique_ptr<infer::Job> job, const infer::Outcome& outcome) {
  FrameTask& frame = *static_cast<InferJob&>(*job).frame();
  std::lock_guard lock(mutex_);
  frame.outcome = outcome;
  frame.ready = true;
  const std::int64_t taken_ns = Nanoseconds(Clock::now() - frame.arrived).count();
  if (frame.note) frame.note->latency_ns = taken_ns + frame.capture_age_ns;
  // Time spent waiting for downstream is not ours: a sink that waits for the clock would make it grow without end.
  if (outcome.fate == Fate::inferred) recent_max_ns_ = std::max(recent_max_ns_, taken_ns);
  if (outcome.fate == Fate::dropped) ++stats_.dropped;
  if (outcome.fate == Fate::failed) ++stats_.failed;
  changed_.notify_all();
}

FlowItem InferFlow::next() {
  std::unique_lock lock(mutex_);
  changed_.wait(
      lock, [&] { return flushing_ || (!queue_.empty() && (queue_.front().event || queue_.front().frame->ready)); });
  if (flushing_) return {};
  FlowItem item = std::move(queue_.front());
  queue_.pop_front();
  busy_ = true;
  if (item.frame && item.frame->wanted && item.frame->outcome.fate == Fate::inferred) last_note_ = item.frame->note;
  if (item.frame && !item.frame->wanted && last_note_ && settings_.hold_results) {
    auto note = std::make_shared<FrameNote>();
    note->result = last_note_->result;
    note->result.frame_index = item.frame->index;
    note->result.pts_ns =
        GST_BUFFER_PTS_IS_VALID(item.frame->buffer) ? std::int64_t(GST_BUFFER_PTS(item.frame->buffer)) : -1;
    note->age = int(std::min<std::uint64_t>(item.frame->index - last_note_->result.frame_index, 1'000'000));
    const bool same = note->result.width == GST_VIDEO_INFO_WIDTH(item.frame->info.get()) &&
                      note->result.height == GST_VIDEO_INFO_HEIGHT(item.frame->info.get());
    if (same) item.frame->note = std::move(note);
  }
  return item;
}

void InferFlow::done(GstFlowReturn result) {
  std::lock_guard lock(mutex_);
  busy_ = false;
  if (result_ == GST_FLOW_OK) result_ = result;
  changed_.notify_all();
}

bool InferFlow::good() const {
  std::lock_guard lock(mutex_);
  return result_ == GST_FLOW_OK;
}

void InferFlow::relinked() {
  std::lock_guard lock(mutex_);
  if (result_ == GST_FLOW_NOT_LINKED) result_ = GST_FLOW_OK;
}

void InferFlow::count_out(const FrameTask& frame) {
  std::lock_guard lock(mutex_);
  last_out_ = Clock::now();
  if (out_++ == 0) first_out_ = last_out_;
  if (!frame.wanted) {
    ++stats_.passed;
    return;
  }
  ++stats_.inferred;
  if (frame.note) stats_.latency.add(Nanoseconds(frame.note->latency_ns));
}

bool InferFlow::wait_empty() {
  stream_->hurry();
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return flushing_ || (queue_.empty() && !busy_); });
  return !flushing_;
}

void InferFlow::set_flushing(bool flushing) {
  {
    std::lock_guard lock(mutex_);
    flushing_ = flushing;
    changed_.notify_all();
  }
  if (flushing) {
    stream_->flush_start();
  } else {
    stream_->flush_stop();
  }
  std::lock_guard lock(mutex_);
  for (FlowItem& item : queue_) {
    if (item.event) gst_event_unref(item.event);
  }
  queue_.clear();
  result_ = GST_FLOW_OK;
  last_note_.reset();
}

FlowStats InferFlow::stats() const {
  std::lock_guard lock(mutex_);
  FlowStats stats = stats_;
  const double seconds = std::chrono::duration<double>(last_out_ - first_out_).count();
  if (out_ > 1 && seconds > 0) stats.fps = double(out_ - 1) / seconds;
  return stats;
}

std::shared_ptr<infer::Session> InferFlow::session() const {
  std::lock_guard lock(mutex_);
  return session_;
}

bool InferFlow::live() const {
  std::lock_guard lock(mutex_);
  return live_;
}

std::int64_t InferFlow::latency_ns() const {
  std::lock_guard lock(mutex_);
  return reported_ns_;
}

bool InferFlow::latency_changed() {
  constexpr int kWindow = 64;
  std::lock_guard lock(mutex_);
  if (++recent_ < kWindow || recent_max_ns_ == 0) return false;
  const std::int64_t wanted = recent_max_ns_ + recent_max_ns_ / 8;
  const bool off = wanted > reported_ns_ || wanted < reported_ns_ / 2;
  if (off) reported_ns_ = wanted;
  recent_ = 0;
  recent_max_ns_ = 0;
  return off && live_;
}

}  // namespace vireo::gst
