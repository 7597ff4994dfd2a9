#include <algorithm>
#include <cstring>

#include "engine/base/memory.h"
#include "engine/runtime/rest_program.h"

namespace vireo::runtime {
namespace {

std::size_t index(int id) { return static_cast<std::size_t>(id); }

device::Region on_host(void* data) { return {nullptr, static_cast<std::byte*>(somewhere(data)), 0}; }

std::size_t bytes_from(std::span<const std::int64_t> dims, std::size_t size) {
  for (const std::int64_t extent : dims) size *= static_cast<std::size_t>(extent);
  return size;
}

/// `src` with extents `from` becomes `dst` with extents `to`, none smaller: copies of true entries fill up each axis,
/// of the same ones in all tensors. In place where only the first extent that isn't 1 grows.
void spread(std::byte* dst, const std::byte* src, std::span<const std::int64_t> to, std::span<const std::int64_t> from,
            std::size_t size) {
  if (std::equal(to.begin(), to.end(), from.begin())) {
    if (const std::size_t bytes = bytes_from(to, size); bytes && dst != src) std::memcpy(dst, src, bytes);
    return;
  }
  const std::size_t step = bytes_from(to.subspan(1), size), src_step = bytes_from(from.subspan(1), size);
  const auto count = static_cast<std::size_t>(from[0]), capacity = static_cast<std::size_t>(to[0]);
  if (std::equal(to.begin() + 1, to.end(), from.begin() + 1)) {
    if (dst != src && step) std::memcpy(dst, src, count * step);
  } else {
    for (std::size_t i = 0; i < count; ++i)
      spread(dst + i * step, src + i * src_step, to.subspan(1), from.subspan(1), size);
  }
  for (std::size_t done = count; done < capacity && step;) {
    const std::size_t more = std::min(done, capacity - done);
    std::memcpy(dst + done * step, dst, more * step);
    done += more;
  }
}

/// The other way, in place: entries move towards the front.
void cut(std::byte* dst, const std::byte* src, std::span<const std::int64_t> to, std::span<const std::int64_t> from,
         std::size_t size) {
  if (std::equal(to.begin(), to.end(), from.begin())) {
    if (const std::size_t bytes = bytes_from(to, size); bytes && dst != src) std::memmove(dst, src, bytes);
    return;
  }
  const std::size_t step = bytes_from(to.subspan(1), size), src_step = bytes_from(from.subspan(1), size);
  const auto count = static_cast<std::size_t>(to[0]);
  if (std::equal(to.begin() + 1, to.end(), from.begin() + 1)) {
    if (dst != src && step) std::memmove(dst, src, count * step);
    return;
  }
  for (std::size_t i = 0; i < count; ++i) cut(dst + i * step, src + i * src_step, to.subspan(1), from.subspan(1), size);
}

}  // namespace

RestRunner::RestRunner(const RestProgram& program, const std::shared_ptr<device::ThreadPool>& pool, bool profile)
    : program_(program), profile_(profile) {
  extents_.assign(program.number_count(), 0);
  live_.resize(program.slots().size());
  for (std::size_t k = 0; k < live_.size(); ++k) {
    const Slot& slot = program.slots()[k];
    live_[k].dims = slot.dims;
    const bool of_layer = std::any_of(program.layers().begin(), program.layers().end(),
                                      [&](const RestProgram::Layer& l) { return index(l.slot) == k; });
    if (slot.input >= 0 || slot.loose || of_layer) continue;
    if (slot.kept) (void)live_[k].memory.take(slot.most_bytes);  // the first run finds it
    else live_[k].own = base::allocate_aligned(slot.most_bytes);
  }
  for (const RestProgram::Layer& layer : program.layers()) layers_.emplace_back(layer.layer, profile);
  for (const RestProgram::Open& open : program.open()) open_.emplace_back(open.layer, pool, profile);
  for (const RestProgram::Part& part : program.parts()) {
    Running& running = running_.emplace_back();
    for (const RestProgram::Level& level : part.levels)
      running.levels.push_back(std::make_unique<device::Session>(level.program, pool, profile));
    running.regions.resize(part.inputs.size() + part.outputs.size());
    for (const int slot : part.inputs) {
      const Slot& s = program.slots()[index(slot)];
      running.capacity.push_back(s.dims);
      const bool needed = !part.levels.empty() && !s.cut_at_end();
      running.spread.push_back(
          needed ? base::allocate_aligned(byte_count(s.dtype, s.dims_at(part.levels.back().capacity))) : nullptr);
    }
    for (const int slot : part.outputs) running.capacity.push_back(program.slots()[index(slot)].dims);
  }
}

void RestRunner::input(std::size_t k, std::byte* data, const std::shared_ptr<std::byte>& owner) {
  Live& live = live_[k];  // inputs are the first slots
  live.data = data;
  live.owner = owner;
}

void RestRunner::extents_from(std::size_t k, const Dims& dims) {
  const std::vector<int>& axes = program_.slots()[k].axes;
  for (std::size_t i = 0; i < axes.size(); ++i)
    if (axes[i]) extents_[index(axes[i])] = dims[i];
}

void RestRunner::set_dims(std::size_t slot) {
  const std::vector<int>& axes = program_.slots()[slot].axes;
  for (std::size_t i = 0; i < axes.size(); ++i)
    if (axes[i]) live_[slot].dims[i] = extents_[index(axes[i])];
}

bool RestRunner::run() {
  for (Running& running : running_) running.last = -1;
  for (std::size_t k = 0; k < live_.size(); ++k)
    if (program_.slots()[k].input >= 0) set_dims(k);
  std::size_t next = 0, next_open = 0;
  for (std::size_t at = 0; at < running_.size(); ++at) {
    if (!running_[at].levels.empty() && !run_part(at)) return false;
    while (next < layers_.size() && index(program_.layers()[next].part) == at) run_layer(next++);
    while (next_open < open_.size() && index(program_.open()[next_open].part) == at)
      if (!run_open(next_open++)) return false;
  }
  for (std::size_t k = 0; k < live_.size(); ++k)
    if (program_.slots()[k].kept && !program_.slots()[k].counts.empty()) write_counts(k);
  return true;
}

bool RestRunner::run_part(std::size_t at) {
  const RestProgram::Part& part = program_.parts()[at];
  Running& running = running_[at];
  for (const int number : part.needed)
    if (extents_[index(number)] == 0) return false;
  std::size_t l = 0;
  const auto holds = [&](const RestProgram::Level& level) {
    return std::all_of(part.numbers.begin(), part.numbers.end(),
                       [&](int number) { return extents_[index(number)] <= level.capacity[index(number)]; });
  };
  while (l < part.levels.size() && !holds(part.levels[l])) ++l;
  if (l == part.levels.size()) return false;
  const auto set_capacity = [&](std::size_t k, const Slot& slot) {
    Dims& dims = running.capacity[k];
    for (std::size_t i = 0; i < dims.size(); ++i)
      if (slot.axes[i]) dims[i] = part.levels[l].capacity[index(slot.axes[i])];
  };
  for (std::size_t k = 0; k < part.inputs.size(); ++k) {
    const Slot& slot = program_.slots()[index(part.inputs[k])];
    Live& live = live_[index(part.inputs[k])];
    set_capacity(k, slot);
    const Dims& capacity = running.capacity[k];
    std::byte* data = running.spread[k] ? running.spread[k].get() : live.data;
    running.regions[k] = on_host(data);
    if (live.dims == capacity) {
      running.regions[k] = on_host(live.data);
      continue;
    }
    const std::size_t size = size_of(slot.dtype);
    if (std::find(live.dims.begin(), live.dims.end(), 0) != live.dims.end()) {
      if (const std::size_t bytes = bytes_from(capacity, size)) std::memset(data, 0, bytes);
    } else {
      spread(data, live.data, capacity, live.dims, size);
    }
  }
  for (std::size_t k = 0; k < part.outputs.size(); ++k) {
    const Slot& slot = program_.slots()[index(part.outputs[k])];
    Live& live = live_[index(part.outputs[k])];
    set_capacity(part.inputs.size() + k, slot);
    set_dims(index(part.outputs[k]));
    live.owner.reset();
    // Who holds many results holds memory for their level each, not for the bound.
    if (slot.kept)
      live.owner = live.memory.take(
          slot.read ? slot.most_bytes : bytes_from(running.capacity[part.inputs.size() + k], size_of(slot.dtype)));
    live.data = slot.kept ? live.owner.get() : live.own.get();
    running.regions[part.inputs.size() + k] = on_host(live.data);
  }
  running.last = static_cast<int>(l);
  if (!running.levels[l]->run(running.regions).ok()) return false;
  for (std::size_t k = 0; k < part.outputs.size(); ++k) {
    const Slot& slot = program_.slots()[index(part.outputs[k])];
    const Live& live = live_[index(part.outputs[k])];
    if (!slot.cut_at_end())
      cut(live.data, live.data, live.dims, running.capacity[part.inputs.size() + k], size_of(slot.dtype));
  }
  return true;
}

void RestRunner::run_layer(std::size_t at) {
  const RestProgram::Layer& layer = program_.layers()[at];
  LayerRun& run = layers_[at];
  for (std::size_t k = 0; k < layer.layer.sources.size(); ++k) {
    if (layer.layer.sources[k] < 0) continue;
    const Live& source = live_[index(layer.layer.sources[k])];
    run.input_dims(k) = source.dims;
    run.input(k, source.data);
  }
  Live& live = live_[index(layer.slot)];
  live.owner.reset();
  run.run();
  live.owner = run.data();
  live.data = live.owner.get();
  extents_[index(layer.number)] = run.dims()[layer.layer.axis()];
  set_dims(index(layer.slot));
}

bool RestRunner::run_open(std::size_t at) {
  const RestProgram::Open& open = program_.open()[at];
  OpenRun& run = open_[at];
  for (std::size_t k = 0; k < open.layer.sources.size(); ++k) {
    if (open.layer.sources[k] < 0) continue;
    const Live& source = live_[index(open.layer.sources[k])];
    run.input_dims(k) = source.dims;
    run.input(k, source.data);
  }
  if (!run.run().ok()) return false;
  for (std::size_t k = 0; k < open.slots.size(); ++k) {
    Live& live = live_[index(open.slots[k])];
    live.owner = run.result(k).data;
    live.data = live.owner.get();
    live.dims = run.result(k).dims;
  }
  return true;
}

void RestRunner::write_counts(std::size_t at) {
  const Slot& slot = program_.slots()[at];
  Live& live = live_[at];
  live.owner.reset();
  live.owner = live.memory.take(slot.most_bytes);
  live.data = live.owner.get();
  for (std::size_t k = 0; k < slot.counts.size(); ++k) {
    const graph::Count& count = slot.counts[k];
    const std::int64_t value = count.varying ? extents_[index(count.varying)] : count.number;
    if (slot.dtype == DataType::int64) reinterpret_cast<std::int64_t*>(live.data)[k] = value;
    else reinterpret_cast<std::int32_t*>(live.data)[k] = static_cast<std::int32_t>(value);
  }
}

RestRunner::Tensor RestRunner::output(std::size_t k) const {
  const std::size_t slot = index(program_.outputs()[k]);
  const Live& live = live_[slot];
  return {&live.dims, live.owner, bytes_from(live.dims, size_of(program_.slots()[slot].dtype))};
}

void RestRunner::let_go() {
  for (Live& live : live_) live.owner.reset();
  for (LayerRun& layer : layers_) layer.let_go();
  for (OpenRun& layer : open_) layer.let_go();
}

void RestRunner::times(std::vector<LayerTime>& rows) const {
  std::size_t next = 0, next_open = 0;
  for (std::size_t at = 0; at < running_.size(); ++at) {
    if (running_[at].last >= 0) {
      running_[at].levels[index(running_[at].last)]->times(rows);
    }
    for (; next < layers_.size() && index(program_.layers()[next].part) == at; ++next)
      rows.push_back(layers_[next].time());
    for (; next_open < open_.size() && index(program_.open()[next_open].part) == at; ++next_open)
      rows.push_back(open_[next_open].time());
  }
}

std::uint64_t RestRunner::arena_bytes() const {
  std::uint64_t bytes = 0;
  for (const Running& running : running_)
    for (const auto& level : running.levels) bytes += level->arena_bytes();
  return bytes;
}

}  // namespace vireo::runtime
