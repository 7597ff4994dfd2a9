#pragma once
// What this build of the engine knows: operators, kernels, passes. For `vireo list` and tools.

#include <string>
#include <vector>

#include "engine/api/export.h"

namespace vireo {

struct OperatorInfo {
  std::string name;
  int min_inputs = 0, max_inputs = 0;  ///< max -1: any number
  int kernels = 0;                     ///< besides the reference
};
struct KernelInfo {
  std::string op, name;
  std::string device;  ///< the kind that it is for: "cpu", "opencl"
  std::string isa;     ///< empty where it isn't for the CPU
  bool exact = true;   ///< keeps the reference's arithmetic
  bool usable = true;  ///< this processor can run it, or there is a device of its kind
};
struct PassInfo {
  std::string name, what;
};

[[nodiscard]] VIREO_API std::vector<OperatorInfo> list_operators();
[[nodiscard]] VIREO_API std::vector<KernelInfo> list_kernels();
[[nodiscard]] VIREO_API std::vector<PassInfo> list_passes();

}  // namespace vireo
