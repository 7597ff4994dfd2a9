// What a plan holds beside its network: sections, weights, timings.

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "engine/api/log.h"
#include "engine/device/target.h"
#include "engine/plan/plan_state.h"
#include "engine/plan/timing_cache.h"
#include "tests/passes/check.h"
#include "tests/runtime/networks.h"

namespace vireo {
namespace {

namespace fs = std::filesystem;
using testing_networks::ramp;

/// Convolutions whose weights are most of the plan.
Network heavy(std::int64_t size = 16) {
  Network n;
  const auto x = n.add_input("x", DataType::float32, {1, 64, size, size});
  Network::Tensor t = x;
  for (int i = 0; i < 4; ++i) {
    const auto values = ramp(64 * 64 * 9, 0.001f * static_cast<float>(i + 1));
    const auto w = n.add_constant("w" + std::to_string(i), DataType::float32, {64, 64, 3, 3}, values.data(),
                                  values.size() * sizeof(float));
    t = n.add_convolution(t, w, {}, {.pads = {1, 1, 1, 1}}, "conv" + std::to_string(i));
  }
  n.mark_output(t, "y");
  return n;
}

class Sections : public testing::Test {
 protected:
  Sections() : folder_(fs::temp_directory_path() / ("vireo_sections_" + std::to_string(::getpid()))) {
    fs::create_directories(folder_);
  }
  ~Sections() override { fs::remove_all(folder_); }
  static BuildOptions quick() {
    BuildOptions options;
    options.budget_s = 0;
    options.threads = 2;
    return options;
  }
  static std::vector<float> run(Engine& engine) {
    const auto context = engine.create_context();
    const Buffer in = context->allocate("x"), out = context->allocate("y");
    const auto x = ramp(in.bytes() / 4);
    std::copy(x.begin(), x.end(), in.as<float>());
    EXPECT_TRUE(context->run().ok());
    return {out.as<float>(), out.as<float>() + out.bytes() / 4};
  }
  fs::path folder_;
};

TEST_F(Sections, weights_are_stored_once_unless_packed_ones_are_kept) {
  const fs::path path = folder_ / "p.plan";
  const Plan plan = build(heavy(), quick());
  const std::uint64_t weights = 4 * 64 * 64 * 9 * 4;
  EXPECT_EQ(plan.weight_bytes(), weights);
  plan.save(path);
  EXPECT_LT(static_cast<double>(fs::file_size(path)), 1.3 * static_cast<double>(weights));
  const auto wanted = run(*Engine::load(path));

  BuildOptions options = quick();
  options.keep_packed = true;
  build(heavy(), options).save(path);
  const auto both = fs::file_size(path);
  EXPECT_GT(both, 2 * weights);
  EXPECT_EQ(run(*Engine::load(path)), wanted);

  options.strip = true;
  build(heavy(), options).save(path);
  EXPECT_LT(fs::file_size(path), both - weights * 9 / 10);
  EXPECT_EQ(run(*Engine::load(path)), wanted);
}

TEST_F(Sections, a_stripped_plan_says_why_another_device_cannot_run_it) {
  BuildOptions options = quick();
  options.keep_packed = options.strip = true;
  const Plan plan = build(heavy(), options);
  Plan::State state = plan.state();
  state.sections[0].fingerprint = "another processor";
  try {
    (void)Engine::load(Plan(plan::finish(std::move(state))));
    ADD_FAILURE() << "weights that are not there were read";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::unsupported);
    EXPECT_NE(std::string(error.what()).find("stripped"), std::string::npos) << error.what();
  }
  EXPECT_THROW((void)build(testing_networks::branches(kUnknown), options), Error) << "shapes are open";
}

TEST_F(Sections, plans_of_one_file_share_what_they_hold_while_somebody_holds_it) {
  const fs::path path = folder_ / "p.plan";
  build(heavy(), quick()).save(path);
  const Plan first = Plan::load(path);
  EXPECT_EQ(&Plan::load(path).state(), &first.state());
  build(heavy(8), quick()).save(path);
  EXPECT_NE(&Plan::load(path).state(), &first.state()) << "another file of that name";
}

TEST_F(Sections, timings_of_another_number_of_workers_are_used) {
  BuildOptions options = quick();
  options.budget_s = 0.5;
  options.threads = 1;
  const Plan plan = build(heavy(), options);
  int tuned_one = 0, tuned_two = 0;
  for (const LayerReport& layer : Engine::load(plan, {}, {.threads = 1})->report()) tuned_one += layer.tuned_ms > 0;

  struct Listener final : Logger {
    void log(LogLevel, std::string_view message) noexcept override { text += message; }
    std::string text;
  } listener;
  const LogLevel level = log_level();
  set_log_level(LogLevel::info);
  Logger* before = set_logger(&listener);
  const auto engine = Engine::load(plan, {}, {.threads = 2});
  set_logger(before);
  set_log_level(level);
  for (const LayerReport& layer : engine->report()) tuned_two += layer.tuned_ms > 0;
  EXPECT_GT(tuned_one, 0);
  EXPECT_EQ(tuned_two, tuned_one);
  EXPECT_NE(listener.text.find("1 threads"), std::string::npos) << listener.text;
}

TEST_F(Sections, a_plan_takes_the_timings_that_are_its_own) {
  TimingCache cache;
  cache.state().devices["another processor"]["some problem"] = {"tactic", 1e-3, {}};
  cache.state().devices[device::host_target().fingerprint]["a problem of another network"] = {"tactic", 1e-3, {}};
  BuildOptions options = quick();
  options.budget_s = 0.3;
  options.timings = &cache;
  const Plan plan = build(heavy(), options);
  EXPECT_EQ(plan.state().sections[0].choices.count("a problem of another network"), 0u);
  EXPECT_GT(cache.size(), 2u) << "what was timed is in the cache";
  EXPECT_EQ(cache.devices().size(), 2u);
}

TEST_F(Sections, timing_caches_merge_and_keep_what_others_wrote) {
  const fs::path path = folder_ / "times.txt";
  TimingCache a, b;
  a.state().devices["one \"cpu\""]["k"] = {"x", 1, {{"y", 2}}};
  b.state().devices["other"]["k"] = {"z", 3, {}};
  a.save(path);
  b.save(path);
  const TimingCache back = TimingCache::load(path);
  EXPECT_EQ(back.size(), 2u);
  EXPECT_EQ(back.state().devices.at("one \"cpu\"").at("k").beside.at(0).first, "y");
  a.merge(back);
  EXPECT_EQ(a.size(), 2u);
  EXPECT_EQ(TimingCache::load(folder_ / "nothing").size(), 0u);
  for (const std::string text : {"vireo timings 1\n", "vireo timings for some cpu\n", "notes\n",
                                 "vireo timings 2\nchoice 1 a b\n", "vireo timings 2\ndevice \"d\"\nchoice x a b\n"}) {
    std::ofstream(path) << text;
    try {
      (void)TimingCache::load(path);
      ADD_FAILURE() << text;
    } catch (const Error& error) {
      EXPECT_NE(std::string(error.what()).find("times.txt"), std::string::npos) << error.what();
    }
  }
}

TEST_F(Sections, ranges_of_profiles_hold_when_engines_run) {
  BuildOptions options = quick();
  options.profiles = {{{"x", {1, 3, 16, 16}, {2, 3, 16, 16}, {4, 3, 16, 16}}}};
  const auto context = Engine::load(build(testing_networks::branches(kUnknown), options))->create_context();
  EXPECT_NO_THROW(context->set_shape("x", {4, 3, 16, 16}));
  try {
    context->set_shape("x", {5, 3, 16, 16});
    ADD_FAILURE() << "beyond the profile";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::invalid_argument);
    for (const char* part : {"1x3x16x16", "4x3x16x16", "5x3x16x16", "'x'"})
      EXPECT_NE(std::string(error.what()).find(part), std::string::npos) << error.what();
  }
}

