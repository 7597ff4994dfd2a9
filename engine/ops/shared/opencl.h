#pragma once
// How operators describe kernels in OpenCL C: the text of a .cl file of engine/ops, found by its path and compiled into
// the library, with what all kernels share before it (opencl/prelude.cl, opencl/functions.cl); defines; arguments; and
// the number of work-items. Used when a launch is prepared; any thread.

#include <string>
#include <string_view>

#include "engine/device/opencl/launch.h"
#include "engine/ops/shared/activation.h"
#include "engine/ops/shared/loop.h"
#include "engine/ops/shared/shape.h"

namespace vireo::ops {

using device::OpenclKernel;
using device::OpenclLaunch;

/// Text of engine/ops/<path>. Throws Error(internal) for a file that there isn't.
[[nodiscard]] std::string_view opencl_source(std::string_view path);

/// What the prelude calls elements of this type: "float", "half" (both computed in float), "int", …; empty where
/// kernels can't have it.
[[nodiscard]] std::string_view opencl_type(DataType type) noexcept;

/// Vectors of ints as one argument.
struct Int2 {
  std::int32_t at[2];
};
struct Int4 {
  std::int32_t at[4];
};
struct Int8 {
  std::int32_t at[8];
};

/// One kernel in the making. Arguments are given in the order of the kernel's parameters; each tensor stands for two
/// (VIREO_TENSOR in the prelude).
class KernelCall {
 public:
  KernelCall(std::string_view path, std::string_view entry);
  /// Text of another file between what all kernels share and this kernel's own.
  KernelCall& before(std::string_view path);
  KernelCall& define(std::string_view name, std::int64_t value);
  KernelCall& define_text(std::string_view name, std::string_view value);
  KernelCall& define_real(std::string_view name, double value);  ///< to the last bit, whatever the locale
  KernelCall& define_type(std::string_view name, DataType type);
  /// For a kernel that is never the best of this device and only tested there: how long it compiles is what matters.
  KernelCall& compiled_quickly();
  /// ACTIVATE(x) becomes the function.
  KernelCall& activation(const ActivationSpec& spec);
  /// Nothing where the problem has no such tensor: the kernel must leave the parameter out then.
  KernelCall& input(int index);
  KernelCall& output(int index);
  KernelCall& state(int index, std::size_t offset = 0);
  KernelCall& workspace(std::size_t offset = 0);
  KernelCall& counters();
  KernelCall& fault();         ///< for VIREO_FAULT: what an index that comes at run time can be
  KernelCall& map(int index);  ///< OpenclLaunch::maps[index]
  template <typename T>
  KernelCall& value(T number) {
    kernel_.arguments.push_back(device::OpenclArgument::of(number));
    return *this;
  }
  KernelCall& integer(std::int64_t number);  ///< an int. Throws Error(internal) where it doesn't fit
  /// Work-groups of `local` items, as many as cover `items`.
  KernelCall& over(std::array<std::int64_t, 3> items, std::array<std::size_t, 3> local);
  /// Its barriers and its local memory, `bytes` of a group, all by VIREO_LOCAL, are as parts of plan kernels have them
  /// (device/opencl/plan_kernel.h). Kernels whose text has none are parts without being told; 0: none with these
  /// defines.
  KernelCall& group_part(std::size_t bytes);
  [[nodiscard]] OpenclKernel done();

 private:
  OpenclKernel kernel_;
  std::size_t common_ = 0;  ///< where the text ends that all kernels begin with
  std::size_t own_ = 0;     ///< where the kernel's own text begins
};

/// The usual refusals: a tensor of a type that is none of `types`, more elements than an int counts, nothing to do.
[[nodiscard]] std::string refuse_opencl(const Problem& problem, std::initializer_list<DataType> types);
/// Those that keep real numbers: float32 and float16, whatever the other tensors are.
inline constexpr std::initializer_list<DataType> kReals{DataType::float32, DataType::float16};

/// A loop's extents and the strides of one of its tensors as arguments; axes that it hasn't are 1 and 0. Throws
/// Error(internal) beyond 31 bits: refuse_opencl() has seen to it.
[[nodiscard]] Int8 loop_dims(const Loop& loop);
[[nodiscard]] Int8 loop_strides(const Loop& loop, int tensor);

/// The numbers as one argument, from the first on, then zeros; or the last of eight, `fill` before them. Throw
/// Error(internal) beyond 31 bits and beyond eight.
[[nodiscard]] Int8 int8_of(std::initializer_list<std::int64_t> values);
[[nodiscard]] Int8 int8_last(const Dims& values, std::int32_t fill);

}  // namespace vireo::ops
