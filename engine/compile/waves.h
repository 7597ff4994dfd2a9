#pragma once
// Which steps of a segment can run side by side, and what lets a device do more of that in plan kernels
// (device/opencl/plan_kernel.h). For segment.cpp.

#include <vector>

#include "engine/compile/segment_memory.h"

namespace vireo::compile {

/// Whether b must wait until a is done. `marked`, by tensor: b waits for the words of such by itself.
[[nodiscard]] bool must_wait(const StepDraft& a, const StepDraft& b, const std::vector<char>* marked = nullptr);

/// Layers that need equally many before them stand together.
void order_by_level(const graph::Graph& graph, std::vector<graph::LayerId>& order);

/// Finds the tensors that only steps which know marks write and read: those pass them word by word, without waiting for
/// all of each other. `marked` says which, by tensor; their memory is no other tensor's. Steps are told (Step::marks,
/// waits_for).
void mark_tensors(const graph::Graph& graph, const Placement& placement, const std::vector<int>& binding_of,
                  const std::vector<StepDraft>& drafts, device::Segment& segment, std::vector<char>& marked);

/// Devices that are no CPU run a step at a time, or, as plan kernels (`in_waves`), what has nothing to do with each
/// other together; tells drafts their stages and epochs (marked_memory.h), steps their waves and passes.
void one_after_the_other(std::vector<StepDraft>& drafts, const std::vector<char>& marked, bool in_waves,
                         device::Segment& segment);

}  // namespace vireo::compile
