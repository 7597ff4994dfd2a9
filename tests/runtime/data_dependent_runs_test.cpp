// What runs of networks cost whose shapes only data tell: nothing is compiled and nothing allocated for extents that
// were seen or lie under the bound; and what is compiled ahead for larger extents gives the true entries.

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdlib>
#include <thread>
#include <utility>

#include "tests/runtime/counting.h"
#include "tests/runtime/networks.h"

namespace vireo {
namespace {

using namespace data_dependent_testing;

const char* const kFollowing[] = {
    R"(output "v" "v")",
    R"("y" = binary("v", "two") {function="mul"} "y"
output "y" "y")",
    R"("t" = transpose("n") {perm=[1, 0]} "t"
"y" = gather_nd("x", "t") "y"
output "y" "y"
output "t" "t")",
    R"("c" = reshape("v", "column") "c"
"m" = matmul("c", "weights") "m"
"s" = softmax("m") {axis=1} "s"
"r" = reduce("m", "axis1") {mode="max", keepdims=0} "r"
output "s" "s"
output "r" "r")",
    R"("c" = unsqueeze("v", "axis1") "c"
"d" = concat("c", "c", "c") {axis=1} "d"
"t" = transpose("d") {perm=[1, 0]} "t"
"u" = binary("t", "v") {function="add"} "u"
output "u" "u"
output "t" "t")",
    R"("s" = shape("n") "s"
"count" = gather("s", "one") "count"
"r" = range("zero", "count", "one") "r"
"big" = expand("two", "s") "big"
"z" = reshape("v", "s") {allowzero=1} "z"
output "r" "r"
output "big" "big"
output "z" "z"
output "s" "s"
output "count" "count")",
    R"("w" = binary("v", "two") {function="greater"} "w"
"c" = compress("v", "w") {axis=0} "c"
"m" = non_zero("c") "m"
"k" = reshape("m", "flat") "k"
"y" = gather("c", "k") "y"
"back" = gather("v", "k") "back"
output "y" "y"
output "back" "back"
output "c" "c"
output "n" "n")",
    R"("w" = binary("v", "two") {function="greater"} "w"
"c" = compress("v", "w") {axis=0} "c"
"d" = concat("v", "c", "two2", "v") {axis=0} "d"
"e" = unary("d") {function="neg"} "e"
"m" = concat("n", "n") {axis=1} "m"
"f" = concat("e", "d") {axis=0} "f"
output "d" "d"
output "e" "e"
output "m" "m"
output "f" "f")",
};

TEST(LateRuns, a_rest_that_follows_its_extents_is_never_compiled_in_a_run) {
  for (const char* rest : kFollowing) {
    SCOPED_TRACE(rest);
    const Graph g = after_filter(rest);
    Running running(g);
    EXPECT_EQ(running.module().compiled_by_extents(), "");
    for (const int count : {3, 0, 100, 1, 8, 9, 16, 17, 64, 99, 3, 0}) {
      SCOPED_TRACE(count);
      std::vector<float> x(100, 0);
      for (int k = 0; k < count; ++k)
        x[static_cast<std::size_t>(k * 37 % 100)] = static_cast<float>(k - 7) * 0.5f + 0.1f;
      running.expect_right({graph::make_constant(x, {100})});
      running.expect_right({graph::make_constant(x, {100})}, 4096);
    }
    EXPECT_EQ(running.module().compilations_in_runs(), 0u);
  }
}

TEST(LateRuns, no_run_under_the_bound_allocates) {
  if (!VIREO_COUNTS_ALLOCATIONS) GTEST_SKIP() << "this build can't count allocations";
  for (const char* rest : kFollowing) {
    SCOPED_TRACE(rest);
    Counting counting(after_filter(rest));
    for (int count = 0; count < 3; ++count) counting.run(50);  // whatever grows once
    (void)counting.take_allocated();
    for (int k = 0; k <= 100; ++k) counting.run(k * 37 % 101);
    EXPECT_EQ(counting.take_allocated(), 0u) << counting.layers();
    EXPECT_EQ(counting.compiled(), 0u);
  }
}

const char* const kMixing[] = {
    R"("m" = reduce("v", "axis") {mode="sum", keepdims=0} "m"
"y" = binary("v", "m") {function="div"} "y"
output "y" "y")",
    R"("s" = shape("v") "s"
"first" = gather("s", "zero") "first"
"r" = range("zero", "first", "one") "r"
"f" = cast("r") {to="float32"} "f"
"m" = reduce("f", "axis") {mode="max", keepdims=0} "m"
output "m" "m")",
    R"("s" = shape("v") "s"
"f" = cast("s") {to="float32"} "f"
"y" = binary("v", "f") {function="div"} "y"
output "y" "y")",
    R"("k" = binary("i", "one") {function="sub"} "k"
"y" = gather("v", "axis") "y"
"b" = binary("y", "v") {function="add"} "b"
"s" = softmax("b") {axis=0} "s"
output "s" "s")",
};

