// --precision bf16: other results than float32, though close; kept by the plan; refused where it can't be.

#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <filesystem>
#include <fstream>

#include "engine/base/cpu.h"
#include "engine/plan/plan_state.h"
#include "engine/plan/timing_cache.h"
#include "tests/runtime/networks.h"

namespace vireo {
namespace {

using testing_networks::ramp;

/// x [batch,64,16,16] → 3x3 convolution with stride 2, relu → 1x1 convolution → y [batch,64,8,8]: wide enough for
/// bfloat16 to pay.
Network wide(std::int64_t batch) {
  Network n;
  const auto weight = [&](const std::string& name, const Dims& dims) {
    const auto values = ramp(static_cast<std::size_t>(element_count(dims)), 0.0107f);
    return n.add_constant(name, DataType::float32, dims, values.data(), values.size() * sizeof(float));
  };
  const auto x = n.add_input("x", DataType::float32, {batch, 64, 16, 16});
  Network::Convolution halving;
  halving.pads = {1, 1, 1, 1};
  halving.strides = {2, 2};
  const auto a = n.add_convolution(x, weight("wa", {96, 64, 3, 3}), weight("ba", {96}), halving, "a");
  const auto b = n.add_layer("unary", {a}, {{"function", std::string("relu")}}, "b")[0];
  n.mark_output(n.add_convolution(b, weight("wy", {64, 96, 1, 1}), {}, {}, "last"), "y");
  return n;
}

std::vector<float> run(Engine& engine, std::int64_t batch) {
  auto context = engine.create_context();
  context->set_shape("x", {batch, 64, 16, 16});
  const Buffer in = context->allocate("x"), out = context->allocate("y");
  const std::vector<float> x = ramp(static_cast<std::size_t>(batch * 64 * 16 * 16), 0.0123f);
  std::copy(x.begin(), x.end(), in.as<float>());
  if (!context->run().ok()) return {};
  return {out.as<float>(), out.as<float>() + out.bytes() / sizeof(float)};
}

BuildOptions quick(Precision precision) {
  BuildOptions options;
  options.budget_s = 0;
  options.threads = 2;
  options.precision = precision;
  return options;
}

int bf16_layers(Engine& engine, std::int64_t batch) {
  int count = 0;
  for (const LayerReport& layer : engine.report({{"x", {batch, 64, 16, 16}}}))
    count += layer.tactic.find("bf16") != std::string::npos;
  return count;
}

double relative_l2(const std::vector<float>& a, const std::vector<float>& b) {
  double error = 0, norm = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    error += std::pow(static_cast<double>(a[i]) - b[i], 2);
    norm += std::pow(b[i], 2);
  }
  return std::sqrt(error / norm);
}

class Bf16 : public testing::Test {
 protected:
  void SetUp() override {
    if (!base::cpu_features().avx512_bf16) GTEST_SKIP() << "this processor multiplies no bfloat16";
  }
};

TEST_F(Bf16, results_are_close_to_those_of_float32_but_not_the_same) {
  auto precise = Engine::load(build(wide(2), quick(Precision::fp32)));
  auto rounded = Engine::load(build(wide(2), quick(Precision::bf16)));
  EXPECT_EQ(bf16_layers(*precise, 2), 0);
  EXPECT_GT(bf16_layers(*rounded, 2), 0);
  const auto a = run(*rounded, 2), b = run(*precise, 2);
  ASSERT_EQ(a.size(), 2u * 64 * 8 * 8);
  ASSERT_EQ(b.size(), a.size());
  EXPECT_GT(relative_l2(a, b), 0);
  EXPECT_LT(relative_l2(a, b), 1e-2);
}

TEST_F(Bf16, holds_for_shapes_that_come_after_the_plan_was_saved) {
  const auto path =
      std::filesystem::temp_directory_path() / ("vireo_precision_test_" + std::to_string(::getpid()) + ".plan");
  build(wide(kUnknown), quick(Precision::bf16)).save(path);
  auto engine = Engine::load(path);
  EXPECT_GT(bf16_layers(*engine, 3), 0);
  std::filesystem::remove(path);
}

TEST_F(Bf16, timing_keeps_its_choices_apart_from_those_of_float32) {
  const auto cache =
      std::filesystem::temp_directory_path() / ("vireo_precision_test_" + std::to_string(::getpid()) + ".cache");
  for (const Precision precision : {Precision::bf16, Precision::fp32}) {
    BuildOptions options = quick(precision);
    options.budget_s = 5;
    options.timing_cache = cache;
    const auto engine = Engine::load(build(wide(1), options));
    if (precision == Precision::fp32) {
      EXPECT_EQ(bf16_layers(*engine, 1), 0) << "a choice of the build before, which may round";
    }
  }
  const TimingCache timings = TimingCache::load(cache);
  for (const auto& [key, choice] : timings.state().devices.begin()->second)
    if (choice.tactic.find("bf16") != std::string::npos) {
      EXPECT_TRUE(key.ends_with(" bf16")) << choice.tactic << " for " << key;
    }
  std::filesystem::remove(cache);
}

TEST(Precision, that_can_not_be_had_is_refused) {
  for (const Precision precision : {Precision::fp16, Precision::int8, Precision::best})
    EXPECT_THROW((void)build(wide(1), quick(precision)), Error) << to_string(precision);
  BuildOptions both = quick(Precision::bf16);
  both.exact = true;
  EXPECT_THROW((void)build(wide(1), both), Error);
}

TEST(Precision, bf16_builds_on_every_processor) {
  auto engine = Engine::load(build(wide(1), quick(Precision::bf16)));
  EXPECT_EQ(run(*engine, 1).size(), 64u * 8 * 8);
}

}  // namespace
}  // namespace vireo
