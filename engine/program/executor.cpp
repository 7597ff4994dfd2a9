#include "engine/program/executor.h"

#include <chrono>

#include "engine/base/memory.h"

namespace vireo::program {
namespace {
double now() noexcept {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}
}  // namespace

Executor::Executor(std::shared_ptr<const Program> program, std::shared_ptr<base::Team> team, bool profile)
    : program_(std::move(program)), team_(std::move(team)), profile_(profile) {
  arena_bytes_ = program_->arena_bytes;
  arena_ = base::allocate_aligned(arena_bytes_);
  scratch_stride_ = base::align_up(program_->scratch_bytes + base::kAlignment, 4096);
  scratch_ = base::allocate_aligned(scratch_stride_ * static_cast<std::size_t>(team_->size()));
  if (profile_) step_seconds_.resize(program_->steps.size());

  const auto resolve = [this](const Place& place) {
    void* pointer = nullptr;
    switch (place.in) {
      case Place::In::nowhere: break;
      case Place::In::arena: pointer = arena_.get() + place.offset; break;
      case Place::In::constant:
        pointer = const_cast<std::byte*>(program_->constants[static_cast<std::size_t>(place.index)]->data.get()) + place.offset;
        break;
      case Place::In::binding: patches_.push_back({table_.size(), place.index, place.offset}); break;
    }
    table_.push_back(pointer);
  };
  for (const Step& step : program_->steps) {
    pointers_.push_back({table_.size(), table_.size() + step.inputs.size()});
    for (const Place& place : step.inputs) resolve(place);
    for (const Place& place : step.outputs) resolve(place);
  }
}

Status Executor::run(std::span<void* const> bindings) noexcept {
  for (const Patch& patch : patches_)
    table_[patch.slot] = static_cast<std::byte*>(bindings[static_cast<std::size_t>(patch.binding)]) + patch.offset;
  for (Counter& counter : counters_) counter.next.store(0, std::memory_order_relaxed);
  fault_.store(nullptr, std::memory_order_relaxed);
  if (profile_) {
    for (double& seconds : step_seconds_) seconds = 0;
    last_time_ = now();
  }
  team_->run(&Executor::body, this);
  if (const char* fault = fault_.load()) return {ErrorCode::invalid_argument, fault};
  return {};
}

void Executor::body(void* self, int worker) noexcept { static_cast<Executor*>(self)->work(worker); }

void Executor::work(int worker) noexcept {
  const std::vector<Stage>& stages = program_->stages;
  for (std::size_t i = 0; i < stages.size(); ++i) {
    const bool serial = stages[i].serial || team_->size() == 1;
    if (worker == 0) counters_[(i + 2) % kCounters].next.store(0, std::memory_order_relaxed);
    if (!serial) run_stage(stages[i], i, worker);
    else if (worker == 0)
      for (const StagePhase& phase : stages[i].phases)
        run_tiles(phase, 0, program_->steps[static_cast<std::size_t>(phase.step)].launch.phases[static_cast<std::size_t>(phase.phase)].tiles, 0);
    const bool more_serial = stages[i].serial && i + 1 < stages.size() && stages[i + 1].serial;
    if (i + 1 < stages.size() && !more_serial) team_->barrier().wait();
    if (profile_ && worker == 0) account(i);
  }
}

void Executor::run_stage(const Stage& stage, std::size_t stage_index, int worker) noexcept {
  std::atomic<std::int64_t>& next = counters_[stage_index % kCounters].next;
  std::size_t k = 0;
  std::int64_t base_tile = 0;
  const auto tiles_of = [this](const StagePhase& phase) {
    return program_->steps[static_cast<std::size_t>(phase.step)].launch.phases[static_cast<std::size_t>(phase.phase)].tiles;
  };
  for (;;) {
    const std::int64_t tile = next.fetch_add(1, std::memory_order_relaxed);
    if (tile >= stage.tiles) return;
    while (tile - base_tile >= tiles_of(stage.phases[k])) base_tile += tiles_of(stage.phases[k++]);
    run_tiles(stage.phases[k], tile - base_tile, tile - base_tile + 1, worker);
  }
}

void Executor::run_tiles(const StagePhase& phase, std::int64_t first, std::int64_t last, int worker) noexcept {
  const Step& step = program_->steps[static_cast<std::size_t>(phase.step)];
  const Pointers& pointers = pointers_[static_cast<std::size_t>(phase.step)];
  graph::TileArgs args{step.launch.state.get(),
                       table_.data() + pointers.inputs,
                       table_.data() + pointers.outputs,
                       scratch_.get() + scratch_stride_ * static_cast<std::size_t>(worker),
                       arena_.get() + step.workspace,
                       first,
                       &fault_};
  const graph::TileFunction tile = step.launch.phases[static_cast<std::size_t>(phase.phase)].run;
  for (; args.tile < last; ++args.tile) tile(args);
}

void Executor::account(std::size_t stage_index) noexcept {
  const Stage& stage = program_->stages[stage_index];
  const double time = now(), spent = time - last_time_;
  last_time_ = time;
  double total = 0;
  for (const StagePhase& phase : stage.phases) total += program_->steps[static_cast<std::size_t>(phase.step)].predicted_s;
  for (const StagePhase& phase : stage.phases) {
    const double part = program_->steps[static_cast<std::size_t>(phase.step)].predicted_s;
    step_seconds_[static_cast<std::size_t>(phase.step)] += total > 0 ? spent * part / total : spent / static_cast<double>(stage.phases.size());
  }
}

}  // namespace vireo::program