TEST(LateRuns, a_rest_that_mixes_entries_is_compiled_once_for_each_extent) {
  for (const char* rest : kMixing) {
    SCOPED_TRACE(rest);
    Counting counting(after_filter(rest));
    EXPECT_NE(counting.by_extents(), "");
    for (const int count : {5, 9, 30}) counting.run(count), counting.run(count);
    EXPECT_EQ(counting.compiled(), 3u);
    (void)counting.take_allocated();
    for (int k = 0; k < 20; ++k) counting.run(std::array{5, 9, 30}[static_cast<std::size_t>(k % 3)]);
    EXPECT_EQ(counting.compiled(), 3u);
    if (VIREO_COUNTS_ALLOCATIONS) EXPECT_EQ(counting.take_allocated(), 0u);
  }
}

TEST(LateRuns, a_rest_that_mixes_few_entries_is_compiled_ahead) {
  for (const char* rest : kMixing) {
    SCOPED_TRACE(rest);
    Counting counting(after_filter(rest, 12));
    for (int count = 1; count <= 12; ++count) counting.run(count), counting.run(count);
    EXPECT_EQ(counting.compiled(), 0u);
    (void)counting.take_allocated();
    for (int count = 12; count >= 1; --count) counting.run(count);
    if (VIREO_COUNTS_ALLOCATIONS) EXPECT_EQ(counting.take_allocated(), 0u);
  }
}

TEST(LateRuns, indices_from_the_back_of_an_extent_that_varies_are_right) {
  // -1 must find the last true entry: such a rest can't be cut from a larger one.
  const Graph g = after_filter(R"(const "last" int64 2 = -1 -2
"y" = gather("v", "last") "y"
output "y" "y"
)");
  Running running(g);
  EXPECT_NE(running.module().compiled_by_extents(), "");
  for (const int count : {5, 20, 6}) {
    std::vector<float> x(100, 0);
    for (int k = 0; k < count; ++k) x[static_cast<std::size_t>(3 * k)] = static_cast<float>(k + 1);
    running.expect_right({graph::make_constant(x, {100})});
  }
}

TEST(LateRuns, a_maximum_of_entries_that_vary_is_right) {
  // As class offsets are made for suppression: by the largest coordinate. Copies of entries change none.
  const std::string rest = R"("m" = reduce("v", "axis") {mode="max", keepdims=1} "m"
"y" = binary("v", "m") {function="sub"} "y"
output "y" "y"
)";
  Running running(after_filter(rest + R"("l" = reduce("v", "axis") {mode="min", keepdims=0} "l"
output "l" "l"
)"));
  EXPECT_EQ(running.module().compiled_by_extents(), "");
  for (const float sign : {1.0f, -1.0f})
    for (const int count : {5, 20, 1, 100}) {
      std::vector<float> x(100, 0);
      for (int k = 0; k < count; ++k) x[static_cast<std::size_t>(k)] = sign * static_cast<float>(k * 7 % 31 + 1);
      running.expect_right({graph::make_constant(x, {100})}, 4096);
    }
  EXPECT_EQ(running.module().compilations_in_runs(), 0u);
  // There is no entry to copy.
  Running none(after_filter(rest));
  none.expect_right({graph::make_constant(std::vector<float>(100, 0), {100})}, 4096);
  EXPECT_EQ(none.module().compilations_in_runs(), 1u);
}

TEST(LateRuns, deciding_values_that_were_seen_cost_nothing) {
  const Graph g = parse(R"(
graph "g"
input "x" float32 6
input "shape" int64 2
"y" = reshape("x", "shape") "y"
"z" = unary("y") {function="relu"} "z"
output "z" "z"
)");
  runtime::CompileSettings settings;
  auto module = std::make_shared<const Module>(g, runtime::Shapes{}, settings);
  Runner runner(module, std::make_shared<device::ThreadPool>(1), false);
  std::array<float, 6> x{1, -2, 3, -4, 5, 6};
  std::array<std::int64_t, 2> shape{};
  const std::vector<Bound> bound{{x.data(), sizeof(x)}, {shape.data(), sizeof(shape)}, {nullptr, 0}};
  std::size_t before = 0;
  for (int k = 0; k < 24; ++k) {
    if (k == 4) before = allocations;
    shape = k % 2 ? std::array<std::int64_t, 2>{2, 3} : std::array<std::int64_t, 2>{6, 1};
    ASSERT_TRUE(runner.run(bound).ok());
  }
  EXPECT_EQ(allocations, before);
  EXPECT_EQ(module->compilations_in_runs(), 2u);
}

