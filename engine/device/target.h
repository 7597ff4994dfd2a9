#pragma once
// What kernels are chosen for: the facts of a device that decide which tactics it takes and how fast they are. A plain
// value, immutable once its device is open. Problems carry a pointer to it, so that nothing that chooses has to ask
// which machine it runs on.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/cpu.h"
#include "engine/device/opencl/facts.h"

namespace vireo::device {

struct Target {
  std::string name = "cpu";             ///< what vireo::Device takes: "cpu", "opencl:0"
  std::string kind = "cpu";             ///< whose tactics it takes: Tactic::device
  std::string description;              ///< maker's name
  std::string fingerprint;              ///< equal where measured choices hold
  std::vector<std::string> features;    ///< names, for reports
  base::CpuFeatures cpu;                ///< instruction sets, where kind is "cpu"
  std::size_t cache_bytes = 512 << 10;  ///< that one worker has nearly for itself: a core's second level
  std::uint64_t memory_bytes = 0;
  int workers = 1;  ///< how many run at the same time: cores

  OpenclFacts opencl;  ///< where kind is "opencl"
  /// The same device, where its work-groups may not wait for each other; null where they never may.
  std::shared_ptr<const Target> launches_only;

  [[nodiscard]] bool is_cpu() const { return kind == "cpu"; }
};

/// The processor that this program runs on, after VIREO_FORCE_KERNEL. Throws Error when that can't be read.
[[nodiscard]] const Target& host_target();

}  // namespace vireo::device
