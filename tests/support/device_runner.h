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

  /// `inputs`, `outputs`: host bytes of each tensor; outputs hold what is there before and after.
  Status run(const graph::Launch& launch, const graph::Problem& problem,
             const std::vector<std::vector<std::byte>*>& inputs, const std::vector<std::vector<std::byte>*>& outputs,
             bool in_place) {
    auto segment = std::make_shared<device::Segment>();
    device::Step step;
    step.layer = "layer";
    step.launch = launch;
    std::vector<std::shared_ptr<device::Memory>> memory;
    std::vector<device::Region> regions;
    const auto add = [&](const graph::Desc& desc, std::vector<std::byte>& bytes) -> device::Place {
      const std::size_t shift = shift_of(desc);
      memory.push_back(device_->allocate(bytes.size() + shift, MemoryKind::device));
      regions.push_back({memory.back().get(), nullptr, 0});
      if (!bytes.empty()) queue_->copy({memory.back().get(), nullptr, shift}, {nullptr, bytes.data(), 0}, bytes.size());
      return {device::Place::In::binding, static_cast<std::int32_t>(memory.size()) - 1, shift};
    };
    for (std::size_t k = 0; k < inputs.size(); ++k) {
      const bool present = problem.inputs[k].present() && (launch->unread_inputs >> k & 1u) == 0;
      step.inputs.push_back(present ? add(problem.inputs[k], *inputs[k]) : device::Place{});
    }
    std::vector<std::size_t> of;
    for (std::size_t k = 0; k < outputs.size(); ++k) {
      if (in_place && k == 0) {
        step.outputs.push_back(step.inputs[0]);
        of.push_back(0);
        continue;
      }
      of.push_back(memory.size());
      step.outputs.push_back(add(problem.outputs[k], *outputs[k]));
    }
    segment->bindings.resize(regions.size());
    segment->arena_bytes = launch->workspace_bytes;
    segment->steps.push_back(std::move(step));
    const std::unique_ptr<device::Executable> executable = device_->load(segment, {});
    queue_->run(*executable, regions);
    for (std::size_t k = 0; k < outputs.size(); ++k) {
      const std::size_t shift = shift_of(problem.outputs[k]);
      if (!outputs[k]->empty())
        queue_->copy({nullptr, outputs[k]->data(), 0}, {memory[of[k]].get(), nullptr, shift}, outputs[k]->size());
    }
    return queue_->synchronize();
  }

 private:
  static std::size_t shift_of(const graph::Desc& desc) { return 64 + static_cast<std::size_t>(desc.alignment); }

  std::shared_ptr<device::Device> device_;
  std::unique_ptr<device::Queue> queue_;
};

}  // namespace vireo::testing
