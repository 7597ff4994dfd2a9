#pragma once
// The batcher's insides: tickets (frames on their way), lanes, streams, and who waits for what. Only batcher.cpp and
// batcher_stream.cpp include it. Everything is guarded by State::mutex unless it says otherwise.

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "plugins/infer/batcher.h"
#include "plugins/infer/cadence.h"

namespace vireo::infer {

/// `ending`: it is being released, outside the lock, and is not to be delivered before that.
enum class Stage : std::uint8_t { pending, taken, ending, done };

struct Ticket {
  std::unique_ptr<Job> job;
  Batcher::StreamState* stream = nullptr;
  Clock::time_point submitted;
  Stage stage = Stage::pending;
  bool urgent = false;                 ///< its batch need not wait for others
  std::atomic<bool> cancelled{false};  ///< nobody wants its result any more
  Outcome outcome;

  void fail(ErrorCode code, const char* message) {
    outcome.fate = Fate::failed;
    outcome.code = code;
    outcome.message = message;
  }
};

struct BatchLane {
  enum class Phase : std::uint8_t { free, filling, closed, running };
  Phase phase = Phase::free;
  std::vector<Ticket*> tickets;
  int prepared = 0;
  Clock::time_point deadline = Clock::time_point::max();
  bool called = false;  ///< its thread is to run it
  std::condition_variable wake;
  std::thread thread;
};

struct Batcher::StreamState {
  StreamOptions options;
  Deliver deliver;
  std::deque<std::unique_ptr<Ticket>> tickets;  ///< in the order of submission, until delivered
  int taken = 0;                                ///< of them, given to a lane and not done
  bool flushing = false;
  bool paused = false;  ///< its frames stay where they are
  bool delivering = false;
  Cadence cadence;
  int holds = 0;                    ///< threads that are about to deliver
  std::condition_variable changed;  ///< room, or nothing left

  /// Frames that wait or run.
  [[nodiscard]] int unfinished() const {
    return static_cast<int>(
        std::count_if(tickets.begin(), tickets.end(), [](const auto& ticket) { return ticket->stage != Stage::done; }));
  }
  [[nodiscard]] bool idle() const { return tickets.empty() && !delivering && holds == 0; }
  /// Whether it may put another frame into a batch before `deadline`.
  [[nodiscard]] bool may_bring(Clock::time_point now, Clock::time_point deadline) const {
    if (flushing || paused || taken >= options.max_inflight) return false;
    if (next_pending() != nullptr) return true;
    const bool blocked = !options.newest_wins && static_cast<int>(tickets.size()) >= options.max_inflight;
    return !blocked && cadence.may_bring(now, deadline);
  }
  /// The frame that a lane may take next; null where there is none.
  [[nodiscard]] Ticket* next_to_take() const {
    return !paused && taken < options.max_inflight ? next_pending() : nullptr;
  }
  [[nodiscard]] Ticket* next_pending() const {
    for (const auto& ticket : tickets) {
      if (ticket->stage == Stage::pending) return ticket.get();
    }
    return nullptr;
  }
};

struct Batcher::State {
  explicit State(Backend& used) : backend(used), lanes(static_cast<std::size_t>(used.lanes())) {}

  Backend& backend;
  mutable std::mutex mutex;
  std::condition_variable work;  ///< something for the workers
  std::vector<BatchLane> lanes;
  int filling = -1;        ///< lane that takes frames
  std::deque<int> closed;  ///< lanes to run next
  int running = 0;
  int awake = 0;  ///< threads of lanes that have something to do, and look for more before they sleep
  Clock::time_point busy_since;
  BatcherStats stats;
  std::vector<StreamState*> streams;
  std::size_t turn = 0;  ///< stream whose turn it is
  std::vector<std::thread> workers;
  bool stop = false;

  using Lock = std::unique_lock<std::mutex>;

  /// Whether the threads of all lanes will look for the next frame without being told.
  [[nodiscard]] bool all_awake() const {
    return backend.computes_in_caller() && awake == static_cast<int>(lanes.size());
  }
  /// There may be more to prepare, for whoever sleeps.
  void tell_workers() {
    if (!all_awake()) work.notify_all();
  }
  Ticket* take(int& lane_index, int& slot, int own = -1);
  bool prepare_next(Lock& lock, int worker, int own = -1);
  void close_if_due(Clock::time_point now);
  bool launch(Clock::time_point now, int own = -1);
  void advance();
  void hurry(StreamState& stream);
  [[nodiscard]] bool more_expected(Clock::time_point now, Clock::time_point deadline) const;
  void end(Lock& lock, StreamState& stream, Ticket& ticket, Fate fate);
  void cancel(Lock& lock, StreamState& stream);
  void deliver_ready(Lock& lock, StreamState& stream);
  void worker_loop(int worker);
  void lane_loop(int index);
  void run_lane(Lock& lock, int index);
  bool go_on(Lock& lock, int index);
};

}  // namespace vireo::infer
