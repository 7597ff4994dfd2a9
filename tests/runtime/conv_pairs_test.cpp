// Two convolutions that are added become one product where a GPU with Hopper's tensor cores runs them as launches: what
// is joined, what is left alone, and who decides. No such device is needed: kernels are chosen and prepared, not run.
#include "engine/compile/conv_pairs.h"

#include <algorithm>

#include "engine/compile/dense_problem.h"
#include "engine/compile/half.h"
#include "engine/device/opencl/launch.h"
#include "tests/passes/check.h"

namespace vireo::compile {
namespace {

using namespace passes_testing;

device::Target hopper() {
  device::Target target;
  target.name = "opencl:0";
  target.kind = "opencl";
  target.workers = 132;
  target.opencl.local_bytes = std::size_t{224} << 10;
  target.opencl.most_items = 1024;
  target.opencl.half_arithmetic = target.opencl.ptx = target.opencl.mma = target.opencl.wgmma = true;
  return target;
}

/// The first block of a stage, as ResNets have it: `conv` and `down` say what is special about its convolutions, `rest`
/// what follows.
std::string block(const std::string& conv, const std::string& down, const std::string& rest = "") {
  return "input \"x\" float32 2x13x9x64\n"
         "const \"w1\" float32 32x64x1x1 @1\nconst \"b1\" float32 32 @2\n"
         "const \"w2\" float32 96x32x1x1 @3\nconst \"b2\" float32 96 @4\n"
         "const \"wd\" float32 96x64x1x1 @5\nconst \"bd\" float32 96 @6\n"
         "\"a\" = conv(\"x\", \"w1\", \"b1\") {layout=\"nhwc\", strides=[2, 2], activation=\"relu\"} \"conv1\"\n"
         "\"r\" = conv(\"x\", \"wd\", \"bd\") {layout=\"nhwc\", strides=[2, 2]" +
         down + "} \"down\"\n\"y\" = conv(\"a\", \"w2\", \"b2\", \"r\") {layout=\"nhwc\", residual=\"before\"" + conv +
         "} \"conv2\"\noutput \"y\" \"y\"\n" + rest;
}

class ConvPairs : public testing::Test {
 protected:
  ConvPairs() { options_.target = &target_; }
  /// In float16, with and without pairs.
  [[nodiscard]] Graph half(const std::string& text) const { return with_half(parse(text), options_); }
  [[nodiscard]] bool made(const std::string& text) const { return with_conv_pairs(half(text), options_).has_value(); }

