// Winograd's tile sizes: their error with a layer's own weights, and who is let in by it.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <map>

#include "engine/graph/evaluate.h"
#include "engine/graph/packed_weights.h"
#include "engine/ops/conv/conv.h"
#include "engine/ops/table.h"
#include "tests/kernels/run_launch.h"

namespace {

using namespace vireo;

constexpr int kSizes[] = {2, 4, 6};

/// A convolution 3x3 of a 12x12 map with these weights.
struct Layer {
  graph::Graph graph;
  graph::Problem problem;

  explicit Layer(const graph::ConstantPtr& weights) {
    const Dims &w = weights->dims, x{1, 12, 12, w[1]}, y{1, 12, 12, w[0]};
    graph::Attributes attributes;
    attributes.set("layout", std::string("nhwc"));
    attributes.set("pads", std::vector<std::int64_t>{1, 1, 1, 1});
    const graph::Operator& op = *ops::find_operator("conv");
    const graph::LayerId id = graph.add_layer(
        op, "layer", {graph.add_input("x", DataType::float32, x), graph.add_constant("w", weights)}, attributes);
    problem.op = &op;
    problem.attributes = &graph.layer(id).attributes;
    problem.inputs = {{DataType::float32, x, x.back(), nullptr}, {DataType::float32, w, w.back(), weights}};
    problem.outputs = {{DataType::float32, y, y.back(), nullptr}};
  }
};

template <typename F>
graph::ConstantPtr weights_of(std::int64_t cout, std::int64_t cin, F&& value) {
  graph::MutableConstant weights = graph::new_constant(DataType::float32, {cout, cin, 3, 3});
  for (std::int64_t i = 0; i < weights.constant->count(); ++i) weights.as<float>()[i] = value(i);
  return weights.constant;
}
graph::ConstantPtr noise(std::int64_t cout, std::int64_t cin, float scale) {
  std::mt19937 random(5);
  std::normal_distribution<float> normal(0, 1);
  return weights_of(cout, cin, [&](std::int64_t) { return normal(random) * scale; });
}

/// Counts what is measured, and keeps it.
class CountingStore : public graph::PackedWeights {
 public:
  std::shared_ptr<const std::byte> get(const std::string& key, std::size_t bytes,
                                       const graph::FillPacked& fill) override {
    auto& block = blocks_[key];
    if (!block) {
      const std::shared_ptr<std::byte> fresh = base::allocate_aligned(bytes);
      fill(fresh.get());
      block = fresh;
      ++filled;
    }
    return block;
  }
  int filled = 0;

 private:
  std::map<std::string, std::shared_ptr<const std::byte>> blocks_;
};

TEST(WinogradError, grows_with_the_tile_and_not_with_the_scale_of_the_weights) {
  for (const std::int64_t channels : {8, 64, 512}) {
    double before = 1e-8;
    for (const int out : kSizes) {
      const double error = ops::winograd_error(*noise(20, channels, 1), out);
      std::printf("%d channels, F(%dx%d,3x3): %.2e\n", static_cast<int>(channels), out, out, error);
      EXPECT_GT(error, before);
      EXPECT_LT(error, ops::kWinogradError);
      EXPECT_EQ(error, ops::winograd_error(*noise(20, channels, 1.0f / 1024), out))
          << "a power of two changes no rounding";
      before = error;
    }
  }
}

TEST(WinogradError, of_weights_that_are_all_zero_is_none) {
  for (const int out : kSizes)
    EXPECT_EQ(ops::winograd_error(*weights_of(8, 8, [](std::int64_t) { return 0.0f; }), out), 0);
}

/// What the error says holds for whole layers through every tactic: measured on other inputs, all channels, within a
/// factor.
TEST(WinogradError, is_that_of_the_tactics) {
  const Layer layer(noise(24, 40, 1));
  std::mt19937 random(9);
  std::uniform_real_distribution<float> uniform(-1, 1);
  std::vector<float> x(12 * 12 * 40), expected(12 * 12 * 24);
  for (float& v : x) v = std::max(uniform(random), 0.0f);
  const void* from[] = {x.data(), layer.problem.inputs[1].constant->read()};
  void* to = expected.data();
  graph::run_reference(layer.problem, from, &to);
  int runs = 0;
  for (const graph::Tactic& tactic : layer.problem.op->tactics()) {
    if (!tactic.name.starts_with("conv_winograd_") || !tests::available(tactic)) continue;
    SCOPED_TRACE(std::string(tactic.name));
    const int out = tactic.name[std::string_view("conv_winograd_").size()] - '0';
    ASSERT_EQ(tactic.refuse(layer.problem), "");
    ASSERT_EQ(tactic.admit(layer.problem), "");
    EXPECT_FALSE(tactic.exact);
    std::vector<float> y(expected.size());
    std::vector<void*> outputs{y.data()};
    tests::run_launch(tactic.prepare(layer.problem), {x.data(), nullptr}, outputs, random);
    double error = 0, norm = 0;
    for (std::size_t i = 0; i < y.size(); ++i) {
      error += (static_cast<double>(y[i]) - expected[i]) * (static_cast<double>(y[i]) - expected[i]);
      norm += static_cast<double>(expected[i]) * expected[i];
    }
    const double measured = ops::winograd_error(*layer.problem.inputs[1].constant, out);
    EXPECT_LT(std::sqrt(error / norm), 3 * measured);
    EXPECT_GT(std::sqrt(error / norm), measured / 3);
    ++runs;
  }
  EXPECT_GE(runs, 3);
}

void expect_refused(const graph::ConstantPtr& weights, int out, bool refused) {
  const Layer layer(weights);
  const std::string why = ops::admit_winograd(layer.problem, out);
  EXPECT_EQ(!why.empty(), refused) << "F(" << out << "x" << out << "): " << why;
  if (refused) {
    EXPECT_NE(why.find("relative error with these weights"), std::string::npos) << why;
  }
}

TEST(WinogradGuard, lets_usual_weights_in) {
  for (const int out : kSizes) expect_refused(noise(32, 128, 0.05f), out, false);
}

TEST(WinogradGuard, refuses_weights_whose_points_leave_the_range_of_float) {
  for (const int out : kSizes) {
    expect_refused(noise(8, 16, 1e38f), out, true);   // sums of points overflow
    expect_refused(noise(8, 16, 1e-42f), out, true);  // points lose their digits
  }
}

TEST(WinogradGuard, refuses_weights_that_are_not_numbers) {
  const auto weights = weights_of(8, 8, [](std::int64_t i) { return i == 100 ? NAN : 1.0f; });
  for (const int out : kSizes) expect_refused(weights, out, true);
}

/// Sums of thousands of terms of like sign: the error of the large tiles passes the bound first.
TEST(WinogradGuard, refuses_only_the_tiles_whose_error_is_too_large) {
  const auto weights = noise(8, 8192, 1);
  for (const int out : kSizes)
    std::printf("8192 channels, F(%dx%d,3x3): %.2e\n", out, out, ops::winograd_error(*weights, out));
  expect_refused(weights, 6, true);
  expect_refused(weights, 2, false);
}

TEST(WinogradGuard, measures_once_and_keeps_it) {
  Layer layer(noise(16, 16, 1));
  CountingStore store;
  layer.problem.packs = &store;
  for (int again = 0; again < 3; ++again)
    for (const int out : kSizes) EXPECT_EQ(ops::admit_winograd(layer.problem, out), "");
  EXPECT_EQ(store.filled, 3);
}

}  // namespace
