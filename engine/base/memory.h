#pragma once
// Aligned memory: 64-byte aligned blocks with 64 bytes of readable padding after them. Any thread.

#include <cstddef>
#include <memory>

namespace vireo::base {

inline constexpr std::size_t kAlignment = 64;

/// Rounds up to the alignment.
[[nodiscard]] constexpr std::size_t align_up(std::size_t bytes, std::size_t alignment = kAlignment) noexcept {
  return (bytes + alignment - 1) / alignment * alignment;
}

/// Sum, product and rounding up of sizes that a model gives. Throw Error(out_of_memory) beyond 63 bits.
[[nodiscard]] std::size_t checked_sum(std::size_t a, std::size_t b);
[[nodiscard]] std::size_t checked_product(std::size_t a, std::size_t b);
/// The block that holds that many bytes, with its padding.
[[nodiscard]] inline std::size_t padded(std::size_t bytes) { return align_up(checked_sum(bytes, kAlignment)); }

/// Zero-filled; large blocks ask for huge pages. Throws Error(out_of_memory) naming the size.
[[nodiscard]] std::shared_ptr<std::byte> allocate_aligned(std::size_t bytes);

/// Gives freed memory that the C library keeps back to the system.
void return_free_memory() noexcept;

}  // namespace vireo::base
