#pragma once
// The part of a network that one device runs without a break. For compile.cpp and segments.cpp.

#include <cstddef>
#include <cstdint>

#include "engine/compile/compile.h"

namespace vireo::compile {

/// What a step may take at most, beside its tensors: the sum of both over all steps, each at its largest, is what
/// max_workspace limits.
struct WorkspaceCaps {
  std::size_t workspace = SIZE_MAX;
  std::size_t scratch = SIZE_MAX;  ///< of all workers together
  bool least = false;              ///< of each layer's tactics the one that takes least, whatever its time
  [[nodiscard]] bool limited() const { return workspace != SIZE_MAX || scratch != SIZE_MAX || least; }
};
/// Thrown where no tactic of some layer fits.
struct OverCaps {};

[[nodiscard]] device::Segment compile_segment(const graph::Graph& graph, const CompileOptions& options,
                                              const WorkspaceCaps& caps);

}  // namespace vireo::compile
