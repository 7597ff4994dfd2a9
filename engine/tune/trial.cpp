#include "engine/tune/trial.h"

#include <algorithm>
#include <random>

#include "engine/api/half.h"
#include "engine/base/memory.h"
#include "engine/base/stopwatch.h"
#include "engine/device/opencl/launch.h"

namespace vireo::tune {
namespace {
constexpr int kRepeats = 8;

/// What a step costs its neighbours in a plan kernel beside its own time: a launch cuts the kernel in two; one that
/// knows no marks makes all groups meet once more than the trial does.
double beside(const device::LaunchBase& launch) {
  const auto* opencl = dynamic_cast<const device::OpenclLaunch*>(&launch);
  if (!opencl || launch.marks) return 0;
  const bool cuts = std::ranges::any_of(
      opencl->kernels, [](const device::OpenclKernel& k) { return k.part == device::OpenclKernel::Part::none; });
  return cuts ? 5e-6 : 1.5e-6;
}
}  // namespace

Trial::Trial(std::vector<TrialStep> steps, const std::shared_ptr<device::ThreadPool>& pool,
             const base::Deadline* deadline) {
  auto segment = std::make_shared<device::Segment>();
  const device::Target& target = *steps.front().problem->target;
  segment->workers = target.is_cpu() ? pool->size() : 1;
  for (std::size_t i = 0; i < steps.size(); ++i) {
    const graph::Problem& problem = *steps[i].problem;
    device::Step step;
    step.launch = std::move(steps[i].launch);
    for (std::size_t k = 0; k < problem.inputs.size(); ++k)
      step.inputs.push_back(i > 0 && k == 0 ? segment->steps.back().outputs[0]
                                            : add(*segment, problem.inputs[k], true));
    for (const graph::Desc& desc : problem.outputs) step.outputs.push_back(add(*segment, desc, false));
    step.workspace = segment->arena_bytes;
    segment->arena_bytes = base::checked_sum(segment->arena_bytes, base::align_up(step.launch->workspace_bytes));
    if (const auto* launch = step.launch.as<graph::CpuLaunch>()) {
      segment->scratch_bytes = std::max(segment->scratch_bytes, launch->scratch_bytes);
      for (std::size_t p = 0; p < launch->phases.size(); ++p) {
        device::Stage stage;
        stage.phases = {{static_cast<std::int32_t>(i), static_cast<std::int32_t>(p)}};
        stage.tiles = launch->phases[p].tiles;
        segment->stages.push_back(std::move(stage));
      }
    }
    segment->steps.push_back(std::move(step));
  }
  if (target.is_cpu()) {
    executor_ = std::make_unique<device::Executor>(segment, pool, false);
    return;
  }
  device_ = device::open(target.name);
  // As parts of plan kernels they are one of many, and what counts is what each of those takes.
  if (target.opencl.resident_groups > 0 && segment->steps.size() == 1) {
    segment->steps[0].wave = 0;
    beside_ = beside(*segment->steps[0].launch.operator->());
    for (repeats_ = 1; repeats_ < kRepeats; ++repeats_) {
      segment->steps.push_back(segment->steps[0]);
      segment->steps.back().wave = repeats_;
    }
  }
  queue_ = device_->create_queue();
  segment->bindings.resize(buffers_.size());
  for (std::size_t k = 0; k < buffers_.size(); ++k) {
    memory_.push_back(device_->allocate(bytes_[k], MemoryKind::device));
    regions_.push_back({memory_.back().get(), nullptr, 0});
    if (bytes_[k]) queue_->copy(regions_.back(), {nullptr, buffers_[k].get(), 0}, bytes_[k]);
  }
  device::LoadOptions load;
  if (deadline) load.loading = [deadline](std::size_t, std::size_t) { deadline->check("timing tactics"); };
  executable_ = device_->load(segment, load);
  failed_ = !queue_->synchronize().ok();
}

double Trial::run() {
  if (failed_) return kOut;
  const base::Stopwatch watch;
  if (executable_) {
    constexpr int kTogether = 10;
    try {
      for (int i = 0; i < kTogether; ++i) queue_->run(*executable_, regions_);
    } catch (const Error&) {
      failed_ = true;
    }
    failed_ |= !queue_->synchronize().ok();
    return failed_ ? kOut : watch.seconds() / (kTogether * repeats_) + beside_;
  }
  failed_ = !executor_->run(pointers_).ok();
  return failed_ ? kOut : watch.seconds();
}

device::Place Trial::add(device::Segment& segment, const graph::Desc& desc, bool fill) {
  if (!desc.present()) return {};
  if (desc.constant) {
    segment.constants.push_back({desc.constant, desc.constant->read(), desc.constant->bytes()});
    return {device::Place::In::constant, static_cast<std::int32_t>(segment.constants.size()) - 1, 0};
  }
  const std::int64_t row = desc.dims.empty() ? 1 : desc.dims.back();
  const std::int64_t rows = row ? desc.count() / row : 0;
  bytes_.push_back(byte_count(desc.dtype, {rows, std::max(desc.pitch, row)}));
  buffers_.push_back(base::allocate_aligned(bytes_.back()));
  if (fill && (desc.dtype == DataType::float32 || desc.dtype == DataType::float16)) {
    std::minstd_rand random(42);
    for (std::int64_t i = 0; i < rows * desc.pitch; ++i) {
      const float value = static_cast<float>(random() % 2001) * 1e-3f - 1.0f;
      if (desc.dtype == DataType::float32) reinterpret_cast<float*>(buffers_.back().get())[i] = value;
      else reinterpret_cast<std::uint16_t*>(buffers_.back().get())[i] = half_from_float(value);
    }
  }
  pointers_.push_back(buffers_.back().get());
  return {device::Place::In::binding, static_cast<std::int32_t>(pointers_.size()) - 1, 0};
}

std::vector<double> race(const std::vector<std::unique_ptr<Trial>>& trials, double budget_s) {
  std::vector<double> best(trials.size(), kOut);
  const base::Stopwatch watch;
  for (int round = 0; round < 12; ++round) {
    const double leader = *std::min_element(best.begin(), best.end());
    for (std::size_t i = 0; i < trials.size(); ++i) {
      if (!trials[i] || (round >= 2 && best[i] > leader * 1.5)) continue;
      if (round > 0 && best[i] == kOut) continue;
      const int repeats = round == 0 ? 1 : std::clamp(static_cast<int>(300e-6 / std::max(best[i], 1e-7)), 1, 20);
      double total = 0;
      for (int r = 0; r < repeats; ++r) total += trials[i]->run();
      if (total == kOut) {
        best[i] = kOut;
        continue;
      }
      if (round > 0 || total > 50e-3) best[i] = std::min(best[i], total / repeats);
      else best[i] = std::min(best[i], total);
    }
    if (round >= 2 && watch.seconds() > budget_s) break;
  }
  return best;
}

}  // namespace vireo::tune
