#include "engine/base/memory.h"

#include <sys/mman.h>
#if defined(__GLIBC__)
#include <malloc.h>
#endif

#include <cstdlib>
#include <cstring>

#include "engine/api/buffer.h"
#include "engine/base/text.h"

namespace vireo {
namespace base {

namespace {
std::size_t within_63_bits(bool overflow, std::size_t size) {
  if (overflow || size > static_cast<std::size_t>(INT64_MAX))
    fail(ErrorCode::out_of_memory, "a size comes out larger than 63 bits count");
  return size;
}
}  // namespace

std::size_t checked_sum(std::size_t a, std::size_t b) {
  std::size_t sum = 0;
  const bool overflow = __builtin_add_overflow(a, b, &sum);
  return within_63_bits(overflow, sum);
}

std::size_t checked_product(std::size_t a, std::size_t b) {
  std::size_t product = 0;
  const bool overflow = __builtin_mul_overflow(a, b, &product);
  return within_63_bits(overflow, product);
}

std::shared_ptr<std::byte> allocate_aligned(std::size_t bytes) {
  constexpr std::size_t kHuge = std::size_t{2} << 20;
  const std::size_t total = padded(bytes);
  // From two huge pages on, fewer TLB misses are worth the alignment; fresh pages come zeroed from the kernel.
  if (total >= 2 * kHuge) {
    const std::size_t mapped = align_up(total, 4096);
    void* memory = mmap(nullptr, mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED)
      fail(ErrorCode::out_of_memory, "can't allocate ", human_bytes(static_cast<double>(total)));
    madvise(memory, mapped, MADV_HUGEPAGE);
    return {static_cast<std::byte*>(memory), [mapped](std::byte* p) { munmap(p, mapped); }};
  }
  void* memory = std::aligned_alloc(kAlignment, total);
  if (!memory) fail(ErrorCode::out_of_memory, "can't allocate ", human_bytes(static_cast<double>(total)));
  std::memset(memory, 0, total);
  return {static_cast<std::byte*>(memory), [](std::byte* p) { std::free(p); }};
}

void return_free_memory() noexcept {
#if defined(__GLIBC__)
  (void)malloc_trim(0);
#endif
}

}  // namespace base

Buffer Buffer::host(std::size_t bytes) { return Buffer(base::allocate_aligned(bytes), bytes); }

Buffer Buffer::borrow(void* data, std::size_t bytes) noexcept {
  return Buffer(std::shared_ptr<std::byte>(std::shared_ptr<std::byte>(), static_cast<std::byte*>(data)), bytes);
}

}  // namespace vireo
