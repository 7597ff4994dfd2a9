#include "engine/runtime/engine_state.h"

namespace vireo {

Stream::Stream(std::unique_ptr<State> state) noexcept : state_(std::move(state)) {}
Stream::Stream(Stream&&) noexcept = default;
Stream& Stream::operator=(Stream&&) noexcept = default;
Stream::~Stream() = default;

Status Stream::synchronize() noexcept { return state_->queue->synchronize(); }

Event Stream::record() { return Event(std::make_shared<Event::State>(Event::State{state_->queue->record()})); }

void Stream::trace() { state_->queue->trace(); }

std::vector<StreamWork> Stream::traced() { return state_->queue->traced(); }

Status Event::wait() const noexcept { return state_ ? state_->event->wait() : Status{}; }

bool Event::done() const noexcept { return !state_ || state_->event->done(); }

}  // namespace vireo
