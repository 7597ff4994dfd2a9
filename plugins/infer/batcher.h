#pragma once
// Collects frames of many streams into batches for one network.
//
//   submit ─▶ stream's queue ─▶ worker: Job::prepare into a slot ─▶ lane runs ─▶ Job::decode ─▶ deliver, in order
//
// - A batch goes out when it is full, when its oldest frame has waited its stream's max_delay, or before that when no
//   stream can be expected to bring another frame in time (by the rate at which each has brought them so far). While as
//   many lanes run as the backend can use, an overdue batch stays open and goes on filling: it could not start anyway.
// - Where lanes compute in the threads that run them (Backend::computes_in_caller), such a thread delivers, takes,
// prepares
//   and runs in turns, as long as there are frames: no other thread wakes for any of it.
// - Each stream gets its jobs back in the order in which it submitted them, every job exactly once, one call at a time.
// - Streams take turns; each has a bound on the frames in flight. A stream that must not wait (live) keeps the newest
//   frame that did not fit and gives the older one back as dropped, in its place, but lets it go at once; any other
//   stream blocks in submit.
// - What fails in one job (prepare, decode) fails that job alone; a failed run fails the jobs of that batch.
// No lock is held while a frame is prepared, run, decoded or delivered.
//
// The batcher owns its threads: `workers` that prepare, one for each lane, which prepares, too, where lanes compute in
// the thread that runs them. Streams may be opened and closed from any
// thread; each stream is submitted to by one thread at a time. Streams must be closed before the batcher goes.

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>

#include "plugins/infer/backend.h"

namespace vireo::infer {

using Clock = std::chrono::steady_clock;

/// One frame on its way. Calls come from the batcher's threads, never two at once for one job.
class Job {
 public:
  virtual ~Job() = default;
  /// Writes the frame into the input slot. `worker` (0..workers-1) picks scratch memory that one thread uses at a time.
  virtual void prepare(const Slot& slot, int worker) = 0;
  /// Reads the outputs of the network. `lane` picks scratch memory likewise.
  virtual void decode(std::span<const sdk::TensorView> outputs, int lane) = 0;
  /// The frame has not been prepared and never will be: frees what it holds. Called as soon as that is known, from
  /// within submit, drop_waiting, cancel and flush_start; the job itself is delivered in its place.
  virtual void release() noexcept {}
};

enum class Fate : std::uint8_t {
  inferred,  ///< decode has run
  dropped,   ///< a newer frame took its place
  flushed,   ///< the stream was flushed while the frame waited
  failed,    ///< see message
};

struct Outcome {
  Fate fate = Fate::inferred;
  ErrorCode code = ErrorCode::internal;  ///< when failed
  std::string message;                   ///< when failed
  int batch = 0;                         ///< images in the batch it ran in
};

struct StreamOptions {
  int max_inflight = 4;      ///< frames between submit and delivery; at least 1
  bool newest_wins = false;  ///< never block in submit: drop the older waiting frame
  std::chrono::nanoseconds max_delay{0};
};

struct BatcherStats {
  std::uint64_t images = 0, batches = 0;
  std::chrono::nanoseconds busy{0};  ///< time in which at least one lane ran
};

class Batcher {
 public:
  /// `backend` is borrowed and must outlive the batcher.
  Batcher(Backend& backend, int workers);
  ~Batcher();
  Batcher(const Batcher&) = delete;
  Batcher& operator=(const Batcher&) = delete;

  using Deliver = std::function<void(std::unique_ptr<Job>, const Outcome&)>;

  struct StreamState;
  class Stream {
   public:
    /// Flushes and waits until the batcher holds nothing of this stream.
    ~Stream();
    Stream(const Stream&) = delete;
    Stream& operator=(const Stream&) = delete;

    /// Takes ownership of the job. Blocks while max_inflight frames are under way, unless newest_wins. False, and the
    /// job is gone without delivery, when the stream is flushing.
    bool submit(std::unique_ptr<Job> job);
    /// Lets batches with this stream's frames go out at once and waits until all are delivered.
    void drain();
    /// Lets batches with this stream's frames go out at once, without waiting.
    void hurry();
    /// While paused no lane takes frames of this stream; they can be submitted and dropped.
    void pause(bool paused);
    /// Drops the oldest frame that no lane has taken yet; false where there is none.
    bool drop_waiting();
    /// Gives waiting frames back as flushed, unblocks submit, refuses new frames. What lanes work on is given back as
    /// flushed, too, when they are done with it; this does not wait for them.
    void cancel();
    /// cancel(), and returns when nothing is under way.
    void flush_start();
    void flush_stop();
    /// From now on.
    void configure(const StreamOptions& options);

   private:
    friend class Batcher;
    Stream(Batcher& owner, std::unique_ptr<StreamState> state) noexcept;
    Batcher& owner_;
    std::unique_ptr<StreamState> state_;
  };

  /// `deliver` is called from the batcher's threads or from within submit and flush_start; it must not call back into
  /// the stream.
  [[nodiscard]] std::unique_ptr<Stream> open(const StreamOptions& options, Deliver deliver);
  [[nodiscard]] BatcherStats stats() const;
  /// Threads that prepare.
  [[nodiscard]] int workers() const noexcept;
  [[nodiscard]] int lanes() const noexcept;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace vireo::infer
