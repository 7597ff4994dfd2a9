// Layouts of whole networks: what measured seconds decide, that the decision is kept and carried out, and that results
// don't depend on it.

#include "engine/compile/lower.h"
#include "engine/tune/formats.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <filesystem>
#include <fstream>

#include "engine/passes/layout.h"
#include "engine/tune/format_model.h"
#include "tests/passes/check.h"
#include "tests/runtime/networks.h"

namespace vireo::tune {
namespace {

namespace fs = std::filesystem;
using graph::Graph;

/// x → so many 1x1 convolutions with tanh → y, as it is when layouts are chosen.
Graph convolutions(int count) {
  std::string text = "graph \"g\"\ninput \"x\" float32 1x32x64x64\nconst \"w\" float32 32x32x1x1 @1\n", from = "x";
  for (int i = 0; i < count; ++i) {
    const std::string c = "c" + std::to_string(i), t = "t" + std::to_string(i);
    text += "\"" + c + "\" = conv(\"" + from + "\", \"w\") \"" + c + "\"\n";
    text += "\"" + t + "\" = unary(\"" + c + "\") {function=\"tanh\"} \"" + t + "\"\n";
    from = t;
  }
  Graph graph = passes_testing::parse(text + "output \"" + from + "\" \"y\"\n");
  passes::PassOptions options;
  for (std::string& name : compile::format_passes()) options.disabled.insert(std::move(name));
  passes::run_passes(graph, options);
  return graph;
}

/// What would have been measured: seconds of every kernel with channels first and last, and of every reorder.
plan::Choices measured(const Graph& graph, double first, double last, double reorder) {
  plan::Choices choices;
  const FormatModel model = format_model(graph, {.workers = 2});
  for (const FormatLayer& layer : model.layers) {
    choices[layer.either[0]->key] = {"first", first};
    choices[layer.either[1]->key] = {"last", last};
  }
  for (const std::vector<Reformat>& tensor : model.reformats)
    for (const Reformat& reformat : tensor)
      for (const auto& step : reformat.steps) choices[step->key] = {"transpose_copies", reorder};
  return choices;
}

/// One letter a layer: f or l.
std::string decided(Graph& graph, plan::Choices& choices, double budget_s = 0) {
  std::string text;
  for (const LayoutReport& report : choose_formats(graph, {{}, {.workers = 2}, budget_s}, choices, {}))
    text += report.channels_last ? "l" : "f";
  return text;
}
std::string decided_by(int layers, double first, double last, double reorder) {
  Graph graph = convolutions(layers);
  plan::Choices choices = measured(graph, first, last, reorder);
  return decided(graph, choices);
}

TEST(LayoutChoice, ChannelsStayFirstWhereReordersCostMoreThanTheyBring) {
  EXPECT_EQ(decided_by(1, 100e-6, 80e-6, 25e-6), "f");
  EXPECT_EQ(decided_by(1, 100e-6, 80e-6, 5e-6), "l");
}

TEST(LayoutChoice, ReordersAtTheEndsOfAChainAreSharedByAllOfIt) {
  EXPECT_EQ(decided_by(3, 100e-6, 80e-6, 25e-6), "lll");
}

TEST(LayoutChoice, ChannelsLastAreKeptWithinAMarginAndWhereHardlyAnythingIsSaved) {
  EXPECT_EQ(decided_by(1, 100e-6, 92e-6, 5e-6), "l");
  EXPECT_EQ(decided_by(1, 100e-6, 95e-6, 5e-6), "f");
  EXPECT_EQ(decided_by(1, 10e-6, 9.5e-6, 0.5e-6), "l");
}

TEST(LayoutChoice, LayersThatKeepTheirChannelsFirstSayItAndThePassLeavesThem) {
  Graph graph = convolutions(1);
  plan::Choices choices = measured(graph, 100e-6, 80e-6, 25e-6);
  const std::vector<LayoutReport> reports = choose_formats(graph, {{}, {.workers = 2}, 0}, choices, {});
  ASSERT_EQ(reports.size(), 1u);
  EXPECT_FALSE(reports[0].channels_last);
  EXPECT_EQ(reports[0].layer, "c0");
  EXPECT_NEAR(reports[0].first.kernel_ms, 0.1, 1e-9);
  EXPECT_NEAR(reports[0].last.kernel_ms, 0.08, 1e-9);
  EXPECT_NEAR(reports[0].first.reorders_ms, 0, 1e-9);
  EXPECT_NEAR(reports[0].last.reorders_ms, 0.05, 1e-9);
  EXPECT_TRUE(reports[0].first.measured && reports[0].last.measured);
  const Graph before = convolutions(1);
  passes::run_passes(graph);
  EXPECT_EQ(passes_testing::summary(graph), "1 conv(x, 32x32x1x1) activation=tanh layout=nchw\noutputs 1\n");
  passes_testing::expect_equal_results(before, graph);
}

TEST(LayoutChoice, ADecisionHoldsForWhoeverHasTheTimings) {
  Graph graph = convolutions(2), again = convolutions(2);
  plan::Choices choices;
  const std::string first = decided(graph, choices, 0.5);
  EXPECT_EQ(first.size(), 2u);
  const std::size_t known = choices.size();
  EXPECT_GT(known, 1u) << "nothing was timed";
  // Now everything speaks against it; what was decided stays.
  const bool last = first[0] == 'l';
  for (auto& [key, seconds] : measured(again, last ? 1e-9 : 1, last ? 1 : 1e-9, 1e-9)) choices[key] = seconds;
  const std::size_t timed = choices.size();
  EXPECT_EQ(decided(again, choices, 0.5), first);
  EXPECT_EQ(choices.size(), timed) << "it was timed again";
}

TEST(LayoutChoice, WithoutABudgetNothingIsTimed) {
  Graph graph = convolutions(2);
  plan::Choices choices;
  const std::string predicted = decided(graph, choices);
  EXPECT_TRUE(choices.empty());
  Graph again = convolutions(2);
  EXPECT_EQ(decided(again, choices), predicted);
}

TEST(LayoutChoice, ACancelledBuildEndsWhileLayoutsAreTimed) {
  Graph graph = convolutions(1);
  plan::Choices choices;
  const Progress refuse = [](std::string_view stage, double) { return stage != "timing layouts"; };
  EXPECT_THROW((void)choose_formats(graph, {{}, {.workers = 2}, 1}, choices, refuse), Error);
}

/// What the passes make of x → 1x1 convolution → tanh → resize by this factor → y.
std::string resized(double factor, plan::Choices choices = {}) {
  const std::string scale = base::str(factor);
  const std::string text =
      "graph \"g\"\ninput \"x\" float32 1x64x64x64\nconst \"w\" float32 24x64x1x1 @1\n"
      "const \"s\" float32 4 = 1 1 " +
      scale + " " + scale +
      "\n"
      "\"c\" = conv(\"x\", \"w\") \"c\"\n"
      "\"r\" = resize(\"c\", -, \"s\") {mode=\"nearest\"} \"r\"\n"
      "\"y\" = unary(\"r\") {function=\"tanh\"} \"y\"\noutput \"y\" \"y\"\n";
  Graph graph = passes_testing::parse(text);
  const Graph before = graph;
  // Lest the convolution's own layout is the question.
  const FormatModel model = format_model(graph, {.workers = 2});
  choices[model.layers[0].either[0]->key] = {"first", 1};
  choices[model.layers[0].either[1]->key] = {"last", 1e-6};
  EXPECT_EQ(decided(graph, choices), "l");
  passes::run_passes(graph);
  passes_testing::expect_equal_results(before, graph);
  std::string ops;
  for (const graph::LayerId id : graph.topological_order())
    ops += (ops.empty() ? "" : " ") + std::string(graph.layer(id).op->name);
  return ops;
}

TEST(LayoutChoice, ReordersStandWhereTensorsAreSmall) {
  EXPECT_EQ(resized(4), "transpose conv transpose resize unary");
  EXPECT_EQ(resized(0.25), "transpose conv resize unary transpose");
}

/// x → convolution → pooling → transposed convolution → y, all in the layout that the network asks for, "" for none.
Network mixed(const std::string& layout, std::int64_t batch = 2) {
  Network n;
  const auto weight = [&](const std::string& name, const Dims& dims) {
    const auto values = testing_networks::ramp(static_cast<std::size_t>(element_count(dims)));
    return n.add_constant(name, DataType::float32, dims, values.data(), values.size() * sizeof(float));
  };
  using Attributes = std::map<std::string, AttributeValue>;
  const auto with = [&](Attributes attributes) {
    if (!layout.empty()) attributes["layout"] = layout;
    return attributes;
  };
  const Dims two{2, 2};
  const auto x = n.add_input("x", DataType::float32, {batch, 3, 13, 17});
  const auto a = n.add_layer("conv", {x, weight("w", {20, 3, 3, 3})}, with({{"pads", Dims{1, 1, 1, 1}}}), "a")[0];
  const auto p =
      n.add_layer("pool", {a}, with({{"mode", std::string("max")}, {"kernel_shape", two}, {"strides", two}}), "p")[0];
  const auto y = n.add_layer("conv_transpose", {p, weight("v", {20, 5, 2, 2})}, with({{"strides", two}}), "y")[0];
  n.mark_output(y, "y");
  return n;
}

std::vector<float> results(const Plan& plan) {
  const auto engine = Engine::load(plan, {}, {.threads = 2});
  const auto context = engine->create_context();
  const Buffer in = context->allocate("x"), out = context->allocate("y");
  const auto x = testing_networks::ramp(in.bytes() / sizeof(float));
  std::copy(x.begin(), x.end(), in.as<float>());
  EXPECT_TRUE(context->run().ok());
  return {out.as<float>(), out.as<float>() + out.bytes() / sizeof(float)};
}

TEST(LayoutChoice, ResultsAreTheSameInEither) {
  const Plan first = testing_networks::quick_plan(mixed("nchw")), last = testing_networks::quick_plan(mixed(""));
  for (const LayoutReport& report : Engine::load(last)->layouts()) EXPECT_TRUE(report.channels_last) << report.layer;
  int transposes = 0;
  for (const LayerReport& layer : Engine::load(first)->report()) transposes += layer.op == "transpose";
  EXPECT_EQ(transposes, 0);
  const std::vector<float> a = results(first), b = results(last);
  ASSERT_EQ(a.size(), b.size());
  for (std::size_t i = 0; i < a.size(); ++i) ASSERT_NEAR(a[i], b[i], 1e-5) << i;
}

TEST(LayoutChoice, APlanKeepsWhatWasWeighed) {
  const fs::path path = fs::temp_directory_path() / ("vireo_layouts_" + std::to_string(getpid()) + ".plan");
  const Plan plan = testing_networks::quick_plan(mixed(""));
  plan.save(path);
  const auto before = Engine::load(plan)->layouts(), after = Engine::load(path)->layouts();
  fs::remove(path);
  ASSERT_EQ(before.size(), 3u);
  ASSERT_EQ(after.size(), before.size());
  for (std::size_t i = 0; i < before.size(); ++i) {
    EXPECT_EQ(after[i].layer, before[i].layer);
    EXPECT_EQ(after[i].op, before[i].op);
    EXPECT_EQ(after[i].channels_last, before[i].channels_last);
    EXPECT_GT(after[i].first.kernel_ms, 0);
    EXPECT_EQ(after[i].first.kernel_ms, before[i].first.kernel_ms);
    EXPECT_EQ(after[i].last.kernel_ms, before[i].last.kernel_ms);
    EXPECT_EQ(after[i].last.reorders_ms, before[i].last.reorders_ms);
    EXPECT_EQ(after[i].last.measured, before[i].last.measured);
  }
}

TEST(LayoutChoice, OfOpenShapesAreDecidedAtThoseOfTheProfile) {
  EXPECT_TRUE(Engine::load(testing_networks::quick_plan(mixed("", kUnknown)))->layouts().empty());
  const Dims one{1, 3, 13, 17}, two{2, 3, 13, 17};
  const auto engine = Engine::load(testing_networks::quick_plan(mixed("", kUnknown), {{{"x", one, two, two}}}));
  EXPECT_EQ(engine->layouts().size(), 3u);
}

TEST(LayoutChoice, OfOpenShapesHoldForOtherShapesToo) {
  Graph graph = passes_testing::parse(R"(
graph "g"
input "x" float32 ?x32x64x64
const "w" float32 32x32x1x1 @1
"c" = conv("x", "w") "c"
output "c" "y"
)");
  const std::map<std::string, Dims> opt{{"x", {1, 32, 64, 64}}}, other{{"x", {3, 32, 64, 64}}};
  const compile::CompileOptions compile{.workers = 2};
  Graph at_opt = compile::specialise(graph, opt, {.workers = 2, .disabled_passes = compile::format_passes()});
  plan::Choices choices = measured(at_opt, 100e-6, 80e-6, 25e-6);
  const std::vector<LayoutReport> reports = choose_formats(graph, {opt, compile, 0}, choices, {});
  ASSERT_EQ(reports.size(), 1u);
  EXPECT_FALSE(reports[0].channels_last);
  EXPECT_EQ(passes_testing::summary(compile::specialise(graph, other, compile)),
            "1 conv(x, 32x32x1x1) layout=nchw\noutputs 1\n");
}

}  // namespace
}  // namespace vireo::tune
