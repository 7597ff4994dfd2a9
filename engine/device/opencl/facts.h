#pragma once
// What an OpenCL device can do. A plain value, immutable once the device is open.

#include <cstddef>

namespace vireo::device {

/// What an OpenCL device can do, found by compiling and running small kernels (device/opencl/probe.h).
struct OpenclFacts {
  bool on_processor = false;     ///< the device is the host's processor: local memory is no faster than the rest
  std::size_t local_bytes = 0;   ///< that a work-group may declare, measured
  std::size_t most_items = 1;    ///< of a work-group
  std::size_t most_buffer = 0;   ///< bytes of one memory object
  bool half_arithmetic = false;  ///< half in expressions, not just in memory
  bool ptx = false;              ///< inline assembly of NVIDIA's virtual instruction set
  bool mma = false;              ///< mma.sync, ldmatrix and cp.async (sm_80)
  bool mma_stand_in = false;     ///< for tests on devices without `mma`: its products by way of plain loads and sums
  bool wgmma = false;            ///< wgmma and bulk tensor copies (sm_90a), by way of edited PTX
  /// Work-groups with all the local memory there is that are known to run at the same time, so that they may wait for
  /// each other: plan kernels (plan_kernel.h). 0: none are.
  int resident_groups = 0;
};

}  // namespace vireo::device
