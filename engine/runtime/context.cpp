#include <algorithm>

#include "engine/base/caught.h"
#include "engine/base/text.h"
#include "engine/runtime/engine_state.h"

namespace vireo {
namespace {

const TensorInfo* find(const std::vector<TensorInfo>& list, std::string_view name) {
  for (const TensorInfo& t : list)
    if (t.name == name) return &t;
  return nullptr;
}

[[noreturn]] void unknown_tensor(const Context::State& s, std::string_view name) {
  std::string names;
  for (const TensorInfo& t : s.engine->inputs()) names += " '" + t.name + "'";
  names += "; outputs:";
  for (const TensorInfo& t : s.engine->outputs()) names += " '" + t.name + "'";
  base::fail(ErrorCode::not_found, "the engine has no tensor '", name, "'; inputs:", names);
}

bool within(const Dims& dims, const ShapeRange& range) {
  for (std::size_t d = 0; d < dims.size(); ++d)
    if (dims[d] < range.min[d] || dims[d] > range.max[d]) return false;
  return true;
}

/// A plan with profiles takes no other shapes: what it promised (memory, tactics) holds within them.
void check_ranges(const Plan::State& plan, std::string_view input, const Dims& dims) {
  std::string ranges;
  for (const Profile& profile : plan.profiles)
    for (const ShapeRange& range : profile) {
      if (range.input != input) continue;
      if (within(dims, range)) return;
      ranges += base::str(ranges.empty() ? "" : ", or ", range.min, " to ", range.max);
    }
  if (!ranges.empty())
    base::fail(ErrorCode::invalid_argument, "input '", input, "' takes ", ranges, " (the plan's profiles), not ", dims);
}

/// Several inputs must be within the ranges of the same profile.
void check_profiles(const Plan::State& plan, const runtime::Shapes& shapes) {
  if (plan.profiles.size() < 2) return;
  const auto fits = [&](const Profile& profile) {
    return std::ranges::all_of(profile, [&](const ShapeRange& range) {
      const auto it = shapes.find(range.input);
      return it == shapes.end() || within(it->second, range);
    });
  };
  if (std::ranges::any_of(plan.profiles, fits)) return;
  std::string text;
  for (const auto& [input, dims] : shapes) text += base::str(text.empty() ? "" : ", ", "'", input, "' ", dims);
  base::fail(ErrorCode::invalid_argument, "no profile of the plan takes these shapes together: ", text);
}

}  // namespace

Context::Context(std::unique_ptr<State> state) : state_(std::move(state)) {}
Context::~Context() = default;

Context::State::Active& Context::State::ready() {
  if (!active) {
    check_profiles(engine->state().plan.state(), shapes);
    auto fresh = std::make_shared<Active>();
    fresh->runner = std::make_unique<runtime::Runner>(engine->state().module_for(shapes, pool->size()), pool, profile);
    active = std::move(fresh);
    collect_pointers();
  }
  return *active;
}

void Context::State::collect_pointers() {
  const auto& bindings = active->runner->module().bindings();
  pointers.assign(bindings.size(), {});
  held.assign(bindings.size(), {});
  for (std::size_t k = 0; k < bindings.size(); ++k) {
    const auto it = buffers.find(bindings[k].info.name);
    if (it == buffers.end() || it->second.bytes() < bindings[k].bytes) continue;
    pointers[k] = {it->second.data(), it->second.bytes(), it->second.memory().get()};
    held[k] = it->second;
  }
}

Status Context::State::check_bound() const noexcept {
  for (std::size_t k = 0; k < pointers.size(); ++k)
    if (!pointers[k].data && !pointers[k].memory && active->runner->module().bindings()[k].bytes > 0)
      return {ErrorCode::invalid_argument,
              "an input or output has no buffer (or one too small for the current shapes)"};
  return {};
}

void Context::set_shape(std::string_view input, const Dims& dims) {
  State& s = *state_;
  const TensorInfo* info = find(s.engine->state().plan.state().inputs, input);
  if (!info) unknown_tensor(s, input);
  bool fits = dims.size() == info->dims.size() && is_static(dims);
  for (std::size_t d = 0; fits && d < dims.size(); ++d) fits = info->dims[d] == kUnknown || info->dims[d] == dims[d];
  if (!fits) base::fail(ErrorCode::invalid_argument, "input '", input, "' takes ", info->dims, ", not ", dims);
  check_ranges(s.engine->state().plan.state(), input, dims);
  const auto it = s.shapes.find(info->name);
  if (it != s.shapes.end() && it->second == dims) return;
  if (it == s.shapes.end() && info->dims == dims) return;
  s.shapes[info->name] = dims;
  s.active.reset();
}

Dims Context::shape(std::string_view tensor) {
  State::Active& active = state_->ready();
  const auto& bindings = active.runner->module().bindings();
  for (std::size_t k = 0; k < bindings.size(); ++k)
    if (bindings[k].info.name == tensor) {
      const runtime::Runner::Result late = active.data_dependent_result(k);
      return late.data ? late.dims : bindings[k].info.dims;
    }
  unknown_tensor(*state_, tensor);
}

void Context::State::Active::wait() const noexcept {
  if (event) (void)event->wait();
}

Context::State::~State() {
  for (const InFlight& run : in_flight) (void)run.event->wait();
}

Status Context::State::Job::run() noexcept {
  Status status;
  {
    const std::lock_guard lock(active->running);
    status = active->runner->run(pointers);
  }
  active.reset();
  pointers.clear();
  held.clear();
  busy.store(false, std::memory_order_release);
  return status;
}

std::shared_ptr<Context::State::Job> Context::State::next_job() {
  for (const std::shared_ptr<Job>& job : jobs)
    if (!job->busy.load(std::memory_order_acquire)) {
      job->busy.store(true, std::memory_order_relaxed);
      return job;
    }
  jobs.push_back(std::make_shared<Job>());
  jobs.back()->busy.store(true, std::memory_order_relaxed);
  return jobs.back();
}

runtime::Runner::Result Context::State::Active::data_dependent_result(std::size_t k) {
  if (!runner->module().has_continuation()) return {};
  const std::lock_guard lock(running);
  return runner->data_dependent_result(k);
}

void Context::bind(std::string_view tensor, const Buffer& buffer) {
  State& s = *state_;
  if (!find(s.engine->state().plan.state().inputs, tensor) && !find(s.engine->state().plan.state().outputs, tensor))
    unknown_tensor(s, tensor);
  if (!buffer.data() && buffer.memory() && buffer.memory()->device() != s.engine->state().device)
    base::fail(ErrorCode::invalid_argument, "tensor '", tensor, "': the buffer is memory of device '",
               buffer.memory()->device()->target().name, "', which device '", s.engine->state().device->target().name,
               "', where the engine runs, does not see; accepted: its own memory, and the host's");
  // Before the shapes are known only the name can be checked; enqueue checks the size again.
  if (s.active) {
    const auto& bindings = s.active->runner->module().bindings();
    for (const device::Binding& b : bindings)
      if (b.info.name == tensor && buffer.bytes() < b.bytes)
        base::fail(ErrorCode::invalid_argument, "tensor '", tensor, "' (", b.info.dims, " ", b.info.dtype, ") needs ",
                   b.bytes, " bytes, the buffer has ", buffer.bytes());
    for (std::size_t k = 0; k < bindings.size(); ++k) {
      if (bindings[k].info.name != tensor) continue;
      s.pointers[k] = {buffer.data(), buffer.bytes(), buffer.memory().get()};
      s.held[k] = buffer;
    }
  }
  s.buffers.insert_or_assign(std::string(tensor), buffer);
}

Buffer Context::allocate(std::string_view tensor) {
  const auto& bindings = state_->ready().runner->module().bindings();
  const auto named = [&](const device::Binding& b) { return b.info.name == tensor; };
  const auto found = std::find_if(bindings.begin(), bindings.end(), named);
  if (found == bindings.end()) unknown_tensor(*state_, tensor);
  if (!is_static(found->info.dims))
    base::fail(ErrorCode::invalid_argument, "the size of output '", tensor, "' (", found->info.dims,
               ") depends on data; leave it unbound and ask result() behind the run");
  // Whoever allocates an output that is an input wants what the input holds, not a new buffer in its place.
  const Buffer& held = state_->held[static_cast<std::size_t>(found - bindings.begin())];
  if (held && std::count_if(bindings.begin(), bindings.end(), named) > 1) return held;
  const device::Target& target = state_->engine->state().device->target();
  Buffer buffer =
      target.is_cpu() ? Buffer::host(found->bytes) : Buffer::on({target.name}, MemoryKind::pinned, found->bytes);
  bind(tensor, buffer);
  return buffer;
}

Buffer Context::result(std::string_view tensor) {
  State& s = *state_;
  State::Active& active = s.ready();
  const auto& bindings = active.runner->module().bindings();
  for (std::size_t k = 0; k < bindings.size(); ++k) {
    if (bindings[k].info.name != tensor) continue;
    const runtime::Runner::Result late = active.data_dependent_result(k);
    if (late.data) return Buffer::share(late.data, late.bytes);
    if (s.held[k]) return s.held[k];
    base::fail(ErrorCode::invalid_argument, "tensor '", tensor,
               "' has no result: nothing has run, or nothing is bound");
  }
  unknown_tensor(s, tensor);
}

Status Context::enqueue(Stream& stream) noexcept {
  try {
    State& s = *state_;
    s.ready();
    if (const Status bound = s.check_bound(); !bound.ok()) return bound;
    device::Queue& queue = *stream.state().queue;
    if (!s.active->runner->has_queues()) {
      std::shared_ptr<State::Job> job = s.next_job();
      job->active = s.active;
      job->held = s.held;
      job->pointers = s.pointers;
      queue.run(std::move(job));
      return {};
    }
    const std::lock_guard lock(s.active->running);
    if (s.active->queue != &queue) s.active->wait();  // two queues must not run it at a time
    s.active->runner->enqueue(queue, s.pointers);
    s.active->event = queue.record();
    s.active->queue = &queue;
    while (!s.in_flight.empty() && s.in_flight.front().event->done()) s.in_flight.pop_front();
    s.in_flight.push_back({s.active->event, s.active, s.held});
    return {};
  } catch (...) {
    return base::caught("enqueue failed; the log says why");
  }
}

Status Context::run() noexcept {
  try {
    State& s = *state_;
    State::Active& active = s.ready();
    if (const Status bound = s.check_bound(); !bound.ok()) return bound;
    const std::lock_guard lock(active.running);
    active.wait();
    return active.runner->run(s.pointers);
  } catch (...) {
    return base::caught("run failed; the log says why");
  }
}

std::uint64_t Context::arena_bytes() { return state_->ready().runner->session().arena_bytes(); }

std::vector<LayerTime> Context::profile() const {
  if (!state_->active) return {};
  const std::lock_guard lock(state_->active->running);
  state_->active->wait();
  return state_->active->runner->times();
}

}  // namespace vireo
