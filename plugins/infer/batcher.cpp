#include "plugins/infer/batcher.h"

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <vector>

namespace vireo::infer {
namespace {

enum class Stage : std::uint8_t { pending, taken, done };

struct Ticket {
  std::unique_ptr<Job> job;
  Batcher::StreamState* stream = nullptr;
  Clock::time_point submitted;
  Stage stage = Stage::pending;
  bool urgent = false;  ///< its batch need not wait for others
  Outcome outcome;

  void fail(ErrorCode code, const char* message) {
    outcome.fate = Fate::failed;
    outcome.code = code;
    outcome.message = message;
  }
};

struct Lane {
  enum class Phase : std::uint8_t { free, filling, closed, running };
  Phase phase = Phase::free;
  std::vector<Ticket*> tickets;
  int prepared = 0;
  Clock::time_point deadline = Clock::time_point::max();
  std::condition_variable wake;
  std::thread thread;
};

/// Runs `work` and keeps what it throws in the ticket.
template <typename Work>
void guarded(Ticket& ticket, Work&& work) noexcept {
  try {
    work();
  } catch (const Error& error) {
    ticket.fail(error.code(), error.what());
  } catch (const std::exception& error) {
    ticket.fail(ErrorCode::internal, error.what());
  } catch (...) {
    ticket.fail(ErrorCode::internal, "unknown exception");
  }
}

}  // namespace

struct Batcher::StreamState {
  StreamOptions options;
  Deliver deliver;
  std::deque<std::unique_ptr<Ticket>> tickets;  ///< in the order of submission, until delivered
  int taken = 0;                                ///< of them, given to a lane and not done
  bool flushing = false;
  bool delivering = false;
  int holds = 0;                    ///< threads that are about to deliver
  std::condition_variable changed;  ///< room, or nothing left

  /// Frames that wait or run.
  [[nodiscard]] int unfinished() const {
    return static_cast<int>(
        std::count_if(tickets.begin(), tickets.end(), [](const auto& ticket) { return ticket->stage != Stage::done; }));
  }
  [[nodiscard]] bool idle() const { return tickets.empty() && !delivering && holds == 0; }
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
  std::vector<Lane> lanes;
  int filling = -1;        ///< lane that takes frames
  std::deque<int> closed;  ///< lanes to run next
  int running = 0;
  Clock::time_point busy_since;
  BatcherStats stats;
  std::vector<StreamState*> streams;
  std::size_t turn = 0;  ///< stream whose turn it is
  std::vector<std::thread> workers;
  bool stop = false;

  using Lock = std::unique_lock<std::mutex>;

