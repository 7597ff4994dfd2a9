#include "engine/runtime/engine_state.h"

namespace vireo {

Stream::State::State() {
  spare.reserve(kSpare);  // the thread allocates nothing
  thread = std::thread([this] { work(); });
}

Stream::State::~State() {
  {
    const std::lock_guard lock(mutex);
    stop = true;
  }
  added.notify_all();
  thread.join();
}

void Stream::State::push(Job job) {
  {
    const std::lock_guard lock(mutex);
    queue.push_back(std::move(job));
    ++pushed;
  }
  added.notify_one();
}

void Stream::State::work() noexcept {
  std::unique_lock lock(mutex);
  for (;;) {
    added.wait(lock, [this] { return stop || !queue.empty(); });
    if (queue.empty()) return;  // stop is honoured once the queue is empty
    Job job = std::move(queue.front());
    queue.pop_front();
    if (job.event) {
      const Status status = first_error;
      lock.unlock();
      {
        const std::lock_guard event_lock(job.event->mutex);
        job.event->done = true;
        job.event->status = status;
      }
      job.event->changed.notify_all();
      job.event.reset();
      lock.lock();
    } else {
      lock.unlock();
      Status status;
      {
        const std::lock_guard running(job.active->running);
        status = job.active->runner->run(job.pointers);
      }
      job.active.reset();
      job.pointers.clear();
      job.held.clear();
      lock.lock();
      if (!status.ok() && first_error.ok()) first_error = status;
      if (spare.size() < kSpare) spare.push_back(std::move(job));
    }
    ++finished;
    progressed.notify_all();
  }
}

Stream::Stream(std::unique_ptr<State> state) noexcept : state_(std::move(state)) {}
Stream::Stream(Stream&&) noexcept = default;
Stream& Stream::operator=(Stream&&) noexcept = default;
Stream::~Stream() = default;

Status Stream::synchronize() noexcept {
  std::unique_lock lock(state_->mutex);
  // Not until the queue is empty: others may go on enqueueing.
  state_->progressed.wait(lock, [this, until = state_->pushed] { return state_->finished >= until; });
  const Status status = state_->first_error;
  state_->first_error = {};
  return status;
}

Event Stream::record() {
  auto event = std::make_shared<Event::State>();
  State::Job job;
  job.event = event;
  state_->push(std::move(job));
  return Event(std::move(event));
}

Status Event::wait() const noexcept {
  if (!state_) return {};
  std::unique_lock lock(state_->mutex);
  state_->changed.wait(lock, [this] { return state_->done; });
  return state_->status;
}

bool Event::done() const noexcept {
  if (!state_) return true;
  const std::lock_guard lock(state_->mutex);
  return state_->done;
}

}  // namespace vireo
