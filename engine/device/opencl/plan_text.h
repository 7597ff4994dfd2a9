#pragma once
// What plan kernels begin with, in OpenCL C: see plan_kernel.h. Any thread.

#include <string_view>

namespace vireo::device::opencl {

/// For NVIDIA's Hopper GPUs: a warp that fetches weights ahead, named barriers, words of 16 bytes that carry tags.
[[nodiscard]] std::string_view plan_text_hopper() noexcept;
/// For any device, one group that works alone: no step may be `resident` or have barriers.
[[nodiscard]] std::string_view plan_text_plain() noexcept;
/// What they end with, behind the kinds: the kernel. VIREO_CASES calls them, VIREO_TABLE_BYTES is room for its tables.
[[nodiscard]] std::string_view plan_end_hopper() noexcept;
[[nodiscard]] std::string_view plan_end_plain() noexcept;

}  // namespace vireo::device::opencl
