#pragma once
// Plan kernels: the steps of a segment as one kernel, for small batches, where launches cost more than the work. As
// many groups run as are resident at the same time; each does its share of a step after the other. Between waves of
// steps (Step::wave) all groups meet. Beside the 256 items that work a warp fetches weights: it knows which pieces of
// which steps its group will take, and asks for their weights as soon as a slot of the ring is free, long before the
// input of the step exists. Another keeps the passes. What a run touches beside the weights, which come and go, should
// stay in the cache: memory of marked tensors and of exchanges is used again and again in a run (ResNet-50 at batch 1
// with 17 MB of exchange buffers instead of 4: 184 instead of 157 us).
//
// Why no race is possible:
//  - Tensors. Steps of a wave touch no byte that another of them writes, marked ones aside (compile/waves.h); between
//    waves vireo_meet_all: every item's writes come before its group's barrier, that before the group's red.release of
//    the counter (gpu scope), that before the ld.acquire that sees all groups' counts, that before the barrier that
//    lets a group's items on. So what a wave wrote is seen by the next. The copy engine never reads or writes tensors
//    here, weights excepted, which nobody writes.
//  - Meetings. Their counter is 0 when a run begins; each group adds 1 at each of the run's meetings, in the same
//    order for all, and goes on when it is m times the number of groups at the m-th. Before the first group leaves a
//    meeting, each has added at most m times, so that the number that it waits for can't be reached before all have
//    added so often. Whoever finishes last (sync[3], counted with acquire and release, so after all meetings and
//    passes of all) sets it back: runs follow each other (see below).
//  - Passes. Whoever leaves a pass knows that all groups have come to the pass before, and that what they did until
//    then is done and seen. Every warp that works says that it has come (`came`, an mbarrier of 8 arrivals); the
//    keeper waits for those, adds 1 to the counter of passes with red.release, waits until it is p times the number of
//    groups at the p-th (see meetings), with ld.acquire, and says so (`passed`, of one arrival). At the next pass each
//    warp waits for that first: so neither barrier is ever two phases ahead of who waits for it. What any item did
//    before its warp's arrival is before the keeper's red.release, that before the ld.acquire of all keepers, that
//    before what any item does behind its wait. Where a meeting lies between two passes, whoever leaves the second one
//    knows at least that all have come to the meeting, since it was there.
//  - The ring. `full` of a slot flips when its bytes have landed, `empty` when each of the 8 warps that work has
//    arrived; the fetcher waits for `empty` before it asks for new bytes, workers wait for `full` before they read.
//    Both walk the same pieces in the same order, since both derive them from the same table.
//  - Marked tensors (Step::waits_for). Every word of 16 bytes carries its tensor's mark in two bits; a reader repeats
//    its load until it does. A word is written and read as one (.b128, relaxed, single-copy atomic), so what has the
//    mark is whole. It is of this tensor and run, for whoever looks finds what the writer left in this run or what was
//    there before, which has another mark (compile/marked_memory.h: what passes and meetings have to do with it). No
//    other order is needed: what a reader uses is the word itself. Steps are taken in an order in which each comes
//    after those it reads of, by groups that are all resident: the first piece that isn't done never waits for one
//    behind it (keepers wait for points before it alone), so that there is no deadlock. Readers clear the bits, so
//    that results don't depend on the run.
//  - The exchange of a split step: words carry the step's tag. There are B buffers, used in turn; before a use there
//    is a pass or meeting where B/2 uses came since the last one. So between the pass or meeting before the last one
//    and a use u are at most B - 1 others, and use u - B of the same buffer came before both: u begins after all have
//    come to the first of them, so after all have read what u - B wrote: nobody overwrites a word that is still to be
//    read. A place is written at most once by each use; uses of one buffer in a run are at most 14 and have tags in
//    turn, modulo 15, from run to run, so that what an older use left has another tag (the last time that a place was
//    written is at most 14 uses ago, for each run has the same uses; before the first the buffer is 0, which is no
//    tag).
//  - Runs. Two runs of plan kernels of one device never overlap: OpenclDevice::enqueue_resident orders them by events,
//    also those of other queues. So all groups find room at once, and wait for nobody who isn't there. Other
//    processes: the first that opens the device takes a lock (resident_lock.h), others do without plan kernels.
//  - Nobody waits for ever: who waits looks at a clock, and after two seconds all stop waiting (vireo_tired); the run
//    ends with an error that the queue reports.
//
// Any thread.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "engine/device/opencl/facts.h"
#include "engine/device/opencl/launch.h"
#include "engine/device/program.h"

namespace vireo::device::opencl {

inline constexpr std::size_t kPlanItems = 256;
inline constexpr std::uint32_t kExchangeUses = 14;                   ///< of one buffer in a run
inline constexpr std::size_t kExchangeBytes = std::size_t{8} << 10;  ///< of a piece

/// Words of a step in the table that the kernel reads.
struct PlanStep {
  enum Flag : std::uint32_t { meet = 1, waits_for_first = 2, waits_for_second = 4, marks = 8, pass = 16 };
  static constexpr int kFirstMark = 5, kSecondMark = 7, kOwnMark = 9;  ///< places of marks, two bits, above the flags
  std::uint32_t kind = 0;   ///< which of the kernels; flags and marks in the upper half
  std::uint32_t place = 0;  ///< its first address
  std::uint32_t first = 0;  ///< the group that takes its first piece
  std::uint32_t use = 0;    ///< of the exchange buffer, from 0 in each run
  std::uint64_t weights = 0, exchanged = 0;
  std::uint32_t bytes = 0, period = 1, chunks = 1, pieces = 0;
};
static_assert(sizeof(PlanStep) == 48);

/// Why this kernel can't be a part; empty where it can.
[[nodiscard]] std::string refuse_part(const OpenclKernel& kernel, bool hopper);
/// Equal where two kernels are the same code with the same values.
[[nodiscard]] std::string kind_of(const OpenclKernel& kernel);
/// Tensors among its arguments: addresses in the table.
[[nodiscard]] std::size_t places_of(const OpenclKernel& kernel);
/// Bytes for tables that the kernel has in local memory.
[[nodiscard]] std::size_t most_table_bytes();
/// The kernel of these kinds, entry "vireo_plan": arguments sync (5 uints), addresses and their number, steps and their
/// number, exchange uses in a run.
[[nodiscard]] OpenclKernel plan_kernel(std::span<const OpenclKernel* const> kinds, bool hopper, int groups,
                                       std::size_t table_bytes);

/// Names of functions and types that a text defines, and of its macros: what has to be renamed where texts meet. For
/// the texts of engine/ops: definitions stand at the beginning of a line.
struct FileNames {
  std::vector<std::string> functions, macros;
};
[[nodiscard]] FileNames names_of(std::string_view text);

/// Seconds that the driver's compiler will take for a segment's plan kernels, roughly: it goes by their kinds of steps.
/// 0 where it has none.
[[nodiscard]] double compile_seconds(const Segment& segment, const OpenclFacts& facts);

}  // namespace vireo::device::opencl