  Ticket* take(int& lane_index, int& slot);
  void close_if_due(Clock::time_point now);
  void launch(Clock::time_point now);
  void advance();
  void hurry(StreamState& stream);
  void deliver_ready(Lock& lock, StreamState& stream);
  void worker_loop(int worker);
  void lane_loop(int index);
  void run_lane(Lock& lock, int index);
};

/// The next frame and its place, or null when there is no frame or no room.
Ticket* Batcher::State::take(int& lane_index, int& slot) {
  if (filling < 0 &&
      std::none_of(lanes.begin(), lanes.end(), [](const Lane& lane) { return lane.phase == Lane::Phase::free; })) {
    return nullptr;
  }
  for (std::size_t tried = 0; tried < streams.size(); ++tried) {
    turn = (turn + 1) % streams.size();
    StreamState& stream = *streams[turn];
    Ticket* ticket = stream.taken < stream.options.max_inflight ? stream.next_pending() : nullptr;
    if (!ticket) continue;
    if (filling < 0) {
      filling = 0;
      while (lanes[filling].phase != Lane::Phase::free) ++filling;
      lanes[filling].phase = Lane::Phase::filling;
      lanes[filling].prepared = 0;
      lanes[filling].deadline = Clock::time_point::max();
    }
    Lane& lane = lanes[filling];
    lane_index = filling;
    slot = static_cast<int>(lane.tickets.size());
    lane.tickets.push_back(ticket);
    const auto due = ticket->urgent ? ticket->submitted : ticket->submitted + stream.options.max_delay;
    lane.deadline = std::min(lane.deadline, due);
    ticket->stage = Stage::taken;
    ++stream.taken;
    return ticket;
  }
  return nullptr;
}

void Batcher::State::close_if_due(Clock::time_point now) {
  if (filling < 0) return;
  Lane& lane = lanes[filling];
  const bool full = static_cast<int>(lane.tickets.size()) >= backend.max_batch();
  if (!full && (now < lane.deadline || running + static_cast<int>(closed.size()) >= backend.concurrency())) return;
  lane.phase = Lane::Phase::closed;
  closed.push_back(filling);
  filling = -1;
  work.notify_all();
}

void Batcher::State::launch(Clock::time_point now) {
  while (!closed.empty() && running < backend.concurrency()) {
    Lane& lane = lanes[closed.front()];
    if (lane.prepared < static_cast<int>(lane.tickets.size())) return;
    closed.pop_front();
    lane.phase = Lane::Phase::running;
    if (running++ == 0) busy_since = now;
    lane.wake.notify_one();
  }
}

void Batcher::State::advance() {
  const auto now = Clock::now();
  close_if_due(now);
  launch(now);
}

/// Frames that this stream has submitted so far no longer wait for others.
void Batcher::State::hurry(StreamState& stream) {
  for (const auto& ticket : stream.tickets) ticket->urgent = true;
  if (filling >= 0) {
    Lane& lane = lanes[filling];
    for (const Ticket* ticket : lane.tickets) {
      if (ticket->stream == &stream) lane.deadline = Clock::time_point::min();
    }
  }
  advance();
  work.notify_all();
}

void Batcher::State::deliver_ready(Lock& lock, StreamState& stream) {
  if (stream.delivering) return;  // the thread that delivers looks again
  stream.delivering = true;
  while (!stream.tickets.empty() && stream.tickets.front()->stage == Stage::done) {
    std::unique_ptr<Ticket> ticket = std::move(stream.tickets.front());
    stream.tickets.pop_front();
    stream.changed.notify_all();
    lock.unlock();
    stream.deliver(std::move(ticket->job), ticket->outcome);
    lock.lock();
  }
  stream.delivering = false;
  stream.changed.notify_all();
}

void Batcher::State::worker_loop(int worker) {
  Lock lock(mutex);
  while (!stop) {
    int index = 0, slot = 0;
    Ticket* ticket = take(index, slot);
    if (!ticket) {
      advance();
      if (filling >= 0 && lanes[filling].deadline > Clock::now()) {
        work.wait_until(lock, lanes[filling].deadline);
      } else {
        work.wait(lock);
      }
      continue;
    }
    close_if_due(Clock::now());
    lock.unlock();
    guarded(*ticket, [&] { ticket->job->prepare({&backend, index, slot}, worker); });
    lock.lock();
    ++lanes[index].prepared;
    advance();
  }
}

void Batcher::State::run_lane(Lock& lock, int index) {
  Lane& lane = lanes[index];
  const int count = static_cast<int>(lane.tickets.size());
  lock.unlock();
  const bool wanted = std::any_of(lane.tickets.begin(), lane.tickets.end(),
                                  [](const Ticket* ticket) { return ticket->outcome.fate != Fate::failed; });
  const Status status = wanted ? backend.run(index, count) : Status{};
  lock.lock();
  if (--running == 0) stats.busy += Clock::now() - busy_since;
  ++stats.batches;
  stats.images += static_cast<std::uint64_t>(count);
  advance();  // the next lane starts before this one's outputs are decoded
  lock.unlock();
  for (int i = 0; i < count; ++i) {
    Ticket& ticket = *lane.tickets[i];
    ticket.outcome.batch = count;
    if (ticket.outcome.fate == Fate::failed) continue;
    if (!status.ok()) {
      ticket.fail(status.code(), status.message());
      continue;
    }
    guarded(ticket, [&] { ticket.job->decode(backend.outputs(index, i, count), index); });
  }
  lock.lock();
  std::vector<StreamState*> touched;
  for (Ticket* ticket : lane.tickets) {
    ticket->stage = Stage::done;
    --ticket->stream->taken;
    if (std::find(touched.begin(), touched.end(), ticket->stream) != touched.end()) continue;
    touched.push_back(ticket->stream);
    ++ticket->stream->holds;  // it must not go away while another stream's results are delivered
  }
  lane.tickets.clear();
  lane.phase = Lane::Phase::free;
  work.notify_all();
  for (StreamState* stream : touched) {
    deliver_ready(lock, *stream);
    --stream->holds;
    stream->changed.notify_all();
  }
}

void Batcher::State::lane_loop(int index) {
  Lock lock(mutex);
  Lane& lane = lanes[index];
  for (;;) {
    lane.wake.wait(lock, [&] { return stop || lane.phase == Lane::Phase::running; });
    if (lane.phase != Lane::Phase::running) return;
    run_lane(lock, index);
  }
}

Batcher::Batcher(Backend& backend, int workers) : state_(std::make_unique<State>(backend)) {
  for (int i = 0; i < std::max(1, workers); ++i) {
    state_->workers.emplace_back([state = state_.get(), i] { state->worker_loop(i); });
  }
  for (int i = 0; i < backend.lanes(); ++i) {
    state_->lanes[i].thread = std::thread([state = state_.get(), i] { state->lane_loop(i); });
  }
}

Batcher::~Batcher() {
  {
    std::lock_guard lock(state_->mutex);
    state_->stop = true;
    state_->work.notify_all();
    for (Lane& lane : state_->lanes) lane.wake.notify_all();
  }
  for (std::thread& worker : state_->workers) worker.join();
  for (Lane& lane : state_->lanes) lane.thread.join();
}

std::unique_ptr<Batcher::Stream> Batcher::open(const StreamOptions& options, Deliver deliver) {
  auto stream = std::make_unique<StreamState>();
  stream->options = options;
  stream->options.max_inflight = std::max(1, options.max_inflight);
  stream->deliver = std::move(deliver);
  std::lock_guard lock(state_->mutex);
  state_->streams.push_back(stream.get());
  return std::unique_ptr<Stream>(new Stream(*this, std::move(stream)));
}

BatcherStats Batcher::stats() const {
  std::lock_guard lock(state_->mutex);
  BatcherStats stats = state_->stats;
  if (state_->running > 0) stats.busy += Clock::now() - state_->busy_since;
  return stats;
}

int Batcher::workers() const noexcept { return static_cast<int>(state_->workers.size()); }
int Batcher::lanes() const noexcept { return static_cast<int>(state_->lanes.size()); }

Batcher::Stream::Stream(Batcher& owner, std::unique_ptr<StreamState> state) noexcept
    : owner_(owner), state_(std::move(state)) {}

Batcher::Stream::~Stream() {
  flush_start();
  std::lock_guard lock(owner_.state_->mutex);
  auto& streams = owner_.state_->streams;
  streams.erase(std::find(streams.begin(), streams.end(), state_.get()));
}

bool Batcher::Stream::submit(std::unique_ptr<Job> job) {
  State& owner = *owner_.state_;
  State::Lock lock(owner.mutex);
  StreamState& stream = *state_;
  auto ticket = std::make_unique<Ticket>();
  ticket->job = std::move(job);
  ticket->stream = &stream;
  ticket->submitted = Clock::now();
  Ticket* replaced = nullptr;
  if (stream.options.newest_wins) {
    if (stream.unfinished() >= stream.options.max_inflight) replaced = stream.next_pending();
  } else {
    stream.changed.wait(
        lock, [&] { return stream.flushing || static_cast<int>(stream.tickets.size()) < stream.options.max_inflight; });
  }
  if (stream.flushing) return false;
  if (replaced) {
    replaced->stage = Stage::done;
    replaced->outcome.fate = Fate::dropped;
  }
  stream.tickets.push_back(std::move(ticket));
  owner.work.notify_one();
  if (replaced) owner.deliver_ready(lock, stream);
  return true;
}

void Batcher::Stream::hurry() {
  State& owner = *owner_.state_;
  std::lock_guard lock(owner.mutex);
  owner.hurry(*state_);
}

void Batcher::Stream::drain() {
  hurry();
  State::Lock lock(owner_.state_->mutex);
  state_->changed.wait(lock, [&] { return state_->idle(); });
}

void Batcher::Stream::flush_start() {
  State& owner = *owner_.state_;
  State::Lock lock(owner.mutex);
  StreamState& stream = *state_;
  stream.flushing = true;
  stream.changed.notify_all();
  for (const auto& ticket : stream.tickets) {
    if (ticket->stage != Stage::pending) continue;
    ticket->stage = Stage::done;
    ticket->outcome.fate = Fate::flushed;
  }
  owner.hurry(stream);
  owner.deliver_ready(lock, stream);
  stream.changed.wait(lock, [&] { return stream.idle(); });
}

void Batcher::Stream::flush_stop() {
  std::lock_guard lock(owner_.state_->mutex);
  state_->flushing = false;
}

void Batcher::Stream::configure(const StreamOptions& options) {
  std::lock_guard lock(owner_.state_->mutex);
  state_->options = options;
  state_->options.max_inflight = std::max(1, options.max_inflight);
  state_->changed.notify_all();
  owner_.state_->work.notify_all();
}

}  // namespace vireo::infer
