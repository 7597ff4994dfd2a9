#pragma once
// Where the tensors of a segment and the workspaces of its steps lie in its arena. For segment.cpp.

#include <cstddef>
#include <map>
#include <vector>

#include "engine/compile/compile.h"
#include "engine/compile/placement.h"

namespace vireo::compile {

/// A step under construction: the places it reads and writes, by root.
struct StepDraft {
  std::vector<TensorPlace> inputs, outputs;
  std::vector<graph::TensorId> input_ids, output_ids;
  graph::LayerId layer = graph::kNone;
  bool grouped = false;  ///< a group that ends in `layer`
  int first_stage = 0, last_stage = 0;
  int epoch = 0;  ///< of plan kernels, see marked_memory.h
};

/// Elementwise layers overwrite their first input where nothing reads it afterwards. binding_of: by tensor, the binding
/// that it lies in; -1: none.
void reuse_in_place(const graph::Graph& graph, const std::vector<int>& binding_of, std::vector<StepDraft>& drafts);

/// marked: by tensor, whether its words carry marks: these lie behind all others. Sets the segment's sizes, the places of
/// its steps' workspaces and the marks of its steps; returns the place of each tensor that lies in the arena. Throws Error(out_of_memory) where the
/// limits are less than it takes.
[[nodiscard]] std::map<graph::TensorId, std::size_t> plan_segment_memory(
    const graph::Graph& graph, const Placement& placement, const std::vector<int>& binding_of,
    const std::vector<StepDraft>& drafts, const std::vector<char>& marked, const CompileOptions& options,
    device::Segment& segment);

}  // namespace vireo::compile