TEST(LateRuns, a_result_that_is_held_stays_and_others_are_used_again) {
  Running running(after_filter(kFollowing[1]));
  std::vector<std::pair<std::vector<float>, std::shared_ptr<std::byte>>> held;
  std::vector<float> x(100, 0);
  std::vector<std::byte*> seen;
  for (int run = 1; run <= 30; ++run) {
    x[static_cast<std::size_t>(run)] = static_cast<float>(run);
    std::vector<Bound> bound{{x.data(), 400}, {nullptr, 0}};
    ASSERT_TRUE(running.runner().run(bound).ok());
    const Runner::Result& result = running.runner().data_dependent_result(1);
    ASSERT_EQ(result.dims, Dims{run});
    const auto* values = reinterpret_cast<const float*>(result.data.get());
    if (run <= 8) held.emplace_back(std::vector<float>(values, values + run), result.data);
    else seen.push_back(result.data.get());
  }
  for (const auto& [wanted, data] : held)
    EXPECT_EQ(std::memcmp(wanted.data(), data.get(), wanted.size() * sizeof(float)), 0);
  std::sort(seen.begin(), seen.end());
  EXPECT_LE(std::unique(seen.begin(), seen.end()) - seen.begin(), 3);  // one for each of the levels
}

TEST(LateRuns, contexts_side_by_side_are_right) {
  auto engine = Engine::load(
      testing_networks::quick_plan(Network(std::make_unique<Graph>(after_filter(kFollowing[6])))), {}, {.threads = 2});
  std::vector<std::thread> threads;
  std::atomic<int> wrong{0};
  for (int t = 0; t < 3; ++t)
    threads.emplace_back([&, t] {
      auto context = engine->create_context({.threads = 1});
      const Buffer x = context->allocate("x");
      for (int run = 0; run < 200; ++run) {
        const int count = (run * 31 + t * 17) % 101;
        for (int k = 0; k < 100; ++k) x.as<float>()[k] = k < count ? static_cast<float>(k + 1) : 0;
        if (!context->run().ok()) ++wrong;
        // Above 2, and so not zero: all but the first two.
        const int chosen = std::max(count - 2, 0);
        const Buffer y = context->result("y"), back = context->result("back");
        if (context->shape("y") != Dims{chosen}) ++wrong;
        for (int k = 0; k < chosen; ++k)
          if (y.as<float>()[k] != static_cast<float>(k + 3) || back.as<float>()[k] != static_cast<float>(k + 1))
            ++wrong;
      }
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
}

TEST(LateRuns, what_would_be_too_large_at_the_bound_runs_at_true_extents) {
  // 4000 rows of 4000 columns are more than the limit, those that data ask for are not.
  const Graph g = after_filter(R"("c" = reshape("v", "column") "c"
"m" = binary("c", "v") {function="mul"} "m"
output "m" "m"
)",
                               4000);
  runtime::CompileSettings settings;
  settings.options.limits.max_tensor_bytes = 1 << 20;
  auto module = std::make_shared<const Module>(g, runtime::Shapes{}, settings);
  EXPECT_EQ(module->compiled_by_extents(), "");
  Runner runner(module, std::make_shared<device::ThreadPool>(1), false);
  std::vector<float> x(4000, 0);
  const std::vector<Bound> bound{{x.data(), 16000}, {nullptr, 0}};
  for (const int count : {3, 200, 510}) {
    for (int k = 0; k < count; ++k) x[static_cast<std::size_t>(k)] = static_cast<float>(k + 1);
    ASSERT_TRUE(runner.run(bound).ok());
    ASSERT_EQ(runner.data_dependent_result(1).dims, (Dims{count, count}));
    EXPECT_EQ(reinterpret_cast<const float*>(runner.data_dependent_result(1).data.get())[count + 2], 6);
  }
  std::fill(x.begin(), x.end(), 1.0f);
  EXPECT_FALSE(runner.run(bound).ok());
  std::fill(x.begin() + 3, x.end(), 0.0f);
  EXPECT_TRUE(runner.run(bound).ok());
}

TEST(LateRuns, profiles_and_reports_list_every_layer) {
  for (const std::string& rest : {std::string(kFollowing[6]), std::string(kMixing[0])}) {
    SCOPED_TRACE(rest);
    auto engine =
        Engine::load(testing_networks::quick_plan(Network(std::make_unique<Graph>(after_filter(rest)))), {}, {});
    auto context = engine->create_context({.profile = true});
    const Buffer x = context->allocate("x");
    for (int k = 0; k < 20; ++k) x.as<float>()[k * 4] = static_cast<float>(k + 1);
    ASSERT_TRUE(context->run().ok());
    std::string timed, told;
    for (const LayerTime& t : context->profile()) {
      timed += t.op + " ";
      EXPECT_GT(t.seconds, 0) << t.layer;
    }
    for (const LayerReport& r : engine->report()) told += r.op + " ";
    for (const char* op : {"non_zero", "gather", "binary"}) {
      EXPECT_NE(timed.find(op), std::string::npos) << timed;
      EXPECT_NE(told.find(op), std::string::npos) << told;
    }
  }
}

}  // namespace
}  // namespace vireo
