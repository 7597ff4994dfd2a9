#pragma once
// The stream of one vireoinfer element, between its pads: an ordered queue of frames and serialised events, the batcher
// that works on the frames, and the figures about them.
//
//   chain thread:  push_frame / push_event ──▶ queue ──▶ output task: next(), in order, as soon as the head is ready
//                        └──▶ Batcher::Stream ──▶ (its threads) prepare, run, decode ──▶ frame is ready
//
// A live stream holds a few frames at most (frames_held), whatever the load: the newest takes the place of the oldest
// that is not being worked on. A frame that loses its place is let go at once; what it was is kept as a Drop until
// somebody reports it. While finished frames wait for downstream, none is inferred: it would only lose its place later.
// Where the network can't take all that comes, Degree says what else is to be done: frames that only pass, or a smaller
// network, whose results take their places in the same queue.
//
// Owned by the element, made at READY→PAUSED. push_* are called under the sink pad's stream lock, next() by the output
// task alone, the rest from any thread.

#include <gst/video/video.h>

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "plugins/gst/frame_meta.h"
#include "plugins/gst/video_image.h"
#include "plugins/gst/vireoinfer/settings.h"
#include "plugins/infer/degree.h"
#include "plugins/infer/latency.h"
#include "plugins/infer/latency_window.h"
#include "plugins/infer/session.h"

namespace vireo::gst {

/// What is known of a frame when it arrives.
struct FrameFacts {
  GstClockTime running = GST_CLOCK_TIME_NONE, stream = GST_CLOCK_TIME_NONE;  ///< its time, in the two ways of a segment
  std::int64_t utc_ns = -1;                                                  ///< when it was captured; -1: unknown
  std::int64_t age_ns = 0;  ///< how old it was on arrival: since capture (live), else what earlier stages took
  std::string uri;          ///< file or address, for pictures
  NotePointer earlier;      ///< results of earlier stages
};

/// A frame that was not put out.
struct Drop {
  GstClockTime running, stream, timestamp, duration;
  std::uint64_t processed = 0, dropped = 0;  ///< so far, with this one
};

/// A frame on its way through the element. Owned by the queue and, while it is worked on, by its job.
struct FrameTask {
  GstBuffer* buffer = nullptr;
  std::shared_ptr<const GstVideoInfo> info;
  infer::Clock::time_point arrived;
  FrameFacts facts;
  GstClockTime timestamp = GST_CLOCK_TIME_NONE, duration = GST_CLOCK_TIME_NONE;
  std::uint64_t index = 0;
  bool wanted = true;    ///< to be inferred; false: only passes
  bool smaller = false;  ///< by the smaller network
  bool ready = false;    ///< guarded by the flow's mutex, as is everything below until then
  infer::Outcome outcome;
  std::shared_ptr<FrameNote> note;
  ~FrameTask() { gst_clear_buffer(&buffer); }
};

/// What the output task gets: exactly one of the two.
struct FlowItem {
  std::shared_ptr<FrameTask> frame;
  GstEvent* event = nullptr;
  bool discont = false;  ///< of a frame: others before it were dropped
};

struct FlowStats {
  std::uint64_t frames = 0;    ///< arrived
  std::uint64_t inferred = 0;  ///< put out with their own result
  std::uint64_t passed = 0;    ///< put out between two inferred ones
  std::uint64_t dropped = 0;   ///< a newer frame took their place
  std::uint64_t late = 0;      ///< skipped because they came too late for the sink
  std::uint64_t failed = 0;
  std::uint64_t smaller = 0;              ///< of the inferred ones, by the smaller network
  std::uint64_t held = 0, most_held = 0;  ///< frames in the element, now and at most
  double fps = 0;                         ///< frames out, over the time from the first to the last
  infer::LatencyHistogram latency;
};

/// How a live stream is served at present.
struct Service {
  bool overloaded = false, smaller = false;  ///< frames come too fast; go to the smaller network
  int interval = 1;                          ///< every how many-th frame is inferred
  double load = 0;                           ///< work of the usual network by the time there is for it; 0: not known
  std::uint64_t changes = 0;
};

class InferFlow {
 public:
  /// The networks of a stream; the smaller one may be missing.
  struct Sessions {
    std::shared_ptr<infer::Session> usual, smaller;
  };
  InferFlow(Sessions sessions, const InferSettings& settings, std::string source_id);
  ~InferFlow();

  void set_info(const GstVideoInfo& info);
  void set_live(bool live);
  /// Settings that take effect at the next frame; sessions that are null: as before.
  void configure(const InferSettings& settings, Sessions sessions);

  /// Takes the buffer. GST_FLOW_FLUSHING while flushing, the output's result once it is not OK.
  GstFlowReturn push_frame(GstBuffer* buffer, FrameFacts facts);
  /// Takes the event.
  bool push_event(GstEvent* event);
  /// A frame that came too late for the sink and is not let in.
  void drop_late(const FrameFacts& facts, GstClockTime timestamp, GstClockTime duration);
  /// The frames dropped since the last call, to be reported.
  [[nodiscard]] std::vector<Drop> take_drops();