  device::Target target_ = hopper();
  CompileOptions options_{.precision = Precision::fp16};
};

const Layer* find(const Graph& graph, std::string_view op) {
  for (const LayerId id : graph.topological_order())
    if (graph.layer(id).op->name == op) return &graph.layer(id);
  return nullptr;
}

TEST_F(ConvPairs, TakeThePlaceOfAConvolutionAndTheOneThatMakesItsResidual) {
  const Graph before = half(block(", activation=\"relu\"", ""));
  const std::optional<Graph> after = with_conv_pairs(before, options_);
  ASSERT_TRUE(after);
  after->verify();
  EXPECT_EQ(after->topological_order().size() + 1, before.topological_order().size());
  const Layer* pair = find(*after, "conv_pair");
  ASSERT_NE(pair, nullptr);
  EXPECT_EQ(pair->name, "conv2 + down");
  EXPECT_EQ(pair->attributes.integers("strides2"), (std::vector<std::int64_t>{2, 2}));
  EXPECT_EQ(pair->attributes.text("activation", ""), "relu");
  EXPECT_EQ(after->tensor(pair->outputs[0]).name, "y");
  // Their biases are added in float32.
  const Constant& bias = *after->tensor(pair->inputs[4]).constant;
  ASSERT_EQ(bias.dtype, DataType::float32);
  std::vector<std::vector<double>> parts;
  for (const LayerId id : before.topological_order())
    if (before.layer(id).name == "conv2" || before.layer(id).name == "down")
      parts.push_back(to_reals(*before.tensor(before.layer(id).inputs[2]).constant));
  ASSERT_EQ(parts.size(), 2u);
  for (std::size_t i = 0; i < parts[0].size(); ++i)
    EXPECT_EQ(bias.as<float>()[i], static_cast<float>(parts[0][i]) + static_cast<float>(parts[1][i]));
  expect_equal_results(before, *after, 1e-3);
}

TEST_F(ConvPairs, HaveAnyWindowsPaddingsAndBiases) {
  const std::string text =
      "input \"x\" float32 1x8x7x24\nconst \"w2\" float32 40x24x3x3 @3\nconst \"wd\" float32 40x24x5x5 @5\n"
      "const \"bd\" float32 40 @6\n"
      "\"r\" = conv(\"x\", \"wd\", \"bd\") {layout=\"nhwc\", auto_pad=\"SAME_UPPER\"} \"down\"\n"
      "\"y\" = conv(\"x\", \"w2\", -, \"r\") {layout=\"nhwc\", pads=[2, 2, 2, 2], dilations=[2, 2], "
      "residual=\"after\"} "
      "\"conv2\"\noutput \"y\" \"y\"\n";
  const Graph before = half(text);
  const std::optional<Graph> after = with_conv_pairs(before, options_);
  ASSERT_TRUE(after);
  EXPECT_EQ(find(*after, "conv"), nullptr);
  expect_equal_results(before, *after, 1e-3);
}

TEST_F(ConvPairs, AreLaunchedByTheSegmentUnderBothNames) {
  const device::Program program = compile(parse(block(", activation=\"relu\"", "")), options_);
  ASSERT_EQ(program.segments.size(), 1u);
  const auto& steps = program.segments[0]->steps;
  const auto pair = std::ranges::find(steps, "conv2 + down", &device::Step::layer);
  ASSERT_NE(pair, steps.end());
  EXPECT_TRUE(pair->tactic.starts_with("conv_pair_wgmma_")) << pair->tactic;
  const auto* launch = pair->launch.as<device::OpenclLaunch>();
  ASSERT_NE(launch, nullptr);
  EXPECT_EQ(launch->maps.size(), 4u);  // two tensors, weights, output
  EXPECT_FALSE(launch->maps[0].im2col);
  EXPECT_TRUE(launch->maps[3].im2col);
  EXPECT_EQ(launch->maps[3].index, 2);
  EXPECT_EQ(launch->maps[1].dims, (std::vector<std::uint64_t>{128, 96}));  // 32 channels, as 64, and 64
}

TEST_F(ConvPairs, AreNotMadeWhereSomebodyElseReadsTheResidual) {
  EXPECT_TRUE(made(block("", "")));
  EXPECT_FALSE(made(block("", "", "output \"r\" \"r\"\n")));
  EXPECT_FALSE(made(block("", "", "\"z\" = unary(\"r\") {function=\"relu\"} \"also\"\noutput \"z\" \"z\"\n")));
}

TEST_F(ConvPairs, AreNotMadeOfWhatIsNoSumOfTwoProducts) {
  EXPECT_FALSE(made(block("", ", activation=\"relu\""))) << "the residual's activation comes before the sum";
  std::string after = block(", activation=\"relu\"", "");
  after.replace(after.find("before"), 6, "after");
  EXPECT_FALSE(made(after)) << "the residual is added behind the activation";
  std::string narrow = block("", "");
  for (const char* name : {"wd\" float32 96x", "bd\" float32 96"}) narrow.replace(narrow.find(name) + 12, 2, "64");
  EXPECT_FALSE(made(narrow)) << "a residual of fewer channels";
  std::string grouped = block("", "");
  grouped.replace(grouped.find("96x64x1x1"), 9, "96x32x1x1");
  grouped.insert(grouped.find("\"down\"") - 2, ", group=2");
  EXPECT_FALSE(made(grouped));
}

TEST_F(ConvPairs, AreNotMadeWhereNoKernelTakesThem) {
  const std::string text = block("", "");
  target_.opencl.wgmma = false;
  EXPECT_FALSE(made(text));
  target_ = hopper();
  const Graph converted = half(text);
  target_.opencl.resident_groups = 132;
  EXPECT_FALSE(with_conv_pairs(converted, options_)) << "parts of plan kernels run side by side";
  options_.target = &device::host_target();
  EXPECT_FALSE(with_conv_pairs(converted, options_));
}

TEST_F(ConvPairs, AreDecidedByWhatWasMeasuredWhereAllThreeWere) {
  const Graph before = half(block("", ""));
  const Graph after = *with_conv_pairs(before, options_);
  plan::Choices choices;
  const auto measure = [&](const Graph& graph, std::string_view layer, double seconds) {
    for (const LayerId id : graph.topological_order())
      if (graph.layer(id).name == layer)
        choices[choice_key(dense_problem(graph, id, options_), options_)] = {"conv_wgmma_64x64_opencl", seconds};
  };
  options_.choices = &choices;
  std::set<std::string> asked;
  options_.asked = &asked;
  measure(before, "conv2", 3e-6);
  measure(before, "down", 4e-6);
  EXPECT_TRUE(with_conv_pairs(before, options_)) << "the pair's time is not known";
  measure(after, "conv2 + down", 8e-6);
  EXPECT_FALSE(with_conv_pairs(before, options_));
  measure(after, "conv2 + down", 6e-6);
  EXPECT_TRUE(with_conv_pairs(before, options_));
  EXPECT_EQ(asked.size(), 3u) << "a plan keeps what decided";
}

}  // namespace
}  // namespace vireo::compile
