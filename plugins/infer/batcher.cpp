#include "plugins/infer/batcher.h"

#include "plugins/infer/batcher_state.h"

namespace vireo::infer {
namespace {

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

/// The next frame and its place, or null when there is no frame or no room. A lane's thread opens its own lane.
Ticket* Batcher::State::take(int& lane_index, int& slot, int own) {
  if (filling < 0 && std::none_of(lanes.begin(), lanes.end(),
                                  [](const BatchLane& lane) { return lane.phase == BatchLane::Phase::free; })) {
    return nullptr;
  }
  for (std::size_t tried = 0; tried < streams.size(); ++tried) {
    turn = (turn + 1) % streams.size();
    StreamState& stream = *streams[turn];
    Ticket* ticket = stream.next_to_take();
    if (!ticket) continue;
    if (filling < 0) {
      filling = std::max(0, own);
      if (lanes[filling].phase != BatchLane::Phase::free) filling = 0;
      while (lanes[filling].phase != BatchLane::Phase::free) ++filling;
      lanes[filling].phase = BatchLane::Phase::filling;
      lanes[filling].prepared = 0;
      lanes[filling].deadline = Clock::time_point::max();
    }
    BatchLane& lane = lanes[filling];
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
  BatchLane& lane = lanes[filling];
  const bool full = static_cast<int>(lane.tickets.size()) >= backend.max_batch();
  if (!full && running + static_cast<int>(closed.size()) >= backend.concurrency()) return;
  // Where nobody prepares while all lanes run, what came meanwhile is taken first.
  const auto waits = [](const StreamState* stream) { return stream->next_to_take() != nullptr; };
  if (!full && backend.computes_in_caller() && std::ranges::any_of(streams, waits)) return;
  if (!full && now < lane.deadline && more_expected(now, lane.deadline)) return;
  lane.phase = BatchLane::Phase::closed;
  closed.push_back(filling);
  filling = -1;
  tell_workers();
}

bool Batcher::State::more_expected(Clock::time_point now, Clock::time_point deadline) const {
  return std::any_of(streams.begin(), streams.end(),
                     [&](const StreamState* stream) { return stream->may_bring(now, deadline); });
}

/// Ends a frame that waits. The lock is not held while its job is released.
void Batcher::State::end(Lock& lock, StreamState& stream, Ticket& ticket, Fate fate) {
  ticket.stage = Stage::ending;
  ticket.outcome.fate = fate;
  lock.unlock();
  ticket.job->release();
  lock.lock();
  ticket.stage = Stage::done;
  deliver_ready(lock, stream);
}

/// Lets the threads of closed lanes run them. True: the calling thread's own lane is one of them.
bool Batcher::State::launch(Clock::time_point now, int own) {
  bool here = false;
  while (!closed.empty() && running < backend.concurrency()) {
    const int index = closed.front();
    BatchLane& lane = lanes[index];
    if (lane.prepared < static_cast<int>(lane.tickets.size())) break;
    closed.pop_front();
    lane.phase = BatchLane::Phase::running;
    if (running++ == 0) busy_since = now;
    if (index == own) {
      here = true;
      continue;
    }
    lane.called = true;
    lane.wake.notify_one();
  }
  return here;
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
    BatchLane& lane = lanes[filling];
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
    lock.unlock();
    stream.changed.notify_all();  // `delivering` keeps the stream; who wakes finds the lock free
    stream.deliver(std::move(ticket->job), ticket->outcome);
    lock.lock();
  }
  stream.delivering = false;
  stream.changed.notify_all();
}

void Batcher::State::worker_loop(int worker) {
  Lock lock(mutex);
  while (!stop) {
    const bool prepared = prepare_next(lock, worker);
    advance();
    if (prepared) continue;
    if (filling >= 0 && lanes[filling].deadline > Clock::now()) {
      // A stream that stops is noticed before the deadline.
      work.wait_until(lock, std::min(lanes[filling].deadline, Clock::now() + Cadence::kLeastPatience));
    } else {
      work.wait(lock);
    }
  }
}

/// False: there is no frame, or no room.
bool Batcher::State::prepare_next(Lock& lock, int worker, int own) {
  int index = 0, slot = 0;
  Ticket* ticket = take(index, slot, own);
  if (!ticket) return false;
  close_if_due(Clock::now());
  lock.unlock();
  guarded(*ticket, [&] { ticket->job->prepare({&backend, index, slot}, worker); });
  lock.lock();
  ++lanes[index].prepared;
  return true;
}

void Batcher::State::run_lane(Lock& lock, int index) {
  BatchLane& lane = lanes[index];
  const int count = static_cast<int>(lane.tickets.size());
  const bool wanted = std::any_of(lane.tickets.begin(), lane.tickets.end(), [](const Ticket* ticket) {
    return ticket->outcome.fate != Fate::failed && !ticket->cancelled;
  });
  const bool beside = awake > 1 || std::ranges::any_of(lanes, [&](const BatchLane& other) {
                        return &other != &lane && other.phase != BatchLane::Phase::free;
                      });
  lock.unlock();
  Status status;
  if (wanted) status = beside ? backend.run_beside(index, count) : backend.run(index, count);
  lock.lock();
  if (--running == 0) stats.busy += Clock::now() - busy_since;
  ++stats.batches;
  stats.images += static_cast<std::uint64_t>(count);
  advance();  // the next lane starts before this one's outputs are decoded
  lock.unlock();
  for (int i = 0; i < count; ++i) {
    Ticket& ticket = *lane.tickets[i];
    ticket.outcome.batch = count;
    if (ticket.outcome.fate == Fate::failed || ticket.cancelled) continue;
    if (!status.ok()) {
      ticket.fail(status.code(), status.message());
      continue;
    }
    guarded(ticket, [&] { ticket.job->decode(backend.outputs(index, i, count), index); });
  }
  lock.lock();
  std::vector<std::pair<StreamState*, int>> touched;  // and how many frames of each
  for (Ticket* ticket : lane.tickets) {
    ticket->stage = Stage::done;
    if (ticket->cancelled) ticket->outcome.fate = Fate::flushed;
    const auto known = std::ranges::find(touched, ticket->stream, [](const auto& entry) { return entry.first; });
    if (known != touched.end()) {
      ++known->second;
      continue;
    }
    touched.emplace_back(ticket->stream, 1);
    ++ticket->stream->holds;  // it must not go away while another stream's results are delivered
  }
  lane.tickets.clear();
  lane.phase = BatchLane::Phase::free;
  tell_workers();
  for (const auto& [stream, frames] : touched) {
    deliver_ready(lock, *stream);
    // Only now may the stream's next frame be taken: who is given a result may have reason to pause it.
    stream->taken -= frames;
    --stream->holds;
    stream->changed.notify_all();
    tell_workers();
  }
}

/// What the thread of a lane that has run does next, where that is its own to do: prepares a frame, or runs its lane.
/// False: there is nothing to do.
bool Batcher::State::go_on(Lock& lock, int index) {
  if (!backend.computes_in_caller()) return false;
  const auto now = Clock::now();
  close_if_due(now);
  if (launch(now, index)) {
    run_lane(lock, index);
    return true;
  }
  if (prepare_next(lock, static_cast<int>(workers.size()) + index, index)) return true;
  if (filling >= 0) work.notify_one();  // somebody is to look after its deadline
  return false;
}

void Batcher::State::lane_loop(int index) {
  Lock lock(mutex);
  BatchLane& lane = lanes[index];
  for (;;) {
    lane.wake.wait(lock, [&] { return stop || lane.called; });
    if (!lane.called) return;
    lane.called = false;
    ++awake;
    run_lane(lock, index);
    while (go_on(lock, index)) continue;
    --awake;
  }
}

void Batcher::State::cancel(Lock& lock, StreamState& stream) {
  stream.flushing = true;
  stream.changed.notify_all();
  for (const auto& ticket : stream.tickets) ticket->cancelled = ticket->stage == Stage::taken;
  while (Ticket* waiting = stream.next_pending()) end(lock, stream, *waiting, Fate::flushed);
  hurry(stream);
  deliver_ready(lock, stream);
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
    for (BatchLane& lane : state_->lanes) lane.wake.notify_all();
  }
  for (std::thread& worker : state_->workers) worker.join();
  for (BatchLane& lane : state_->lanes) lane.thread.join();
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

int Batcher::workers() const noexcept {
  return static_cast<int>(state_->workers.size()) + (state_->backend.computes_in_caller() ? lanes() : 0);
}
int Batcher::lanes() const noexcept { return static_cast<int>(state_->lanes.size()); }

}  // namespace vireo::infer