TEST_F(Sections, a_limit_on_workspace_chooses_smaller_tactics) {
  // The product of two inputs packs one of them in workspace, where it may have any.
  Network n;
  const auto a = n.add_input("x", DataType::float32, {96, 128}), b = n.add_layer("transpose", {a}, {}, "b")[0];
  n.mark_output(n.add_layer("matmul", {a, b}, {}, "product")[0], "y");
  const auto wanted = run(*Engine::load(build(n, quick())));
  const auto tactic_of = [](const Plan& plan) { return Engine::load(plan)->report().back().tactic; };
  EXPECT_NE(tactic_of(build(n, quick())), "reference");
  BuildOptions options = quick();
  options.max_workspace = 64;
  const Plan limited = build(n, options);
  EXPECT_EQ(tactic_of(limited), "reference") << "which takes none";
  const auto got = run(*Engine::load(limited));
  ASSERT_EQ(got.size(), wanted.size());
  for (std::size_t i = 0; i < got.size(); ++i) ASSERT_NEAR(got[i], wanted[i], 1e-4) << i;
}

TEST_F(Sections, a_limit_on_workspace_that_nothing_fits_is_an_error_that_says_the_least_that_would_do) {
  // An enlarged picture that is written between others' channels: only kernels with scratch can.
  const Network n(std::make_unique<graph::Graph>(passes_testing::parse(R"(
graph "g"
input "x" float32 1x8x8x16
input "z" float32 1x16x16x16
const "scales" float32 4 = 1.0 2.0 2.0 1.0
"up" = resize("x", -, "scales") {mode="linear"} "up"
"act" = unary("z") {function="relu"} "act"
"y" = concat("up", "act") {axis=3} "joined"
output "y" "y"
)")));
  BuildOptions options = quick();
  EXPECT_NO_THROW((void)build(n, options));
  options.max_workspace = 1;
  std::uint64_t least = 0;
  try {
    (void)build(n, options);
    ADD_FAILURE() << "one byte was enough";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::out_of_memory);
    const std::string text = error.what();
    const std::size_t at = text.find("at least ");
    ASSERT_NE(at, std::string::npos) << text;
    least = std::stoull(text.substr(at + 9));
  }
  ASSERT_GT(least, 1u);
  options.max_workspace = least;
  EXPECT_NO_THROW((void)build(n, options));
  options.max_workspace = least - 1;
  EXPECT_THROW((void)build(n, options), Error);
}

}  // namespace
}  // namespace vireo
