#pragma once
// An einsum equation as a loop over its outputs and one over what is summed, for OpenCL devices. Used when a launch is
// prepared; any thread.

#include "engine/ops/shared/opencl_product.h"

namespace vireo::ops {

/// Labels of the output, then those that are summed; and how far each moves in inputs and output.
struct EinsumAxes {
  Dims dims;
  std::vector<bool> summed;
  std::vector<Dims> inputs;
  Dims output;
};
[[nodiscard]] EinsumAxes einsum_axes(const Problem& problem);
/// As a product of two matrices, k 0 where it is none.
[[nodiscard]] OpenclProduct einsum_opencl(const Problem& problem);

}  // namespace vireo::ops
