// A fixed few hundred random networks, built and unbuilt. `random_graphs --seed S --count N` runs others.

#include <gtest/gtest.h>

#include "engine/api/log.h"
#include "tests/graphs/check_graph.h"

namespace vireo::graphs_testing {
namespace {

TEST(RandomGraphs, give_the_same_built_and_unbuilt) {
  set_log_level(LogLevel::off);
  std::int64_t elements = 0, unchecked = 0;
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    const Mode mode = random_mode(seed);
    const Sample sample = random_graph(seed);
    const Verdict verdict = check_graph(sample, mode);
    elements += verdict.elements;
    unchecked += verdict.unchecked;
    EXPECT_EQ(verdict.failure, "") << "seed " << seed << ", " << mode.to_string() << "; `random_graphs --seed " << seed
                                   << " --count 1 --shrink --isolate` says more";
  }
  EXPECT_LT(20 * unchecked, elements) << "too much of what was computed is too unstable to be compared";
}

TEST(RandomGraphs, are_the_same_for_the_same_seed) {
  for (const std::uint64_t seed : {1u, 7u, 1000u})
    EXPECT_EQ(random_graph(seed).graph.dump(), random_graph(seed).graph.dump());
}

}  // namespace
}  // namespace vireo::graphs_testing
