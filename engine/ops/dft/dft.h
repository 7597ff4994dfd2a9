#pragma once
// dft: reference and tactics.

#include "engine/ops/shared/fourier.h"

namespace vireo::ops {

/// The transform as lines of a tensor: [outer][entries][inner][components].
struct DftShape {
  std::int64_t points = 1, outer = 1, inner = 1, given = 0, wanted = 0, components = 2;
  std::int64_t in_extent = 0, out_extent = 0, out_components = 2;
  bool inverse = false, one_sided = false;
};
/// `length`: 0 where it isn't given.
[[nodiscard]] DftShape dft_shape(const Attributes& attributes, const Dims& x, const Dims& y, std::size_t axis,
                                 std::int64_t length);

void dft_reference(const EvalContext&);
[[nodiscard]] std::span<const Tactic> dft_tactics();

}  // namespace vireo::ops
