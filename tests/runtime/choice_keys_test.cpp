// What timings are kept under: builds that permit other tactics don't share them.

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "engine/compile/lower.h"
#include "engine/graph/operator.h"
#include "engine/plan/plan_state.h"
#include "engine/plan/timing_cache.h"
#include "engine/tune/timing.h"
#include "tests/runtime/networks.h"

namespace vireo {
namespace {

namespace fs = std::filesystem;

/// x [1,32,24,24] → 3x3 convolution, where Winograd is a candidate.
Network one_convolution() {
  Network n;
  const auto values = testing_networks::ramp(32 * 32 * 9);
  const auto x = n.add_input("x", DataType::float32, {1, 32, 24, 24});
  const auto w = n.add_constant("w", DataType::float32, {32, 32, 3, 3}, values.data(), values.size() * sizeof(float));
  n.mark_output(n.add_convolution(x, w, {}, {.pads = {1, 1, 1, 1}}, "conv"), "y");
  return n;
}

class ChoiceKeys : public testing::Test {
 protected:
  void SetUp() override { cache_ = fs::temp_directory_path() / ("vireo_choices_" + std::to_string(getpid()) + ".txt"); }
  void TearDown() override { fs::remove(cache_); }
  Plan make(bool exact) const {
    BuildOptions options;
    options.budget_s = 0.3;
    options.threads = 1;
    options.exact = exact;
    options.timing_cache = cache_;
    return build(one_convolution(), options);
  }
  /// What the cache has for convolutions, by problem.
  [[nodiscard]] plan::Choices choices() const {
    plan::Choices list;
    const TimingCache cache = TimingCache::load(cache_);
    for (const auto& [key, choice] : cache.state().devices.begin()->second)
      if (key.rfind("conv ", 0) == 0) list[key] = choice;
    return list;
  }
  [[nodiscard]] std::set<std::string> keys() const {
    std::set<std::string> list;
    for (const auto& [key, choice] : choices()) list.insert(key);
    return list;
  }
  /// The convolution of a plan, timed here: one candidate, with nothing beside it, on some processors.
  static plan::Choice timed(const Plan& plan, bool exact) {
    compile::CompileOptions options;
    options.exact = exact;
    const graph::Graph g =
        compile::specialise(compile::lower(plan.state(), plan.state().sections.front()), {}, options);
    for (const compile::LayerProblem& layer : compile::problems(g, options))
      if (layer.problem.op->name == "conv")
        return tune::time_problem(layer.problem, options, std::make_shared<device::ThreadPool>(1), 0.05);
    ADD_FAILURE() << "the plan has no convolution";
    return {};
  }
  fs::path cache_;
};

TEST_F(ChoiceKeys, of_exact_builds_are_their_own) {
  (void)make(false);
  const std::set<std::string> inexact = keys();
  ASSERT_FALSE(inexact.empty());
  const Plan plan = make(true);
  const std::set<std::string> both = keys();
  for (const std::string& key : inexact) {
    EXPECT_TRUE(both.contains(key)) << key;
    EXPECT_FALSE(key.ends_with(" exact")) << key;
  }
  std::size_t exact = 0;
  for (const auto& [key, choice] : choices()) {
    if (inexact.contains(key)) continue;
    ++exact;
    EXPECT_TRUE(key.ends_with(" exact")) << key;
    EXPECT_EQ(choice.tactic.find("winograd"), std::string::npos) << key;
  }
  if (!timed(plan, true).beside.empty()) {
    EXPECT_GT(exact, 0u) << "the exact build timed for itself";
  }
  (void)make(false);
  EXPECT_EQ(keys(), both) << "both are known now";
}

TEST_F(ChoiceKeys, keep_what_was_timed_beside_the_choice) {
  const Plan plan = make(false);
  const auto engine = Engine::load(plan, {}, {.threads = 1});
  std::size_t beside = 0;
  for (const LayerReport& layer : engine->report())
    for (const auto& [tactic, ms] : layer.beside) {
      EXPECT_GT(ms, 0);
      EXPECT_NE(tactic, layer.tactic);
      EXPECT_GT(ms * 1.04, layer.tuned_ms) << tactic << " was faster by more than the margin";
      ++beside;
    }
  EXPECT_GT(beside, 0u);
  const std::string body = plan::choices_text(TimingCache::load(cache_).state().devices.begin()->second);
  EXPECT_EQ(plan::choices_text(plan::parse_choices(body)), body);
  EXPECT_THROW((void)plan::parse_choices("beside 0.1 conv_direct_avx2\n"), Error) << "behind no choice";
}

TEST_F(ChoiceKeys, of_an_exact_build_hold_in_its_plan) {
  const Plan plan = make(true);
  const auto engine = Engine::load(plan, {}, {.threads = 1});
  const plan::Choice choice = timed(plan, true);
  bool tuned = false, only = false;
  std::string tactics;
  for (const LayerReport& layer : engine->report()) {
    tuned |= layer.tuned_ms > 0;
    only |= layer.tactic.find(choice.tactic) != std::string::npos;  // alone or in a group
    tactics += layer.tactic + "\n";
    EXPECT_EQ(layer.tactic.find("winograd"), std::string::npos);
  }
  if (choice.beside.empty()) {
    EXPECT_TRUE(only) << "there is nothing but " << choice.tactic << ", found\n" << tactics;
  } else {
    EXPECT_TRUE(tuned) << choice.tactic << " and others were there to be timed";
  }
}

}  // namespace
}  // namespace vireo
