#pragma once
// What takes the frames of a stream: a window, a recording, a publisher. Each plays in a pipeline of its own, made when
// the first frame comes and fed by the stream, so that a full disk or a closed window costs this output and nothing
// else.
//
// push() and end() come from the stream's output thread (push() of slates from its supervisor), poll() from its
// supervisor, status() from anywhere. A live stream's push() never blocks: a frame that finds no room is dropped and
// counted; other streams wait. Outputs of live streams that failed are tried again.

#include <gst/gst.h>

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <string>

#include "app/deployment/backoff.h"
#include "app/deployment/feed.h"
#include "app/deployment/gst_objects.h"
#include "app/deployment/ledger.h"
#include "config/settings.h"

namespace vireo::deployment {

enum class OutputState { idle, open, ending, waiting, finished, failed };

struct OutputStatus {
  std::string to;
  OutputState state = OutputState::idle;
  std::string problem;
  std::uint64_t frames = 0, dropped = 0;
};

/// What an output is told about its stream. Borrowed parts outlive the output.
struct OutputContext {
  std::string stream;
  bool live = false;
  bool every_frame = false;  ///< another output keeps every frame: none may be skipped for being late
  Ledger* ledger = nullptr;
  std::function<void(GstEvent*)> qos;  ///< takes the event: how late frames are
};

class Output {
 public:
  Output(config::SinkConfig sink, OutputContext context, unsigned room);
  virtual ~Output();
  Output(const Output&) = delete;
  Output& operator=(const Output&) = delete;

  enum class Frame { own, slate };
  void push(GstSample* sample, Frame frame);
  void end();
  void poll();
  /// It has not finished in time: what is there stays.
  void abandon(const std::string& why);
  [[nodiscard]] bool done() const;
  /// A frame waits for room in it.
  [[nodiscard]] bool waiting() const;
  [[nodiscard]] OutputStatus status() const;
  /// The user wants to see no more.
  [[nodiscard]] bool closed_by_user() const { return closed_by_user_; }

  /// Makes its elements once, in vain: throws Error when one is missing or a property is wrong.
  void check();
  [[nodiscard]] virtual bool takes_pictures() const { return true; }

 protected:
  /// Adds the elements behind the feed's appsrc. Called anew after a failure. Throws Error.
  virtual void build(GstBin* pipeline, GstElement* appsrc) = 0;
  /// Before the pipeline is built for real: files are made.
  virtual void opening() {}
  /// The pipeline is about to go: whoever waits in its threads for something of this output must wait no longer.
  virtual void closing() {}
  /// The pipeline has ended well, and is gone: the file gets its name. Throws Error.
  virtual void completed() {}
  /// The pipeline has failed and is gone. More about the failure for the user.
  virtual std::string broken() { return {}; }
  /// Called by each poll(): what has to be done now and then.
  virtual void tend() {}
  /// The sample as it is fed; null: this frame is not wanted. `start` is the running time of the first frame of this
  /// opening.
  virtual OwnedSample prepare(GstSample* sample, GstClockTime running, GstClockTime start) = 0;
  [[nodiscard]] virtual bool starts_with_slate() const { return false; }
  [[nodiscard]] virtual bool may_try_again() const { return true; }
  [[nodiscard]] virtual bool is_closed_by_user(GstMessage*) const { return false; }

  /// For destructors of outputs whose pipeline's threads use their members: the pipeline goes.
  void release() noexcept;
  /// Something is wrong that this output works on by itself, or ("") all is well again. Any thread.
  void tell(const std::string& problem);
  void count_dropped(std::uint64_t frames) { dropped_ += frames; }

  [[nodiscard]] const config::SinkConfig& sink() const { return sink_; }
  [[nodiscard]] const OutputContext& context() const { return context_; }

 private:
  struct Run {
    OwnedPipeline pipeline;
    std::unique_ptr<Feed> feed;
    GstClockTime start = GST_CLOCK_TIME_NONE;
  };
  [[nodiscard]] std::shared_ptr<Run> run() const;
  [[nodiscard]] std::shared_ptr<Run> open();
  void close(std::shared_ptr<Run> run);
  void works_again();
  void fail(const std::string& why);
  void complete();

  const config::SinkConfig sink_;
  const std::string shown_;  ///< its address, without secrets
  const OutputContext context_;
  const unsigned room_;
  std::mutex push_mutex_;                    ///< held while a frame is fed
  GstClockTime last_ = GST_CLOCK_TIME_NONE;  ///< running time; guarded by push_mutex_
  mutable std::mutex mutex_;                 ///< guards what follows; never held while something waits
  OutputState state_ = OutputState::idle;
  std::shared_ptr<Run> run_;
  std::string problem_;
  bool failed_before_ = false;  ///< the problem is that of an earlier run
  Backoff backoff_;
  Clock::time_point retry_;
  std::atomic<std::uint64_t> frames_{0}, dropped_{0};
  std::atomic<bool> closed_by_user_{false};
};

}  // namespace vireo::deployment
