#pragma once
// What runs on an OpenCL device: kernels in OpenCL C, one after the other. Plain values that know no OpenCL header, so
// that operators describe their kernels without one; device/opencl/executable.h compiles and runs them.
//
// Every tensor is two arguments of a kernel: the memory object that holds it and a byte offset (ulong), for tensors lie
// inside of larger blocks at places that sub-buffers may not begin at. The kernel adds them (VIREO_AT in
// ops/shared/opencl/prelude.cl).

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/device/launch.h"

namespace vireo::device {

struct OpenclArgument {
  enum class Kind : std::uint8_t {
    input,      ///< tensor `index` that the step reads: object and offset
    output,     ///< tensor `index` that the step writes: object and offset
    workspace,  ///< LaunchBase::workspace_bytes of the arena from byte `offset` on: object and offset
    state,      ///< OpenclLaunch::states[index]: object and offset
    value       ///< `size` bytes of `value`
  };
  Kind kind = Kind::value;
  std::int32_t index = 0;
  std::size_t offset = 0;
  std::array<std::byte, 32> value{};
  std::size_t size = 0;

  template <typename T>
  static OpenclArgument of(T number) {
    static_assert(sizeof(T) <= 32);
    OpenclArgument argument;
    std::memcpy(argument.value.data(), &number, sizeof(T));
    argument.size = sizeof(T);
    return argument;
  }
};

struct OpenclKernel {
  std::string source;   ///< whole text of the program
  std::string options;  ///< of its compiler: -D…
  std::string entry;    ///< name of the kernel in it
  std::array<std::size_t, 3> groups{1, 1, 1}, local{1, 1, 1};
  std::vector<OpenclArgument> arguments;  ///< in their order
};

/// Bytes that kernels read beside the step's tensors: packed weights, tables. Copied to the device when the segment is
/// loaded; launches that share `data` share the copy.
struct OpenclState {
  std::shared_ptr<const void> owner;
  const std::byte* data = nullptr;
  std::size_t bytes = 0;
};

struct OpenclLaunch final : LaunchBase {
  std::vector<OpenclKernel> kernels;
  std::vector<OpenclState> states;
};

}  // namespace vireo::device
