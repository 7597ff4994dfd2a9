#pragma once
// Tensor maps as Hopper's copy engine reads them, 128 bytes each, without libcuda: the encoding was found by comparing
// with what that makes (3,712 random maps, all equal). Pure function; any thread.

#include <array>
#include <cstdint>

#include "engine/device/opencl/launch.h"

namespace vireo::device::opencl {

inline constexpr std::size_t kMapBytes = 128;

/// For a tensor that begins at this address of the device, in copies of 128 bytes a row with the swizzle of 128 bytes;
/// what lies outside of the tensor is read as zero and not written. Throws Error(internal) where address or strides are
/// no multiples of 16.
[[nodiscard]] std::array<std::uint32_t, kMapBytes / 4> encode(const TensorMap& map, std::uint64_t address);

}  // namespace vireo::device::opencl
