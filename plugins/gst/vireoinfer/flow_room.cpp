// What a stream holds, and who goes where there is no room for all; see flow.h.

#include <algorithm>
#include <utility>

#include "plugins/gst/vireoinfer/flow.h"

namespace vireo::gst {

using infer::Clock;
using infer::Fate;

namespace {

/// Of a live stream, beside those that are worked on: the newest that waits, and one on its way out.
constexpr std::size_t kLiveFrames = 2;
/// Finished frames of other streams that may wait for downstream, beside those in flight.
constexpr std::size_t kFinishedFrames = 4;

}  // namespace

std::size_t InferFlow::held() const {
  const auto queued =
      std::count_if(queue_.begin(), queue_.end(), [](const FlowItem& item) { return item.frame != nullptr; });
  return std::size_t(queued) + (busy_frame_ ? 1 : 0);
}

std::size_t InferFlow::limit() const {
  const auto inflight = std::size_t(options_.max_inflight);
  return inflight + (options_.newest_wins ? kLiveFrames : kFinishedFrames);
}

std::size_t InferFlow::frames_held() const {
  std::lock_guard lock(mutex_);
  return limit();
}

/// The frame will never be put out: frees it and takes it out of the queue.
void InferFlow::let_go(FrameTask& frame) noexcept {
  GstBuffer* buffer = nullptr;
  std::shared_ptr<FrameTask> keep;
  {
    std::lock_guard lock(mutex_);
    const auto at =
        std::find_if(queue_.begin(), queue_.end(), [&](const FlowItem& item) { return item.frame.get() == &frame; });
    if (at != queue_.end()) {  // else a flush has taken it out, which is no drop
      keep = at->frame;
      queue_.erase(at);
      ++stats_.dropped;
      note_drop(frame.facts, frame.timestamp, frame.duration);
    }
    buffer = std::exchange(frame.buffer, nullptr);
    frame.facts.earlier.reset();
    room_.notify_all();
    if (head_ready()) head_.notify_one();
  }
  gst_clear_buffer(&buffer);
}

/// On live sources nothing is inferred while the output has more than it can put out.
void InferFlow::balance() {
  if (flushing_) return;  // for good, perhaps: then the stream is being closed
  const bool waiting =
      std::any_of(queue_.begin(), queue_.end(), [](const FlowItem& item) { return item.frame && item.frame->ready; });
  const bool pause = options_.newest_wins && busy_frame_ && waiting;
  if (std::exchange(paused_, pause) && !pause) resumed_ = Clock::now();
  each_stream([&](infer::Batcher::Stream& stream) { stream.pause(pause); });
}

/// The oldest frame that no network has taken yet.
bool InferFlow::drop_waiting() {
  return usual_.stream->drop_waiting() || (smaller_.stream && smaller_.stream->drop_waiting());
}

/// Counts a frame that is ready and lost its place. The lock is held, but not while its memory goes back to its pool.
void InferFlow::drop_ready(std::unique_lock<std::mutex>& lock, std::deque<FlowItem>::iterator item) {
  std::shared_ptr<FrameTask> frame = std::move(item->frame);
  queue_.erase(item);
  ++stats_.dropped;
  note_drop(frame->facts, frame->timestamp, frame->duration);
  lock.unlock();
  frame.reset();
  lock.lock();
}

/// Room for one frame: waits for the output, or on live sources lets an older frame go. False: there is nothing older
/// that could be let go.
bool InferFlow::make_room(std::unique_lock<std::mutex>& lock) {
  if (!options_.newest_wins) {
    room_.wait(lock, [&] { return flushing_ || result_ != GST_FLOW_OK || options_.newest_wins || held() < limit(); });
    if (!options_.newest_wins) return true;
  }
  const auto oldest = [&](auto&& such) {
    return std::find_if(queue_.begin(), queue_.end(),
                        [&](const FlowItem& item) { return item.frame && item.frame->ready && such(*item.frame); });
  };
  while (!flushing_ && held() >= limit()) {
    // One that only passes is the least loss.
    if (const auto passing = oldest([](const FrameTask& frame) { return !frame.wanted; }); passing != queue_.end()) {
      drop_ready(lock, passing);
      continue;
    }
    lock.unlock();
    const bool dropped = drop_waiting();  // let_go() takes it out
    lock.lock();
    if (dropped) continue;
    const auto finished = oldest([](const FrameTask& frame) { return frame.outcome.fate != Fate::failed; });
    if (finished == queue_.end()) return held() < limit();
    drop_ready(lock, finished);
  }
  return true;
}

}  // namespace vireo::gst
