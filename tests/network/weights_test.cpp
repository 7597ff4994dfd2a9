// Weights that a network borrows: not copied until a plan is made, and the plan's own from then on.

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdio>

#include "tests/network/trial.h"

namespace vireo::testing_network {
namespace {

constexpr std::int64_t kRows = 4096, kColumns = 4096;
constexpr std::size_t kBytes = std::size_t{kRows} * kColumns * 4;  // 64 MiB

std::size_t resident_bytes() {
  long pages = 0, resident = 0;
  if (std::FILE* file = std::fopen("/proc/self/statm", "r")) {
    if (std::fscanf(file, "%ld %ld", &pages, &resident) != 2) resident = 0;
    std::fclose(file);
  }
  return static_cast<std::size_t>(resident) * static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
}

struct Pages {
  float* data = static_cast<float*>(mmap(nullptr, kBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  Pages() {
    for (std::int64_t i = 0; i < kRows * kColumns; ++i) data[i] = static_cast<float>(i % 7);
  }
  ~Pages() { munmap(data, kBytes); }
  Pages(const Pages&) = delete;
  Pages& operator=(const Pages&) = delete;
};

TEST(Weights, borrowed_ones_take_no_memory) {
  const Pages pages;
  Network n;
  const Tensor x = n.add_input("x", DataType::float32, {1, kColumns});
  const std::size_t before = resident_bytes();
  const Tensor w = n.borrow_constant("w", DataType::float32, {kRows, kColumns}, pages.data, kBytes);
  n.mark_output(n.add_fully_connected(x, w), "y");
  const Network clone = n.clone();
  EXPECT_LT(resident_bytes(), before + (std::size_t{4} << 20));
  EXPECT_EQ(n.constant(w).data(), reinterpret_cast<const std::byte*>(pages.data));
  EXPECT_EQ(n.constant(w).size(), kBytes);
  EXPECT_EQ(clone.constant(w).data(), n.constant(w).data());
  Network copying;
  copying.add_constant("w", DataType::float32, {kRows, kColumns}, pages.data, kBytes);
  EXPECT_GT(resident_bytes(), before + kBytes / 2) << "the measure sees a copy";
}

TEST(Weights, a_plan_owns_what_it_keeps) {
  Plan plan;
  {
    std::vector<float> weights(64 * 64, 1);
    Network n;
    const Tensor x = n.add_input("x", DataType::float32, {1, 64});
    n.mark_output(n.add_fully_connected(
                      x, n.borrow_constant("w", DataType::float32, {64, 64}, weights.data(), weights.size() * 4)),
                  "y");
    BuildOptions options;
    options.budget_s = 0;
    plan = build(n, options);
    std::fill(weights.begin(), weights.end(), -1e9f);
  }
  const auto engine = Engine::load(plan);
  const auto context = engine->create_context();
  const Buffer x = context->allocate("x"), y = context->allocate("y");
  std::fill_n(x.as<float>(), 64, 0.5f);
  ASSERT_TRUE(context->run().ok());
  EXPECT_FLOAT_EQ(y.as<float>()[63], 32);
}

TEST(Weights, shared_ones_live_as_long_as_the_network) {
  auto data = std::make_shared<std::vector<float>>(16, 2.0f);
  const std::weak_ptr<std::vector<float>> alive = data;
  {
    Network n;
    const std::shared_ptr<const void> bytes(data, data->data());
    n.share_constant("w", DataType::float32, {16}, bytes, 64);
    data.reset();
    EXPECT_FALSE(alive.expired());
  }
  EXPECT_TRUE(alive.expired());
}

}  // namespace
}  // namespace vireo::testing_network
