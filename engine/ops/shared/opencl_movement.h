#pragma once
// Moving elements on OpenCL devices: what movement.h says as strided copies, and copies whose places come from index
// tensors, as kernels of shared/opencl/movement.cl for elements of 1, 2, 4 and 8 bytes. Used when a launch is prepared;
// any thread.

#include <vector>

#include "engine/ops/shared/movement.h"
#include "engine/ops/shared/opencl.h"

namespace vireo::ops {

/// The usual refusals of tactics that only move bytes, whatever their type is.
[[nodiscard]] std::string refuse_opencl_movement(const Problem& problem);

/// One kernel for each copy that has elements. kZeros gives elements of these bits. The launch reads no input that no
/// copy names. Throws Error(internal) where a copy has too many axes: ask movable() first.
[[nodiscard]] OpenclLaunch opencl_movement(const Problem& problem, const std::vector<StridedCopy>& copies,
                                           std::uint64_t bits = 0);

/// refuse and prepare of a row of kTactics, of those that the operator has for the processor.
template <std::string (*kRefuse)(const Problem&)>
std::string refuse_moved(const Problem& problem) {
  if (std::string why = kRefuse(problem); !why.empty()) return why;
  return refuse_opencl_movement(problem);
}
template <std::vector<StridedCopy> (*kCopies)(const Problem&)>
Launch prepare_moved(const Problem& problem) {
  return opencl_movement(problem, kCopies(problem));
}

/// Elements whose places in the data an index tensor names: for every place of `dims`, the data's element at
/// Σ i·data + Σ index[k]·steps[k] and that of the other tensor at Σ i·other, where the parts index[k] lie next to each
/// other from Σ i·index on. A negative index counts from the end of its extent. Indices outside read the nearest entry
/// and write nothing: a device has no way to report them.
struct IndexedCopy {
  Dims dims, data, index, other;
  Dims extents, steps;  ///< of the data's axes that the parts of an index name
};
/// Why not: types, known indices that are outside (which the reference reports), more than eight axes or parts.
[[nodiscard]] std::string refuse_opencl_indexed(const Problem& problem, const IndexedCopy& copy);
/// Data: input 0; index: input 1; other: output 0.
[[nodiscard]] OpenclLaunch opencl_gather(const Problem& problem, const IndexedCopy& copy);
/// Data: output 0, which is input 0 first; index: input 1; other: input 2, the updates.
[[nodiscard]] OpenclLaunch opencl_scatter(const Problem& problem, const IndexedCopy& copy);

/// What T is for elements of this type where only bytes move; WIDE of them are sixteen bytes.
[[nodiscard]] std::string_view opencl_bits(DataType type);
[[nodiscard]] std::int64_t opencl_wide(DataType type);
/// A kernel of movement.cl, with T and WIDE.
[[nodiscard]] KernelCall movement_call(std::string_view entry, DataType type);
/// The bits of a number as an element of this type.
[[nodiscard]] std::uint64_t element_bits(DataType type, double number);

}  // namespace vireo::ops