  /// Blocks until the head of the queue is ready; empty item when flushing.
  FlowItem next();
  /// What the output task did with the last item.
  void done(GstFlowReturn result);
  /// Downstream's refusal, where it is for good and upstream has not been told since: nobody pushes after EOS. Else OK.
  [[nodiscard]] GstFlowReturn unheard() const;
  /// False after downstream refused a frame: frames then go nowhere until a flush, events still do.
  [[nodiscard]] bool good() const;
  /// The source pad has a new peer: "not linked" is forgiven.
  void relinked();
  void count_out(const FrameTask& frame);

  /// Waits until everything pushed has been put out; false when flushing.
  bool wait_empty();
  /// Events that stay with a pad and had not been put out are given to `keep`, which takes them; the rest goes.
  using KeepEvent = std::function<void(GstEvent*)>;
  void set_flushing(bool flushing, const KeepEvent& keep = {});

  [[nodiscard]] FlowStats stats() const;
  [[nodiscard]] Service service() const;
  /// How the stream is served where that has changed since the last call.
  [[nodiscard]] std::optional<Service> service_change();
  [[nodiscard]] Sessions sessions() const;
  [[nodiscard]] const std::string& source_id() const { return source_id_; }
  [[nodiscard]] bool live() const;
  /// Whether a newer frame may take an older one's place.
  [[nodiscard]] bool drops_frames() const;
  /// Frames that may be in the element at once.
  [[nodiscard]] std::size_t frames_held() const;
  /// Time that frames really take, with some room, for the LATENCY query.
  [[nodiscard]] std::int64_t latency_ns() const;
  /// Called for each frame put out: true when the answer above has changed and the pipeline should know.
  [[nodiscard]] bool latency_changed();

 private:
  class InferJob;
  void deliver(std::unique_ptr<infer::Job> job, const infer::Outcome& outcome);
  void let_go(FrameTask& frame) noexcept;
  [[nodiscard]] bool head_ready() const {
    return !queue_.empty() && (queue_.front().event || queue_.front().frame->ready);
  }
  [[nodiscard]] bool make_room(std::unique_lock<std::mutex>& lock);
  [[nodiscard]] std::size_t limit() const;
  [[nodiscard]] std::size_t held() const;
  void note_drop(const FrameFacts& facts, GstClockTime timestamp, GstClockTime duration);
  void begin(FrameTask& frame);
  void balance();
  void hold_result(FrameTask& frame);
  [[nodiscard]] bool drop_waiting();
  void drop_ready(std::unique_lock<std::mutex>& lock, std::deque<FlowItem>::iterator item);
  void hurry();

  /// A network with this stream's way through its batcher.
  struct Network {
    std::shared_ptr<infer::Session> session;
    std::vector<FrameScratch> scratch;               ///< for each of the batcher's workers
    std::unique_ptr<infer::Batcher::Stream> stream;  ///< last: closes before the rest goes; null: there is none
  };
  void open(Network& network, std::shared_ptr<infer::Session> session);
  template <typename Work>
  void each_stream(Work&& work) {
    for (Network* network : {&usual_, &smaller_})
      if (network->stream) work(*network->stream);
  }
  void apply_options();

  mutable std::mutex mutex_;
  std::condition_variable head_;  ///< the output task has something to put out
  std::condition_variable room_;  ///< one frame less is held, or nothing is left
  std::deque<FlowItem> queue_;
  bool flushing_ = true;
  bool busy_ = false, busy_frame_ = false;  ///< the output task holds an item; and it is a frame
  bool told_ = false;                       ///< upstream knows `result_`
  GstFlowReturn result_ = GST_FLOW_OK;
  InferSettings settings_;
  const std::string source_id_;
  bool live_ = false;
  infer::StreamOptions options_;
  std::shared_ptr<const GstVideoInfo> info_;
  std::uint64_t frame_index_ = 0, next_out_ = 0;
  std::shared_ptr<FrameNote> last_note_;  ///< output task only
  std::vector<Drop> drops_;
  FlowStats stats_;
  infer::Clock::time_point first_out_, last_out_;
  std::uint64_t out_ = 0;
  infer::LatencyWindow recent_;  ///< what frames took lately
  std::int64_t reported_ns_ = 0;
  int longer_ = 0;               ///< results in a row that took longer than reported
  std::int64_t longest_ns_ = 0;  ///< of them
  infer::Degree degree_;
  std::uint64_t told_changes_ = 0;    ///< of the degree, that service_change() has told
  bool paused_ = false;               ///< the batcher takes no frames, for downstream has enough
  infer::Clock::time_point resumed_;  ///< when that ended last
  Network usual_, smaller_;           ///< last: they close before the rest goes
};

}  // namespace vireo::gst
