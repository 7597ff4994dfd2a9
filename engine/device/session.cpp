#include "engine/device/session.h"

#include <algorithm>

#include "engine/base/caught.h"
#include "engine/base/text.h"
#include "engine/device/cpu/executor.h"

namespace vireo::device {

Session::Session(std::shared_ptr<const Program> program, std::shared_ptr<ThreadPool> pool, bool profile)
    : program_(std::move(program)) {
  for (const std::string& name : program_->devices) sides_.push_back({open(name), nullptr, {}});
  for (const std::shared_ptr<const Segment>& segment : program_->segments) {
    Side& side = sides_[static_cast<std::size_t>(segment->device)];
    executables_.push_back(side.device->load(segment, {pool, profile, program_->binaries.get(), program_->loading}));
    const bool crosses = std::any_of(segment->outside.begin(), segment->outside.end(), [](auto k) { return k < 0; });
    const MemoryKind kind = side.device->target().is_cpu() ? MemoryKind::pinned : MemoryKind::device;
    if (crosses && !side.boundary) {
      // The host's side of it is memory that the other device copies from without the host's help.
      Device& owner = kind == MemoryKind::pinned ? *sides_.front().device : *side.device;
      side.boundary = owner.allocate(program_->boundary_bytes, kind);
    }
    side.staged.resize(program_->bindings.size());
  }
  if (executables_.size() == 1 && sides_.front().device->target().is_cpu())
    only_ = dynamic_cast<Executor*>(executables_.front().get());
  else main_ = sides_.front().device->create_queue();
  pointers_.resize(program_->bindings.size());
}

Session::~Session() = default;

std::size_t Session::arena_bytes() const noexcept {
  std::size_t bytes = 0;
  for (const auto& executable : executables_) bytes += executable->arena_bytes();
  for (const Side& side : sides_) {
    if (side.boundary) bytes += side.boundary->bytes();
    for (const auto& staged : side.staged)
      if (staged) bytes += staged->bytes();
  }
  return bytes;
}

void Session::observe(const Observer& observer) {
  for (const auto& executable : executables_) executable->observe(observer);
}

void Session::times(std::vector<LayerTime>& rows) const {
  for (const auto& executable : executables_) {
    const std::span<const double> seconds = executable->step_seconds();
    for (std::size_t k = 0; k < seconds.size(); ++k) {
      const Step& step = executable->segment().steps[k];
      rows.push_back({step.layer, step.op, step.tactic, seconds[k], step.flops, step.bytes});
    }
  }
}

bool Session::sees(const Side& side, const Region& region) const noexcept {
  if (side.device->target().is_cpu()) return region.host != nullptr;
  return region.memory && region.memory->kind() == MemoryKind::device && region.memory->device() == side.device;
}

Region Session::region_of(std::size_t index, std::int32_t outside, std::span<const Region> bindings) {
  Side& side = sides_[index];
  if (outside < 0) {
    const std::size_t offset = program_->boundary[static_cast<std::size_t>(-1 - outside)].offset;
    std::byte* host = side.boundary->host();
    return {side.boundary.get(), host ? host + offset : nullptr, offset};
  }
  const auto k = static_cast<std::size_t>(outside);
  if (sees(side, bindings[k])) return bindings[k];
  std::shared_ptr<Memory>& staged = side.staged[k];
  const MemoryKind kind = side.device->target().is_cpu() ? MemoryKind::pinned : MemoryKind::device;
  if (!staged)
    staged = (kind == MemoryKind::pinned ? *sides_.front().device : *side.device)
                 .allocate(program_->bindings[k].bytes, kind);
  return {staged.get(), staged->host(), 0};
}

void Session::enqueue(Queue& queue, std::span<const Region> bindings) {
  // Which sides have the newest value of each tensor of the boundary and of each binding.
  std::vector<std::vector<char>> boundary_at(sides_.size(), std::vector<char>(program_->boundary.size(), 0));
  std::vector<std::vector<char>> binding_at(sides_.size(), std::vector<char>(program_->bindings.size(), 0));
  const auto bring = [&](std::size_t side, std::int32_t outside, std::size_t bytes) {
    const Region to = region_of(side, outside, bindings);
    if (outside >= 0) {
      const auto k = static_cast<std::size_t>(outside);
      if (sees(sides_[side], bindings[k]) || binding_at[side][k]) return to;
      if (bytes) queue.copy(to, bindings[k], bytes);
      binding_at[side][k] = 1;
      return to;
    }
    const auto k = static_cast<std::size_t>(-1 - outside);
    for (std::size_t other = 0; !boundary_at[side][k] && other < sides_.size(); ++other) {
      if (!boundary_at[other][k]) continue;
      if (bytes) queue.copy(to, region_of(other, outside, bindings), bytes);
      boundary_at[side][k] = 1;
    }
    return to;
  };
  for (std::size_t s = 0; s < executables_.size(); ++s) {
    const Segment& segment = *program_->segments[s];
    const auto side = static_cast<std::size_t>(segment.device);
    std::vector<Region> regions;
    for (std::size_t k = 0; k < segment.bindings.size(); ++k)
      regions.push_back(segment.bindings[k].output ? region_of(side, segment.outside[k], bindings)
                                                   : bring(side, segment.outside[k], segment.bindings[k].bytes));
    if (auto* executor = dynamic_cast<Executor*>(executables_[s].get())) {
      queue.run(std::make_shared<ExecutorRun>(*executor, regions));
    } else {
      queue.run(*executables_[s], regions);
    }
    for (std::size_t k = 0; k < segment.bindings.size(); ++k) {
      if (!segment.bindings[k].output) continue;
      const std::int32_t outside = segment.outside[k];
      if (outside < 0) {
        boundary_at[side][static_cast<std::size_t>(-1 - outside)] = 1;
        continue;
      }
      const Region& wanted = bindings[static_cast<std::size_t>(outside)];
      if (!sees(sides_[side], wanted) && segment.bindings[k].bytes)
        queue.copy(wanted, regions[k], segment.bindings[k].bytes);
    }
  }
}

Status Session::run(std::span<const Region> bindings) noexcept {
  try {
    bool host = only_ != nullptr;
    for (std::size_t k = 0; host && k < bindings.size(); ++k) {
      pointers_[k] = bindings[k].host;
      host = bindings[k].host || program_->bindings[k].bytes == 0;
    }
    if (host) return only_->run(pointers_);
    if (!main_) main_ = sides_.front().device->create_queue();
    enqueue(*main_, bindings);
    return main_->synchronize();
  } catch (...) {
    return base::caught("the run could not be put into a queue; the log says why");
  }
}

}  // namespace vireo::device
