#pragma once
// Runs one launch of any device: each tensor in memory of the device, at a place that is aligned as its description
// says and no better. For tests of kernels; one at a time.

#include <cstring>
#include <memory>
#include <vector>

#include "engine/device/device.h"
#include "engine/graph/tactic.h"

namespace vireo::testing {

class DeviceRunner {
 public:
  explicit DeviceRunner(const std::string& name) : device_(device::open(name)), queue_(device_->create_queue()) {}
  [[nodiscard]] const device::Target& target() const { return device_->target(); }

  /// A launch with the host bytes of each of its tensors; outputs hold what is there before and after.
  struct Job {
    graph::Launch launch;
    const graph::Problem* problem = nullptr;
    std::vector<std::vector<std::byte>*> inputs, outputs;
    bool in_place = false;
  };

  Status run(const graph::Launch& launch, const graph::Problem& problem,
             const std::vector<std::vector<std::byte>*>& inputs, const std::vector<std::vector<std::byte>*>& outputs,
             bool in_place) {
    return run({{launch, &problem, inputs, outputs, in_place}}, -1, 1);
  }

  /// All in one segment; wave: of all of them (device::Step::wave). `times`: runs, one after the other.
  Status run(const std::vector<Job>& jobs, int wave, int times) {
    auto segment = std::make_shared<device::Segment>();
    std::vector<std::shared_ptr<device::Memory>> memory;
    std::vector<device::Region> regions;
    std::vector<std::vector<std::size_t>> of(jobs.size());  // which memory each output lies in
    const auto add = [&](const graph::Desc& desc, std::vector<std::byte>& bytes) -> device::Place {
      const std::size_t shift = shift_of(desc);
      memory.push_back(device_->allocate(bytes.size() + shift, MemoryKind::device));
      regions.push_back({memory.back().get(), nullptr, 0});
      if (!bytes.empty()) queue_->copy({memory.back().get(), nullptr, shift}, {nullptr, bytes.data(), 0}, bytes.size());
      return {device::Place::In::binding, static_cast<std::int32_t>(memory.size()) - 1, shift};
    };
    for (std::size_t j = 0; j < jobs.size(); ++j) {
      const Job& job = jobs[j];
      device::Step step;
      step.layer = "layer";
      step.launch = job.launch;
      step.wave = wave;
      for (std::size_t k = 0; k < job.inputs.size(); ++k) {
        const bool present = job.problem->inputs[k].present() && (job.launch->unread_inputs >> k & 1u) == 0;
        step.inputs.push_back(present ? add(job.problem->inputs[k], *job.inputs[k]) : device::Place{});
      }
      for (std::size_t k = 0; k < job.outputs.size(); ++k) {
        if (job.in_place && k == 0) {
          step.outputs.push_back(step.inputs[0]);
          of[j].push_back(static_cast<std::size_t>(step.inputs[0].index));
          continue;
        }
        of[j].push_back(memory.size());
        step.outputs.push_back(add(job.problem->outputs[k], *job.outputs[k]));
      }
      step.workspace = segment->arena_bytes;
      segment->arena_bytes += (job.launch->workspace_bytes + 255) / 256 * 256;
      segment->steps.push_back(std::move(step));
    }
    segment->bindings.resize(regions.size());
    const std::unique_ptr<device::Executable> executable = device_->load(segment, {});
    for (int i = 0; i < times; ++i) queue_->run(*executable, regions);
    for (std::size_t j = 0; j < jobs.size(); ++j)
      for (std::size_t k = 0; k < jobs[j].outputs.size(); ++k) {
        const std::size_t shift = shift_of(jobs[j].problem->outputs[k]);
        std::vector<std::byte>& to = *jobs[j].outputs[k];
        if (!to.empty()) queue_->copy({nullptr, to.data(), 0}, {memory[of[j][k]].get(), nullptr, shift}, to.size());
      }
    return queue_->synchronize();
  }

 private:
  static std::size_t shift_of(const graph::Desc& desc) { return 64 + static_cast<std::size_t>(desc.alignment); }

  std::shared_ptr<device::Device> device_;
  std::unique_ptr<device::Queue> queue_;
};

}  // namespace vireo::testing
