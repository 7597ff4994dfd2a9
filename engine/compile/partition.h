#pragma once
// A network cut into parts, each for one device: the target runs what it has kernels for, the CPU the rest. Pure
// functions; any thread.

#include <cstdint>
#include <string>
#include <vector>

#include "engine/compile/compile.h"

namespace vireo::compile {

inline constexpr std::int32_t kTarget = 0, kCpu = 1;  ///< devices of a program with two

/// By layer: kTarget or kCpu. `why`, where not null, gets for each layer that the target has no kernel for what its
/// tactics say. Views go with the layer that they are a view of.
[[nodiscard]] std::vector<std::int32_t> assign_devices(const graph::Graph& graph, const CompileOptions& options,
                                                       std::vector<std::string>* why = nullptr);

struct Part {
  std::int32_t device = kTarget;
  graph::Graph graph;
  std::vector<std::int32_t> outside;  ///< as device::Segment::outside
};

struct Partition {
  std::vector<Part> parts;  ///< in the order in which they run
  std::vector<device::BoundaryTensor> boundary;
  std::size_t boundary_bytes = 0;
};

/// As few parts as a greedy schedule finds: whatever can run on the device at hand does, then the other one is taken.
[[nodiscard]] Partition partition(const graph::Graph& graph, const std::vector<std::int32_t>& device_of);

}  // namespace vireo::compile
