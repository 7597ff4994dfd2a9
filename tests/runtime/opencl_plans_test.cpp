// Plans and tactics for the first OpenCL device: sections, timings, kernels that don't compile.

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "engine/api/log.h"
#include "engine/compile/tactic_sources.h"
#include "engine/device/opencl/launch.h"
#include "engine/plan/plan_state.h"
#include "engine/plan/timing_cache.h"
#include "tests/runtime/opencl_networks.h"

namespace vireo {
namespace {

namespace fs = std::filesystem;
using namespace testing_networks;

class OpenclPlans : public testing::WithOpencl {
 protected:
  OpenclPlans() : path_(fs::temp_directory_path() / ("vireo_opencl_" + std::to_string(::getpid()))) {}
  ~OpenclPlans() override { fs::remove(path_); }
  fs::path path_;
};

TEST_F(OpenclPlans, hold_a_section_for_each_device_that_is_found_by_its_fingerprint) {
  build(varied(), quick(Precision::fp16, {"cpu", "opencl:0"})).save(path_);
  const Plan plan = Plan::load(path_);
  ASSERT_EQ(plan.sections().size(), 2u);
  EXPECT_EQ(plan.sections()[0].device, "cpu");
  EXPECT_EQ(plan.sections()[0].precision, Precision::fp32) << "float16 is not for the CPU";
  EXPECT_EQ(plan.sections()[1].device, "opencl:0");
  EXPECT_EQ(plan.sections()[1].precision, Precision::fp16);
  EXPECT_EQ(plan.sections()[1].fingerprint, device::open("opencl:0")->target().fingerprint);
  const auto x = ramp(kIn, 0.01f), wanted = on_cpu(varied(), x);
  const auto precise = run(*on_opencl(varied()), x);
  EXPECT_LT(relative_l2(run(*Engine::load(plan, {}, {.threads = 2}), x), wanted), 1e-5);
  const auto rounded = run(*Engine::load(plan, kOpencl, {.threads = 2}), x);
  EXPECT_LT(relative_l2(rounded, wanted), kHalf);
  EXPECT_NE(rounded, precise);
  // Built for another device of the kind: what it chose does not hold here.
  Plan::State state = plan.state();
  state.sections[1].fingerprint = "opencl another device";
  EXPECT_EQ(run(*Engine::load(Plan(plan::finish(std::move(state))), kOpencl, {.threads = 2}), x), precise);
}

/// The kernel of `unary` under another name, so that there are two to choose from.
class Twin final : public compile::TacticSource {
 public:
  [[nodiscard]] std::span<const graph::Tactic> tactics(const graph::Operator& op) const override {
    static const graph::Tactic twin = [] {
      graph::Tactic tactic;
      for (const graph::Tactic& own : ops::find_operator("unary")->tactics())
        if (own.device == "opencl") tactic = own;
      tactic.name = "twin_opencl";
      return tactic;
    }();
    if (op.name != "unary") return {};
    return {&twin, 1};
  }
};

TEST_F(OpenclPlans, take_timings_of_this_device_from_the_cache) {
  const auto source = std::make_shared<Twin>();
  compile::add_tactic_source(source);
  Network network = parsed(R"(
graph "g"
input "x" float32 1x3x16x16
"y" = unary("x") {function="tanh"} "tanh"
output "y" "y"
)");
  BuildOptions options = quick();
  options.budget_s = 2;
  options.timing_cache = path_;
  const Plan plan = build(network, options);
  EXPECT_EQ(plan.sections()[0].tactics, 1u);
  EXPECT_EQ(TimingCache::load(path_).devices(),
            std::vector<std::string>{device::open("opencl:0")->target().fingerprint});
  const auto report = Engine::load(plan, kOpencl, {.threads = 2})->report();
  ASSERT_EQ(report.size(), 1u);
  EXPECT_GT(report[0].tuned_ms, 0);
  EXPECT_EQ(report[0].beside.size(), 1u);
  options.budget_s = 0;
  const Plan again = build(network, options);
  EXPECT_EQ(again.sections()[0].tactics, 1u);
  EXPECT_EQ(Engine::load(again, kOpencl, {.threads = 2})->report()[0].tuned_ms, report[0].tuned_ms);
  const auto x = ramp(kIn, 0.1f);
  EXPECT_LT(relative_l2(run(*Engine::load(again, kOpencl, {.threads = 2}), x), on_cpu(network, x)), kFloat);
  compile::remove_tactic_source(*source);
}

/// A tactic for `unary` on OpenCL devices whose kernel is no OpenCL C.
class Broken final : public compile::TacticSource {
 public:
  [[nodiscard]] std::span<const graph::Tactic> tactics(const graph::Operator& op) const override {
    static const graph::Tactic broken[] = {{.name = "broken_opencl",
                                            .refuse = [](const graph::Problem&) { return std::string(); },
                                            .prepare = prepare,
                                            .device = "opencl"}};
    if (op.name != "unary") return {};
    return broken;
  }

