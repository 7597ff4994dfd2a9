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

}  // namespace

Context::Context(std::unique_ptr<State> state) : state_(std::move(state)) {}
Context::~Context() = default;

Context::State::Active& Context::State::ready() {
  if (!active) {
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
    pointers[k] = {it->second.data(), it->second.bytes()};
    held[k] = it->second;
  }
}

Status Context::State::check_bound() const noexcept {
  for (std::size_t k = 0; k < pointers.size(); ++k)
    if (!pointers[k].data && active->runner->module().bindings()[k].bytes > 0)
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

runtime::Runner::Result Context::State::Active::data_dependent_result(std::size_t k) {
  if (!runner->module().has_continuation()) return {};
  const std::lock_guard lock(running);
  return runner->data_dependent_result(k);
}

void Context::bind(std::string_view tensor, const Buffer& buffer) {
  State& s = *state_;
  if (!find(s.engine->state().plan.state().inputs, tensor) && !find(s.engine->state().plan.state().outputs, tensor))
    unknown_tensor(s, tensor);
  // Before the shapes are known only the name can be checked; enqueue checks the size again.
  if (s.active) {
    const auto& bindings = s.active->runner->module().bindings();
    for (const device::Binding& b : bindings)
      if (b.info.name == tensor && buffer.bytes() < b.bytes)
        base::fail(ErrorCode::invalid_argument, "tensor '", tensor, "' (", b.info.dims, " ", b.info.dtype, ") needs ",
                   b.bytes, " bytes, the buffer has ", buffer.bytes());
    for (std::size_t k = 0; k < bindings.size(); ++k) {
      if (bindings[k].info.name != tensor) continue;
      s.pointers[k] = {buffer.data(), buffer.bytes()};
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
  Buffer buffer = Buffer::host(found->bytes);
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
    Stream::State& queue = stream.state();
    Stream::State::Job job;
    {
      const std::lock_guard lock(queue.mutex);
      if (!queue.spare.empty()) {
        job = std::move(queue.spare.back());
        queue.spare.pop_back();
      }
    }
    job.active = s.active;
    job.pointers = s.pointers;
    job.held = s.held;
    queue.push(std::move(job));
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
    return active.runner->run(s.pointers);
  } catch (...) {
    return base::caught("run failed; the log says why");
  }
}

std::uint64_t Context::arena_bytes() { return state_->ready().runner->executor().arena_bytes(); }

std::vector<LayerTime> Context::profile() const {
  std::vector<LayerTime> times;
  if (!state_->active) return times;
  const std::lock_guard lock(state_->active->running);
  const device::Executor& executor = state_->active->runner->executor();
  const auto seconds = executor.step_seconds();
  for (std::size_t k = 0; k < seconds.size(); ++k) {
    const device::Step& step = executor.program().steps[k];
    times.push_back({step.layer, step.op, step.tactic, seconds[k], step.flops, step.bytes});
  }
  return times;
}

}  // namespace vireo
