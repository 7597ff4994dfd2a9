// Running a module: the head, the data-dependent layers, then the rest at the extents of their results.

#include <algorithm>
#include <bit>
#include <cstring>

#include "engine/api/log.h"
#include "engine/base/affinity.h"
#include "engine/base/caught.h"
#include "engine/base/memory.h"
#include "engine/base/text.h"
#include "engine/runtime/module.h"
#include "engine/runtime/ready.h"

namespace vireo::runtime {

namespace {

// Rests compiled in runs that stay ready: so many of those for single keys, as many of those for bounds, and, but for
// the last one of each, in so much memory.
constexpr std::size_t kReady = 32;
constexpr std::uint64_t kReadyBytes = std::uint64_t{256} << 20;
// Bounds of rests whose extents nothing bounds; larger extents are compiled one by one.
constexpr std::uint64_t kLeastGrown = 8, kMostGrown = std::uint64_t{1} << 24;

device::Region present(const Bound& bound) {
  if (bound.memory) return bound.region();
  return {nullptr, static_cast<std::byte*>(somewhere(bound.data)), 0};
}

}  // namespace

Runner::Runner(std::shared_ptr<const Module> module, std::shared_ptr<device::ThreadPool> pool, bool profile)
    : module_(std::move(module)), pool_(std::move(pool)), profile_(profile) {
  session_ = std::make_unique<device::Session>(module_->program(), pool_, profile);
  results_.resize(module_->bindings().size());
  const auto& head = module_->program()->bindings;
  std::vector<char> visible(head.size(), 0);
  for (const int place : module_->places_)
    if (place >= 0) visible[static_cast<std::size_t>(place)] = 1;
  for (std::size_t k = 0; k < head.size(); ++k) {
    boundary_.push_back(visible[k] ? nullptr : base::allocate_aligned(head[k].bytes));
    regions_.push_back({nullptr, boundary_.back().get(), 0});
  }
  if (!module_->has_continuation()) return;
  const Module::Continuation& continuation = *module_->continuation_;
  for (const DataDependentLayer& layer : continuation.layers) layers_.emplace_back(layer, profile);
  for (const OpenLayer& layer : continuation.open) open_.emplace_back(layer, pool_, profile);
  if (continuation.program) rest_ = std::make_unique<RestRunner>(*continuation.program, pool_, profile);
}

void Runner::observe(const device::Observer& observer) {
  observer_ = observer;
  session_->observe(observer);
}

Status Runner::run(std::span<const Bound> bindings) noexcept {
  const base::OnCore on(pool_->first_core());
  let_go();
  for (std::size_t k = 0; k < bindings.size(); ++k)
    if (const int place = module_->places_[k]; place >= 0)
      regions_[static_cast<std::size_t>(place)] = present(bindings[k]);
  const Status status = session_->run(regions_);
  if (!status.ok() || !module_->has_continuation()) return status;
  try {
    return run_continuation(bindings);
  } catch (...) {
    return base::caught("the layers whose shapes depend on data failed; the log says why");
  }
}

void Runner::enqueue(device::Queue& queue, std::span<const Bound> bindings) {
  for (std::size_t k = 0; k < bindings.size(); ++k)
    regions_[static_cast<std::size_t>(module_->places_[k])] = present(bindings[k]);
  session_->enqueue(queue, regions_);
}

void Runner::let_go() {
  for (Result& result : results_) {
    result.data.reset();
    result.dims.clear();
    result.bytes = 0;
  }
  for (LayerRun& layer : layers_) layer.let_go();
  for (OpenRun& layer : open_) layer.let_go();
  if (rest_) rest_->let_go();
  for (const std::unique_ptr<Grown>& grown : grown_)
    if (grown->runner) grown->runner->let_go();
}

/// The rest and the layers before it run on the host: what they read of the head comes to where the host sees it.
Status Runner::bring_to_host() {
  const Module::Continuation& continuation = *module_->continuation_;
  std::unique_ptr<device::Queue> queue;
  const auto bring = [&](int binding) {
    if (binding < 0) return;
    const auto k = static_cast<std::size_t>(binding);
    device::Region& region = regions_[k];
    const std::size_t bytes = module_->program()->bindings[k].bytes;
    if (region.host || !region.memory || bytes == 0) return;
    if (!boundary_[k]) boundary_[k] = base::allocate_aligned(bytes);
    if (!queue) queue = region.memory->device()->create_queue();
    queue->copy({nullptr, boundary_[k].get(), 0}, region, bytes);
    region.host = boundary_[k].get();
  };
  for (const LayerRun& run : layers_)
    for (const int source : run.layer().sources) bring(source);
  for (const OpenRun& run : open_)
    for (const int source : run.layer().sources) bring(source);
  for (const Module::ContinuationInput& input : continuation.inputs) bring(input.head_binding);
  return queue ? queue->synchronize() : Status{};
}

Status Runner::run_continuation(std::span<const Bound> bindings) {
  if (const Status status = bring_to_host(); !status.ok()) return status;
  if (const Status status = run_layers(); !status.ok()) return status;
  last_rest_ = nullptr;
  if (!run_program() && !run_grown())
    if (const Status status = run_rest(); !status.ok()) return status;
  return copy_results(bindings);
}

Status Runner::run_layers() {
  const auto give = [&](auto& run) {
    const std::vector<int>& sources = run.layer().sources;
    for (std::size_t k = 0; k < sources.size(); ++k)
      if (sources[k] >= 0) run.input(k, regions_[static_cast<std::size_t>(sources[k])].host);
  };
  for (LayerRun& run : layers_) {
    give(run);
    run.run();
  }
  for (OpenRun& run : open_) {
    give(run);
    if (const Status status = run.run(); !status.ok()) return status;
  }
  return {};
}

const OpenResult& Runner::result_of(const Module::ContinuationInput& input) const {
  return open_[static_cast<std::size_t>(input.open_layer)].result(static_cast<std::size_t>(input.open_output));
}

bool Runner::run_program() { return rest_ && run_program(*rest_, {}); }

/// A rest whose extents nothing bounds, up to the powers of two above those that have come.
bool Runner::run_grown() {
  const Module::Continuation& continuation = *module_->continuation_;
  last_grown_ = nullptr;
  if (!continuation.grows) return false;
  grown_bounds_ = continuation.bounds;
  for (std::size_t k = 0; k < continuation.inputs.size(); ++k) {
    if (continuation.inputs[k].open_layer < 0) continue;
    const std::vector<int>& axes = continuation.known[k].axes;
    for (std::size_t i = 0; i < axes.size(); ++i) {
      if (!axes[i]) continue;
      const auto extent = static_cast<std::uint64_t>(result_of(continuation.inputs[k]).dims[i]);
      if (extent > kMostGrown) return false;
      grown_bounds_[static_cast<std::size_t>(axes[i])] =
          static_cast<std::int64_t>(std::max(kLeastGrown, std::bit_ceil(extent)));
    }
  }
  auto found = std::ranges::find_if(grown_, [&](const auto& grown) { return grown->bounds == grown_bounds_; });
  if (found == grown_.end()) {
    std::shared_ptr<const RestProgram> program = module_->program_for(grown_bounds_);
    make_room(grown_, kReady, 0, kReadyBytes);
    auto grown = std::make_unique<Grown>();
    grown->bounds = grown_bounds_;
    grown->room.resize(continuation.inputs.size());
    if (program) grown->runner = std::make_unique<RestRunner>(*program, pool_, profile_);
    grown->program = std::move(program);
    grown_.push_back(std::move(grown));
    found = grown_.end() - 1;
  }
  (*found)->last_use = ++uses_;
  if (!(*found)->runner || !run_program(*(*found)->runner, (*found)->room)) return false;
  last_grown_ = found->get();
  return true;
}

/// `room`: where what an open layer gave is put that gets copies of its entries behind it; none: nothing does.
bool Runner::run_program(RestRunner& rest, std::span<Recycled> room) {
  const Module::Continuation& continuation = *module_->continuation_;
  for (std::size_t k = 0; k < continuation.inputs.size(); ++k) {
    const Module::ContinuationInput& input = continuation.inputs[k];
    if (input.open_layer >= 0) {
      const OpenResult& result = result_of(input);
      std::shared_ptr<std::byte> data = result.data;
      if (!room.empty() && continuation.known[k].varies()) {
        data = room[k].take(std::max(rest.input_bytes(k), result.bytes));
        if (result.bytes) std::memcpy(data.get(), result.data.get(), result.bytes);
      }
      std::byte* const place = data.get();
      rest.input(k, place, data);
      rest.extents_from(k, result.dims);
      continue;
    }
    if (input.data_dependent_layer < 0) {
      rest.input(k, regions_[static_cast<std::size_t>(input.head_binding)].host, nullptr);
      continue;
    }
    const LayerRun& layer = layers_[static_cast<std::size_t>(input.data_dependent_layer)];
    rest.input(k, layer.data().get(), layer.data());
    rest.extents_from(k, layer.dims());
  }
  if (!rest.run()) return false;
  for (std::size_t k = 0; k < results_.size(); ++k) {
    if (module_->places_[k] >= 0) continue;
    RestRunner::Tensor output = rest.output(static_cast<std::size_t>(-1 - module_->places_[k]));
    set_result(k, *output.dims, std::move(output.data), output.bytes);
  }
  return true;
}

Status Runner::run_rest() {
  const Module::Continuation& continuation = *module_->continuation_;
  key_.extents.clear();
  key_.values.clear();
  for (const Module::ContinuationInput& input : continuation.inputs) {
    if (input.data_dependent_layer >= 0) {
      const Dims& dims = layers_[static_cast<std::size_t>(input.data_dependent_layer)].dims();
      key_.extents.insert(key_.extents.end(), dims.begin(), dims.end());
    } else if (input.open_layer >= 0) {
      const Dims& dims = result_of(input).dims;
      key_.extents.push_back(static_cast<std::int64_t>(dims.size()));
      key_.extents.insert(key_.extents.end(), dims.begin(), dims.end());
    } else if (input.by_value) {
      const auto source = static_cast<std::size_t>(input.head_binding);
      key_.values.append(reinterpret_cast<const char*>(regions_[source].host),
                         module_->program()->bindings[source].bytes);
    }
  }
  Rest& rest = rest_for(module_->continuation_for(key_));
  for (std::size_t k = 0; k < continuation.inputs.size(); ++k) {
    const Module::ContinuationInput& input = continuation.inputs[k];
    if (input.data_dependent_layer >= 0) {
      const LayerRun& layer = layers_[static_cast<std::size_t>(input.data_dependent_layer)];
      rest.bound[k] = {layer.data().get(), layer.bytes()};
    } else if (input.open_layer >= 0) {
      rest.bound[k] = {result_of(input).data.get(), result_of(input).bytes};
    } else {
      const auto source = static_cast<std::size_t>(input.head_binding);
      rest.bound[k] = {regions_[source].host, module_->program()->bindings[source].bytes};
    }
  }
  // What the rest knows the shape of gets memory here; what depends on data there too stays unbound, and is asked for.
  const std::size_t first_output = continuation.inputs.size();
  const auto& bindings = rest.module->bindings();
  for (std::size_t k = first_output; k < bindings.size(); ++k) {
    std::shared_ptr<std::byte>& made = rest.made[k - first_output];
    if (is_static(bindings[k].info.dims)) made = rest.outputs[k - first_output].take(bindings[k].bytes);
    rest.bound[k] = {made.get(), bindings[k].bytes};
  }
  last_rest_ = &rest;
  const Status status = rest.runner->run(rest.bound);
  for (std::size_t k = 0; status.ok() && k < results_.size(); ++k) {
    if (module_->places_[k] >= 0) continue;
    const auto output = static_cast<std::size_t>(-1 - module_->places_[k]);
    const Result& late = rest.runner->data_dependent_result(first_output + output);
    const device::Binding& binding = bindings[first_output + output];
    if (late.data) set_result(k, late.dims, late.data, late.bytes);
    else set_result(k, binding.info.dims, rest.made[output], binding.bytes);
  }
  for (std::shared_ptr<std::byte>& made : rest.made) made.reset();
  rest.runner->let_go();
  return status;
}

Runner::Rest& Runner::rest_for(const std::shared_ptr<const Module>& module) {
  for (const std::unique_ptr<Rest>& rest : rests_)
    if (rest->module == module) {
      rest->last_use = ++uses_;
      return *rest;
    }
  std::uint64_t bytes = 0;
  for (const auto& segment : module->program()->segments) bytes += segment->arena_bytes;
  make_room(rests_, kReady, bytes, kReadyBytes);
  auto rest = std::make_unique<Rest>();
  rest->module = module;
  rest->runner = std::make_unique<Runner>(module, pool_, profile_);
  if (observer_) rest->runner->observe(observer_);
  rest->bound.resize(module->bindings().size());
  rest->outputs.resize(rest->bound.size() - module_->continuation_->inputs.size());
  rest->made.resize(rest->outputs.size());
  rest->last_use = ++uses_;
  rests_.push_back(std::move(rest));
  return *rests_.back();
}

std::uint64_t Runner::memory_bytes() const {
  std::uint64_t bytes = session_->arena_bytes() + (rest_ ? rest_->arena_bytes() : 0);
  for (const std::unique_ptr<Rest>& rest : rests_) bytes += rest->runner->memory_bytes();
  for (const OpenRun& layer : open_) bytes += layer.memory_bytes();
  for (const std::unique_ptr<Grown>& grown : grown_)
    if (grown->runner) bytes += grown->runner->arena_bytes();
  return bytes;
}

void Runner::set_result(std::size_t k, const Dims& dims, std::shared_ptr<std::byte> data, std::size_t bytes) {
  Result& result = results_[k];
  result.dims = dims;  // into the memory that it has
  result.data = std::move(data);
  result.bytes = bytes;
}

Status Runner::copy_results(std::span<const Bound> bindings) const {
  Status status;
  for (std::size_t k = 0; k < results_.size(); ++k) {
    const Result& result = results_[k];
    if (!result.data || !bindings[k].data) continue;
    if (bindings[k].bytes >= result.bytes) {
      if (result.bytes) std::memcpy(bindings[k].data, result.data.get(), result.bytes);
      continue;
    }
    log(LogLevel::error, base::str("output '", module_->bindings()[k].info.name, "' came out as ", result.dims, ", ",
                                   result.bytes, " bytes; the bound buffer has ", bindings[k].bytes));
    status = {ErrorCode::invalid_argument, "an output that depends on data is larger than its bound buffer"};
  }
  return status;
}

std::vector<LayerTime> Runner::times() const {
  std::vector<LayerTime> rows;
  if (!profile_) return rows;
  session_->times(rows);
  for (const LayerRun& layer : layers_) rows.push_back(layer.time());
  for (const OpenRun& layer : open_) rows.push_back(layer.time());
  if (last_rest_) {
    const std::vector<LayerTime> rest = last_rest_->runner->times();
    rows.insert(rows.end(), rest.begin(), rest.end());
  } else if (last_grown_) {
    last_grown_->runner->times(rows);
  } else if (rest_) {
    rest_->times(rows);
  }
  return rows;
}

}  // namespace vireo::runtime
