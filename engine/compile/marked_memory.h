#pragma once
// Where the marked tensors of a segment lie (waves.h): in memory that only they share with each other, and the less of
// it, the more of what a run touches stays in the device's cache. For segment_memory.cpp.
//
// Epochs count what orders all groups of a plan kernel (device/opencl/plan_kernel.h): a pass begins the next, a meeting
// the next but one. Whoever leaves a pass knows that all have come to the pass or meeting before it. So what steps of
// epoch e did is done for all that steps of epoch e + 2 do. A tensor takes the place of another only where its
// first step is two epochs behind the last one that touches the other. So whoever writes or reads a word of a tensor
// finds there what its own writer left in this run, or what the tensor before it left, which was all written: only
// tensors that are written whole, each word once in each run, share memory (others have their own). "Before" goes
// round: before the first tensor of a run comes the last one of the run before, maybe the same.
//
// Therefore a mark says whose a word is as soon as each differs from that of the tensor before it. A tensor's mark
// is a number below 4, which in every other run has its upper bit inverted. So neighbours within a run have different
// numbers, and the first of a word another than the last one's with the upper bit inverted. Before the first run all is
// 0: the first tensor of a word, in that run with the upper bit inverted, has not number 2. Where no number is left, a
// tensor gets memory of its own.

#include <cstddef>
#include <map>
#include <vector>

#include "engine/compile/memory_plan.h"
#include "engine/compile/segment_memory.h"

namespace vireo::compile {

inline constexpr int kEpochsAMeeting = 2;
inline constexpr std::size_t kStepsAnEpoch = 2;

/// A tensor: alive from the epoch of its first step to the one of its last.
struct MarkedBlock {
  Block block;
  bool shares = true;  ///< its memory; set to false where it can't
  int mark = 0;        ///< the answer, with block.offset
};
/// Returns the bytes that all take.
std::size_t plan_marked(std::vector<MarkedBlock>& blocks);

struct MarkedMemory {
  std::map<graph::TensorId, std::size_t> offsets;
  std::size_t bytes = 0;
};
/// The steps get their marks.
[[nodiscard]] MarkedMemory plan_marked(const graph::Graph& graph, const Placement& placement,
                                       const std::vector<StepDraft>& drafts, const std::vector<char>& marked,
                                       device::Segment& segment);

}  // namespace vireo::compile
