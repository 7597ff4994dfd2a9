#include "engine/device/cpu/executor.h"

#include <algorithm>
#include <chrono>

#include "engine/base/memory.h"
#include "engine/base/text.h"

namespace vireo::device {
namespace {
double now() noexcept {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

/// Tiles taken at once: claim_ counts up to 65535 portions from each end.
std::int64_t portion_of(const Stage& stage) noexcept {
  return std::max(stage.portion, (stage.tiles + 0xfffe) / 0xffff);
}
}  // namespace

Executor::Executor(std::shared_ptr<const Segment> segment, std::shared_ptr<ThreadPool> pool, bool profile)
    : segment_(std::move(segment)), pool_(std::move(pool)), profile_(profile) {
  arena_bytes_ = segment_->arena_bytes;
  arena_ = base::allocate_aligned(arena_bytes_);
  scratch_stride_ = base::align_up(base::padded(segment_->scratch_bytes), 4096);
  scratch_ = base::allocate_aligned(base::checked_product(scratch_stride_, static_cast<std::size_t>(pool_->size())));
  if (profile_) step_seconds_.resize(segment_->steps.size());

  const auto resolve = [this](const Place& place) {
    void* pointer = nullptr;
    switch (place.in) {
      case Place::In::nowhere: break;
      case Place::In::arena: pointer = arena_.get() + place.offset; break;
      case Place::In::constant:
        pointer =
            const_cast<std::byte*>(segment_->constants[static_cast<std::size_t>(place.index)].data) + place.offset;
        break;
      case Place::In::binding: patches_.push_back({table_.size(), place.index, place.offset}); break;
    }
    table_.push_back(pointer);
  };
  for (const Step& step : segment_->steps) {
    launches_.push_back(step.launch.as<CpuLaunch>());
    if (!launches_.back()) base::fail(ErrorCode::internal, "step '", step.layer, "' has no launch for the CPU");
    pointers_.push_back({table_.size(), table_.size() + step.inputs.size()});
    for (const Place& place : step.inputs) resolve(place);
    for (const Place& place : step.outputs) resolve(place);
  }
}

void Executor::observe(Observer observer) {
  observer_ = std::move(observer);
  ending_.assign(segment_->stages.size(), {});
  std::vector<std::size_t> last(segment_->steps.size(), 0);
  for (std::size_t stage = 0; stage < segment_->stages.size(); ++stage)
    for (const StagePhase& phase : segment_->stages[stage].phases) last[static_cast<std::size_t>(phase.step)] = stage;
  for (std::size_t step = 0; step < last.size(); ++step)
    if (!ending_.empty()) ending_[last[step]].push_back(static_cast<std::int32_t>(step));
}

void Executor::tell(std::size_t stage) noexcept {
  for (const std::int32_t step : ending_[stage]) {
    const std::size_t outputs = pointers_[static_cast<std::size_t>(step)].outputs;
    for (std::size_t k = 0; k < segment_->steps[static_cast<std::size_t>(step)].made.size(); ++k)
      observer_({*segment_, step, static_cast<int>(k), table_[outputs + k]});
  }
}

Status Executor::run(std::span<void* const> bindings) noexcept {
  for (const Patch& patch : patches_)
    table_[patch.slot] = static_cast<std::byte*>(bindings[static_cast<std::size_t>(patch.binding)]) + patch.offset;
  fault_.store(nullptr, std::memory_order_relaxed);
  if (observer_)
    for (std::size_t k = 0; k < segment_->bindings.size() && !segment_->bindings[k].output; ++k)
      observer_({*segment_, -1, static_cast<int>(k), bindings[k]});
  if (profile_) {
    for (double& seconds : step_seconds_) seconds = 0;
    last_time_ = now();
  }
  first_stage_ = static_cast<std::uint32_t>(claim_.load(std::memory_order_relaxed) >> 32) + 1;
  advance(0, 0);
  // A network whose stages are all serial is done here, and the others sleep on.
  if (claim_.load(std::memory_order_relaxed) >> 32 != end_of_run()) pool_->run(&Executor::body, this);
  if (const char* fault = fault_.load()) return {ErrorCode::invalid_argument, fault};
  return {};
}

bool Executor::body(void* self, int worker) noexcept { return static_cast<Executor*>(self)->work(worker); }

bool Executor::work(int worker) noexcept {
  const std::vector<Stage>& stages = segment_->stages;
  for (;;) {
    std::uint64_t claim = claim_.load(std::memory_order_acquire);
    const std::size_t index = static_cast<std::uint32_t>(claim >> 32) - first_stage_;
    if (index >= stages.size()) return true;
    const Stage& stage = stages[index];
    const std::int64_t portion = portion_of(stage), portions = (stage.tiles + portion - 1) / portion;
    const auto front = static_cast<std::int64_t>(claim & 0xffffu),
               back = static_cast<std::int64_t>(claim >> 16 & 0xffffu);
    if (front + back >= portions) return false;
    const bool backwards = worker % 2 != 0;
    const std::int64_t tile = (backwards ? portions - 1 - back : front) * portion,
                       end = std::min(tile + portion, stage.tiles);
    if (!claim_.compare_exchange_weak(claim, claim + (backwards ? 0x10000u : 1u), std::memory_order_acq_rel)) continue;
    run_portion(stage, tile, end, worker);
    if (done_.fetch_add(end - tile, std::memory_order_acq_rel) + (end - tile) == stage.tiles) {
      if (profile_) account(index);
      advance(index + 1, worker);
      pool_->signal();
    }
  }
}

/// Opens a stage. Serial stages, and empty ones, are done on the way: handing them over would cost more.
void Executor::advance(std::size_t index, int worker) noexcept {
  const std::vector<Stage>& stages = segment_->stages;
  if (observer_ && index > 0) tell(index - 1);
  for (; index < stages.size() && (stages[index].serial() || pool_->size() == 1); ++index) {
    for (const StagePhase& phase : stages[index].phases) run_tiles(phase, 0, tiles_of(phase), worker);
    if (profile_) account(index);
    if (observer_) tell(index);
  }
  done_.store(0, std::memory_order_relaxed);
  claim_.store(static_cast<std::uint64_t>(first_stage_ + static_cast<std::uint32_t>(index)) << 32,
               std::memory_order_release);
}

/// Tiles are numbered through the phases of a stage.
void Executor::run_portion(const Stage& stage, std::int64_t first, std::int64_t last, int worker) noexcept {
  for (std::size_t k = 0; first < last; ++k) {
    const std::int64_t tiles = tiles_of(stage.phases[k]), end = std::min(last, tiles);
    if (first < end) run_tiles(stage.phases[k], first, end, worker);
    first = std::max<std::int64_t>(first - tiles, 0);
    last -= tiles;
  }
}

std::int64_t Executor::tiles_of(const StagePhase& phase) const noexcept {
  return launches_[static_cast<std::size_t>(phase.step)]->phases[static_cast<std::size_t>(phase.phase)].tiles;
}

void Executor::run_tiles(const StagePhase& phase, std::int64_t first, std::int64_t last, int worker) noexcept {
  const Step& step = segment_->steps[static_cast<std::size_t>(phase.step)];
  const Pointers& pointers = pointers_[static_cast<std::size_t>(phase.step)];
  const CpuLaunch& launch = *launches_[static_cast<std::size_t>(phase.step)];
  TileArgs args{launch.state.get(),
                table_.data() + pointers.inputs,
                table_.data() + pointers.outputs,
                scratch_.get() + scratch_stride_ * static_cast<std::size_t>(worker),
                arena_.get() + step.workspace,
                first,
                &fault_};
  const TileFunction tile = launch.phases[static_cast<std::size_t>(phase.phase)].run;
  for (; args.tile < last; ++args.tile) tile(args);
}

void Executor::account(std::size_t stage_index) noexcept {
  const Stage& stage = segment_->stages[stage_index];
  const double time = now(), spent = time - last_time_;
  last_time_ = time;
  double total = 0;
  for (const StagePhase& phase : stage.phases)
    total += segment_->steps[static_cast<std::size_t>(phase.step)].predicted_s;
  for (const StagePhase& phase : stage.phases) {
    const double part = segment_->steps[static_cast<std::size_t>(phase.step)].predicted_s;
    step_seconds_[static_cast<std::size_t>(phase.step)] +=
        total > 0 ? spent * part / total : spent / static_cast<double>(stage.phases.size());
  }
}

}  // namespace vireo::device
