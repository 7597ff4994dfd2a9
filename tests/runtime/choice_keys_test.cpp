// What timings are kept under: builds that permit other tactics don't share them.

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "engine/build/plan_state.h"
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
  /// Problems of convolutions that the cache has a choice for.
  [[nodiscard]] std::set<std::string> keys() const {
    std::ifstream file(cache_);
    std::string text((std::istreambuf_iterator<char>(file)), {});
    std::set<std::string> keys;
    for (const auto& [key, choice] : builder::parse_choices(text.substr(text.find('\n') + 1)))
      if (key.rfind("conv ", 0) == 0) keys.insert(key);
    return keys;
  }
  fs::path cache_;
};

TEST_F(ChoiceKeys, of_exact_builds_are_their_own) {
  (void)make(false);
  const std::set<std::string> inexact = keys();
  ASSERT_FALSE(inexact.empty());
  (void)make(true);
  const std::set<std::string> both = keys();
  EXPECT_EQ(both.size(), 2 * inexact.size()) << "the exact build timed for itself";
  for (const std::string& key : inexact) EXPECT_TRUE(both.contains(key)) << key;
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
  std::ifstream file(cache_);
  const std::string text((std::istreambuf_iterator<char>(file)), {}), body = text.substr(text.find('\n') + 1);
  EXPECT_EQ(builder::choices_text(builder::parse_choices(body)), body);
  EXPECT_THROW((void)builder::parse_choices("beside 0.1 conv_direct_avx2\n"), Error) << "behind no choice";
}

TEST_F(ChoiceKeys, of_an_exact_build_hold_in_its_plan) {
  const Plan plan = make(true);
  const auto engine = Engine::load(plan, {}, {.threads = 1});
  bool tuned = false;
  for (const LayerReport& layer : engine->report()) {
    tuned |= layer.tuned_ms > 0;
    EXPECT_EQ(layer.tactic.find("winograd"), std::string::npos);
  }
  EXPECT_TRUE(tuned);
}

}  // namespace
}  // namespace vireo
