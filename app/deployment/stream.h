#pragma once
// A stream: frames of a source through stages to sinks, in one supervised pipeline that outlives its input. Nothing
// that goes wrong in it reaches another stream.
//
//   Input ─▶ gate ─▶ convert ─▶ vireoinfer … ─▶ vireodraw ─▶ outputs (each a pipeline of its own)
//
// The constructor makes all elements and sets all properties, opens nothing and throws what the configuration has
// wrong. start() plays in the stream's own thread until the source ends, end(), or something fails for good; a live
// stream whose engine or input fails begins again, and shows a slate meanwhile. snapshot(), end() and done() from any
// thread.

#include <atomic>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "app/deployment/input.h"
#include "app/deployment/output.h"
#include "app/deployment/stats.h"
#include "app/deployment/stream_body.h"
#include "config/settings.h"
#include "plugins/sdk/detection.h"

namespace vireo::deployment {

/// One frame as it leaves inference, for observers. Pointers are valid during the call.
struct FrameView {
  const std::string& stream;
  const sdk::FrameResult* result = nullptr;
  const sdk::FrameResult* truth = nullptr;  ///< from vireoscene; objects with score 0 are neither hit nor miss
  int age = 0;                              ///< frames since the result was inferred
};
/// Called from the streams' output threads, one frame of a stream at a time.
using FrameObserver = std::function<void(const FrameView&)>;

class Stream {
 public:
  /// `ledger` must outlive the stream.
  Stream(const config::StreamConfig& config, Ledger& ledger, FrameObserver observer);
  ~Stream();
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  void start();
  /// Lets the source end now; files are finished. A model that is being loaded is given up.
  void end() noexcept;
  [[nodiscard]] bool done() const { return done_; }
  /// Blocks until it is done, and lets go of everything.
  void join();
  [[nodiscard]] StreamSnapshot snapshot() const;

  /// Takes over what differs from the present configuration, where all of it can change while playing; false, and
  /// nothing is changed, where it can't. Throws Error for a value that is not accepted.
  [[nodiscard]] bool change(const config::StreamConfig& config);
  [[nodiscard]] config::StreamConfig config() const;

  /// The next frame that leaves the pipeline, drawn where it is; null where none comes in time. `drawn`: whether it is.
  [[nodiscard]] OwnedSample next_frame(Clock::duration timeout, bool& drawn);

 private:
  enum class Ending { ended, failed, again };

  [[nodiscard]] std::shared_ptr<StreamBody> make_body();
  [[nodiscard]] std::shared_ptr<StreamBody> body() const;
  void run();
  [[nodiscard]] Ending play_once();
  [[nodiscard]] Ending supervise(StreamBody& body, Input& input);
  void frame_out(GstBuffer* buffer);
  void frame_finished(GstSample* sample);
  void end_outputs();
  void retire(const Input& input);
  void poll_outputs();
  [[nodiscard]] bool outputs_done() const;
  [[nodiscard]] bool outputs_failed() const;
  void show_slate(const StreamBody& body, const Input& input);
  [[nodiscard]] bool stuck(const StreamBody& body);
  void set(StreamState state, const std::string& problem);
  void finish_outputs();

  const std::string name_;
  Ledger& ledger_;
  const FrameObserver observer_;
  const SourceKind kind_;
  BodyOptions body_options_;
  std::vector<std::unique_ptr<Output>> outputs_;
  std::atomic<bool> ending_{false}, done_{false};
  std::atomic<std::int64_t> last_out_{0}, alive_{now_ns()};
  std::int64_t last_slate_ = 0, end_seen_ = 0, only_in_since_ = 0;  ///< supervisor
  std::atomic<int> width_{0}, height_{0};                           ///< of the last frame
  mutable std::mutex mutex_;
  config::StreamConfig config_;  ///< guarded by the mutex, as is everything below until the thread
  std::shared_ptr<StreamBody> body_;
  Input* input_ = nullptr;
  StreamSnapshot figures_;    ///< of bodies and inputs that are gone, and the state
  std::mutex picture_mutex_;  ///< guards what follows: the frame for who asks for one
  std::condition_variable picture_came_;
  std::atomic<int> picture_waiters_{0};
  std::uint64_t picture_number_ = 0;
  OwnedSample picture_;
  std::thread thread_;
};

}  // namespace vireo::deployment
