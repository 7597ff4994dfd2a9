#pragma once
// Moving elements without arithmetic: one set of kernels for transpose, concat, split, slice, pad, expand, tile and the
// block rearrangements. An operator says which elements go where as strided copies; this plans and runs them, for any
// element size. Copies whose both innermost strides are 1 move whole rows; those that turn axes go through 4 × 4
// blocks. Used when a kernel is prepared; the tiles themselves are plain functions of their state.

#include <vector>

#include "engine/ops/shared/loop.h"
#include "engine/ops/shared/shape.h"

namespace vireo::ops {

inline constexpr int kZeros = -1;

/// output[to + Σ i·to_strides] = input[from + Σ i·from_strides] for every index of `dims`; offsets and strides in
/// elements. Input kZeros gives zeros; from_strides of 0 repeat one element.
struct StridedCopy {
  int input = 0, output = 0;
  std::int64_t from = 0, to = 0;
  Dims dims, from_strides, to_strides;
};

/// How a copy is walked: its axes in the order of the output's memory, and what its innermost ones are.
struct MovementPart {
  enum class Kind : std::uint8_t {
    rows,     ///< the last axis has stride 1 on both sides
    blocks,   ///< turned: the last axis but one has stride 1 in the input, the last one in the output
    elements  ///< neither
  };
  Loop loop;  ///< from, to
  Kind kind = Kind::rows;
  int input = 0, output = 0;
  std::int64_t from = 0, to = 0;
};
/// False when more than kLoopRank axes remain after merging. loop.tiles is 0 for a copy of nothing.
[[nodiscard]] bool plan_movement_part(const StridedCopy& copy, MovementPart& part);

/// Tiles that make all copies, in any order. All tensors have elements of `size` bytes. Throws Error(internal) when a
/// copy keeps more than kLoopRank axes after merging: ask movable() first.
[[nodiscard]] CpuLaunch plan_movement(const Problem& problem, const std::vector<StridedCopy>& copies, std::size_t size);
[[nodiscard]] bool movable(const std::vector<StridedCopy>& copies);

/// The usual refusals of tactics built on this: types without a size, nothing to move.
[[nodiscard]] std::string refuse_movement(const Problem& problem);

}  // namespace vireo::ops
