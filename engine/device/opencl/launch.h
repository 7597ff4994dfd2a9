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
#include <type_traits>
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
    fault,      ///< four ints of the step's own, for VIREO_FAULT in ops/shared/opencl/prelude.cl: object and offset
    value       ///< `size` bytes of `value`
  };
  Kind kind = Kind::value;
  std::int32_t index = 0;
  std::size_t offset = 0;
  std::array<std::byte, 32> value{};
  std::size_t size = 0;
  std::string_view type;  ///< of a value, in OpenCL C

  /// A number, or a block of 2, 4 or 8 ints.
  template <typename T>
  static OpenclArgument of(T number) {
    static_assert(sizeof(T) == 4 || sizeof(T) == 8 || sizeof(T) == 16 || sizeof(T) == 32);
    OpenclArgument argument;
    std::memcpy(argument.value.data(), &number, sizeof(T));
    argument.size = sizeof(T);
    if constexpr (std::is_floating_point_v<T>) argument.type = sizeof(T) == 4 ? "float" : "double";
    else if constexpr (std::is_arithmetic_v<T>) argument.type = sizeof(T) == 4 ? "int" : "long";
    else argument.type = sizeof(T) == 8 ? "int2" : sizeof(T) == 16 ? "int4" : sizeof(T) == 32 ? "int8" : "int";
    return argument;
  }
};

/// Weights that a step of a plan kernel (plan_kernel.h) reads: piece of work p finds its own, `chunks` blocks of
/// `bytes` each, at chunk (p % period) * chunks of the state.
struct FetchedAhead {
  std::int32_t state = 0;
  std::uint32_t bytes = 0, period = 1, chunks = 1;
};

struct OpenclKernel {
  std::string source;   ///< whole text of the program
  std::string options;  ///< of its compiler: -D…
  std::string entry;    ///< name of the kernel in it
  std::array<std::size_t, 3> groups{1, 1, 1}, local{1, 1, 1};
  std::vector<OpenclArgument> arguments;  ///< in their order
  /// The source has instructions of NVIDIA's sm_90a in its assembly, each after "//@ " (ptx.h).
  bool hopper = false;
  /// Tensors are addresses (VIREO_ADDRESS), not memory objects, each of which costs the host time at each launch: for
  /// NVIDIA's GPUs, whose memory objects stay where they are. None of its arguments is an input or output.
  bool by_address = false;
  int most_registers = 0;  ///< of a work-item, where `hopper`; 0: the compiler's choice

  /// How it can be a part of a plan kernel (plan_kernel.h).
  enum class Part : std::uint8_t {
    none,
    items,    ///< its items have nothing to do with each other: no barriers, no local memory
    groups,   ///< has barriers, and takes local memory by VIREO_LOCAL; its groups have a multiple of 32 items
    resident  ///< is nothing else: takes VIREO_RUN before its arguments and walks its `pieces` itself
  };
  Part part = Part::none;
  bool proven = false;          ///< NVIDIA's compiler has been seen to take plan kernels with it (it crashes on some)
  std::size_t local_bytes = 0;  ///< of a group, where Part::groups; of a resident one that runs anywhere, on others
  bool anywhere = false;        ///< a resident one that is for all devices' plan kernels, not for NVIDIA's alone
  std::int64_t pieces = 0;      ///< of a resident one
  FetchedAhead ahead;           ///< of a resident one; bytes 0: nothing
  bool exchanges = false;       ///< a resident one whose pieces give each other 8 KB each
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