 private:
  static graph::Launch prepare(const graph::Problem&) {
    device::OpenclLaunch launch;
    device::OpenclKernel kernel;
    kernel.source = "kernel void f(global float* y) { y[0] = no_such_function_anywhere(1); }";
    kernel.entry = "f";
    launch.kernels.push_back(std::move(kernel));
    return launch;
  }
};

TEST_F(OpenclPlans, a_kernel_that_does_not_compile_is_told_with_the_compilers_words_and_loses_where_timed) {
  const auto source = std::make_shared<Broken>();
  compile::add_tactic_source(source);
  Network network = parsed(R"(
graph "g"
input "x" float32 1x3x16x16
"y" = unary("x") {function="relu"} "relu"
output "y" "y"
)");
  try {
    (void)on_opencl(network)->create_context()->allocate("x");
    ADD_FAILURE() << "it compiled";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::unsupported) << error.what();
    EXPECT_NE(std::string(error.what()).find("no_such_function_anywhere"), std::string::npos) << error.what();
  }
  const LogLevel level = log_level();
  set_log_level(LogLevel::off);
  BuildOptions options = quick();
  options.budget_s = 1;
  const auto engine = Engine::load(build(network, options), kOpencl, {.threads = 2});
  set_log_level(level);
  EXPECT_EQ(engine->report().front().tactic.find("broken"), std::string::npos);
  const auto x = ramp(kIn, 0.1f);
  EXPECT_EQ(run(*engine, x), on_cpu(network, x));
  compile::remove_tactic_source(*source);
}

TEST_F(OpenclPlans, builds_tell_what_they_compile_and_end_when_they_are_not_wanted_any_more) {
  BuildOptions options = quick();
  options.profiles = {{{"x", {2, 3, 16, 16}, {2, 3, 16, 16}, {2, 3, 16, 16}}},
                      {{"x", {1, 3, 16, 16}, {1, 3, 16, 16}, {1, 3, 16, 16}}}};
  Network network = parsed(R"(
graph "g"
input "x" float32 ?x3x16x16
"y" = unary("x") {function="tanh"} "tanh"
output "y" "y"
)");
  std::vector<std::string> stages;
  double most = 0;
  (void)build(network, options, [&](std::string_view stage, double fraction) {
    if (stages.empty() || stages.back() != stage) stages.emplace_back(stage);
    most = std::max(most, fraction);
    return true;
  });
  EXPECT_EQ(stages, (std::vector<std::string>{"optimising", "compiling 1 of 2", "compiling 2 of 2"}));
  EXPECT_EQ(most, 1);
  for (const std::string_view at : {"optimising", "compiling 1 of 2", "compiling 2 of 2"}) try {
      (void)build(network, options, [&](std::string_view stage, double) { return stage != at; });
      ADD_FAILURE() << "not cancelled at " << at;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::cancelled) << error.what();
    }
}

}  // namespace
}  // namespace vireo
