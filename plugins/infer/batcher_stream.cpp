// What a stream asks of the batcher; see batcher.h.

#include "plugins/infer/batcher_state.h"

namespace vireo::infer {

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
  stream.cadence.note(ticket->submitted);
  stream.tickets.push_back(std::move(ticket));
  if (!owner.all_awake()) owner.work.notify_one();
  if (replaced) owner.end(lock, stream, *replaced, Fate::dropped);
  return true;
}

void Batcher::Stream::pause(bool paused) {
  State& owner = *owner_.state_;
  std::lock_guard lock(owner.mutex);
  if (state_->paused == paused) return;
  state_->paused = paused;
  owner.work.notify_all();  // there is more to take, or less to wait for
}

bool Batcher::Stream::drop_waiting() {
  State& owner = *owner_.state_;
  State::Lock lock(owner.mutex);
  Ticket* waiting = state_->next_pending();
  if (!waiting) return false;
  owner.end(lock, *state_, *waiting, Fate::dropped);
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

void Batcher::Stream::cancel() {
  State::Lock lock(owner_.state_->mutex);
  owner_.state_->cancel(lock, *state_);
}

void Batcher::Stream::flush_start() {
  State::Lock lock(owner_.state_->mutex);
  owner_.state_->cancel(lock, *state_);
  state_->changed.wait(lock, [&] { return state_->idle(); });
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
