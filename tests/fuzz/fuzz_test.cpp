// A fixed two thousand mutated models and plans; `fuzz_models --seed S --count N` runs others.

#include <gtest/gtest.h>
#include <unistd.h>

#include "tests/fuzz/fuzz.h"
#include "tests/import/model.h"

namespace vireo::fuzz_testing {
namespace {

namespace fs = std::filesystem;

class Fuzz : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::temp_directory_path() / ("vireo_fuzz_" + std::to_string(getpid()));
    fs::create_directories(folder_);
    seeds_ = make_seeds({}, folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }
  fs::path folder_;
  Seeds seeds_;
};

TEST_F(Fuzz, starts_from_sound_models_and_plans) {
  EXPECT_GT(seeds_.models.size(), 200u);
  ASSERT_GT(seeds_.plans.size(), 10u);
  for (const std::string& plan : seeds_.plans) {
    bool refused = true;
    EXPECT_EQ(try_input(
                  {true, resealed(plan, network_of(plan), tuning_of(plan))}, folder_, [](Stage) {}, refused),
              "");
    EXPECT_FALSE(refused) << "a plan whose texts were not altered is a plan";
  }
}

TEST_F(Fuzz, mutated_models_and_plans_do_no_harm) {
  const Settings settings{.seed = 20260101, .count = 2000, .folder = folder_};
  const Totals totals = fuzz(seeds_, settings, [](const Failure& failure) {
    ADD_FAILURE() << failure.what << "\n`fuzz_models --seed 20260101 --first " << failure.number
                  << " --count 1` repeats it";
  });
  EXPECT_EQ(totals.tried, settings.count);
  EXPECT_LT(totals.refused, totals.tried * 9 / 10) << "mutations that are all refused at once find nothing behind that";
}

}  // namespace
}  // namespace vireo::fuzz_testing
