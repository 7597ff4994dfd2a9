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
    map,        ///< OpenclLaunch::maps[index], encoded for where its tensor is: object and offset
    counters,   ///< OpenclLaunch::counters ints of this executable's own: object and offset
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
  /// The source has instructions of NVIDIA's sm_90a in its assembly, each after "//@ " (ptx.h).
  bool hopper = false;
  int most_registers = 0;  ///< of a work-item, where `hopper`; 0: the compiler's choice
};

/// How Hopper's bulk copies walk a tensor of two-byte elements: what libcuda's tensor maps say (tensor_map.h).
struct TensorMap {
  OpenclArgument::Kind of = OpenclArgument::Kind::input;  ///< input, output, workspace or state
  std::int32_t index = 0;
  std::vector<std::uint64_t> dims;         ///< elements; innermost first
  std::vector<std::uint64_t> strides;      ///< bytes, of the axes from 1 on; multiples of 16
  std::vector<std::uint32_t> steps;        ///< every which element of an axis is taken
  std::vector<std::uint32_t> box;          ///< extents of one copy; unused where im2col
  bool im2col = false;                     ///< dims: channels, width, height, images
  std::array<int, 2> lower{}, upper{};     ///< corners of the window's travel: width, height
  std::uint32_t channels = 0, pixels = 0;  ///< of one copy
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
  std::vector<TensorMap> maps;
  /// Ints that are 0 when the segment is loaded and that no other step or context touches. Kernels that count leave
  /// them 0.
  std::size_t counters = 0;
};

}  // namespace vireo::device
