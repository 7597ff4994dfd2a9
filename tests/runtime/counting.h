#pragma once
// What runs of networks cost whose shapes only data tell, counted: allocations of this program, compilations of theirs.
// Included once in a program, whose allocation functions it replaces.

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdlib>
#include <thread>
#include <utility>

#include "tests/runtime/data_dependent.h"

#if defined(__GLIBC__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define VIREO_COUNTS_ALLOCATIONS 1
namespace {
std::atomic<std::size_t> allocations{0};  // of this program, the library's included
}
extern "C" {
void* __libc_malloc(std::size_t);
void* __libc_calloc(std::size_t, std::size_t);
void* __libc_realloc(void*, std::size_t);
void* __libc_memalign(std::size_t, std::size_t);
void* malloc(std::size_t bytes) {
  ++allocations;
  return __libc_malloc(bytes);
}
void* calloc(std::size_t count, std::size_t bytes) {
  ++allocations;
  return __libc_calloc(count, bytes);
}
void* realloc(void* memory, std::size_t bytes) {
  ++allocations;
  return __libc_realloc(memory, bytes);
}
void* aligned_alloc(std::size_t alignment, std::size_t bytes) {
  ++allocations;
  return __libc_memalign(alignment, bytes);
}
}
#else
#define VIREO_COUNTS_ALLOCATIONS 0
namespace {
const std::size_t allocations = 0;
}
#endif

namespace vireo::data_dependent_testing {

/// x as the only input, outputs unbound: what a run of it costs.
class Counting {
 public:
  explicit Counting(const Graph& g) : running_(g) {
    for (const device::Binding& b : running_.module().bindings()) {
      buffers_.push_back(b.bytes ? Buffer::host(b.bytes) : Buffer());
      bound_.push_back({buffers_.back().data(), b.bytes});
    }
  }
  /// Sets the first `count` of x above zero and the rest to zero, and runs.
  void run(std::int64_t count) {
    const std::int64_t extent = running_.module().bindings()[0].info.dims[0];
    for (std::int64_t i = 0; i < extent; ++i) buffers_[0].as<float>()[i] = i < count ? static_cast<float>(i + 1) : 0;
    const std::size_t before = allocations;
    const Status status = running_.runner().run(bound_);
    allocated_ += allocations - before;
    ASSERT_TRUE(status.ok()) << status.message();
  }
  [[nodiscard]] std::size_t take_allocated() { return std::exchange(allocated_, 0); }
  /// What each layer is computed by, for messages.
  [[nodiscard]] std::string layers() const {
    std::string text;
    for (const LayerReport& row : running_.module().report())
      text += row.name + ": " + row.op + " " + row.tactic + "\n";
    return text;
  }
  [[nodiscard]] std::size_t compiled() const { return running_.module().compilations_in_runs(); }
  [[nodiscard]] const std::string& by_extents() const { return running_.module().compiled_by_extents(); }

 private:
  Running running_;
  std::vector<Buffer> buffers_;
  std::vector<Bound> bound_;
  std::size_t allocated_ = 0;
};

// Rests as they come behind a NonZero "n" (1 x count) of "x", with its indices as "i" (count) and values as "v".
inline Graph after_filter(const std::string& rest, int extent = 100) {
  return parse("graph \"g\"\ninput \"x\" float32 " + std::to_string(extent) + R"(
const "flat" int64 1 = -1
const "column" int64 2 = -1 1
const "axis" int64 1 = 0
const "axis1" int64 1 = 1
const "zero" int64 scalar = 0
const "one" int64 scalar = 1
const "two" float32 scalar = 2
const "two2" float32 2 = 2 2.5
const "table" float32 3x2 = 1 2 3 4 5 6
const "weights" float32 1x3 = 1 2 3
"n" = non_zero("x") "n"
"i" = reshape("n", "flat") "i"
"v" = gather("x", "i") "v"
)" + rest);
}

}  // namespace vireo::data_dependent_testing
