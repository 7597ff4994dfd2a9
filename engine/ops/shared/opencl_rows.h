#pragma once
// Elementwise kernels on OpenCL devices: tensors that broadcast to each other, walked row by row, up to `width`
// neighbours of a row an item. Used when a launch is prepared; any thread.

#include <initializer_list>
#include <span>

#include "engine/ops/shared/opencl.h"

namespace vireo::ops {

/// In a kernel, whose parameters add_rows() gives:
///   row = item / blocks, column = item % blocks · width;
///   place in tensor k = column · steps[k] + vireo_dot(vireo_index(row, dims), strides[k])
/// and the row ends at `length`. Steps are 0 or 1.
struct OpenclRows {
  int tensors = 0;
  std::int64_t items = 0, blocks = 0, length = 0;
  Int8 dims{}, strides[kLoopTensors]{};
  Int4 steps{};
};

/// False for too many axes, and where there is nothing to do.
[[nodiscard]] bool plan_opencl_rows(const Dims& dims, std::span<const Dims> strides, int width, OpenclRows& rows);
/// The parameters `const int items, const int blocks, const int length, const int4 steps, const int8 dims`, and then
/// `const int8` strides for each tensor; and as many work-items as there are.
void add_rows(KernelCall& call, const OpenclRows& rows);

/// Every type that opencl_type() has a name for, for refuse_opencl().
inline constexpr std::initializer_list<DataType> kOpenclTypes{
    DataType::float32, DataType::float16, DataType::boolean, DataType::int8,   DataType::int16, DataType::int32,
    DataType::int64,   DataType::uint8,   DataType::uint16,  DataType::uint32, DataType::uint64};

/// The integers of this size without a sign; other types as they are.
[[nodiscard]] DataType without_sign(DataType type) noexcept;

/// Real numbers take four neighbours an item, eight where some are halves: sixteen bytes; others come one by one.
[[nodiscard]] int opencl_width(std::initializer_list<DataType> types) noexcept;

}  // namespace vireo::ops
