#pragma once
// NVIDIA's OpenCL compiler takes inline assembly, but for targets below sm_90a only. What it makes is PTX text, which
// keeps the comments in that assembly: instructions of sm_90a stand there after "//@ ", and this puts them in force.
// Pure function; any thread.

#include <string>

namespace vireo::device::opencl {

/// The PTX with its hidden instructions uncovered, the target sm_90a, and for each entry a limit on registers where one
/// is given.
[[nodiscard]] std::string uncover_hopper(std::string ptx, int most_registers);

}  // namespace vireo::device::opencl
