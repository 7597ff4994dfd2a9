// Where a single layer runs and what it computes with, against what the build would decide.

#include <gtest/gtest.h>

#include <map>
#include <sstream>

#include "engine/base/cpu.h"
#include "engine/graph/pins.h"
#include "tests/network/trial.h"
#include "tests/support/opencl_here.h"
#include "tests/support/remote_device.h"

namespace vireo::testing_network {
namespace {

/// By the layer's name.
std::map<std::string, LayerReport> report_of(const Network& n, const std::string& device, Precision precision) {
  BuildOptions options;
  options.budget_s = 0;
  options.devices = {device};
  options.precision = precision;
  std::map<std::string, LayerReport> rows;
  for (const LayerReport& row : Engine::load(build(n, options), Device{device})->report()) {
    std::istringstream names(row.name);  // of layers that run as one step: "a > b"
    for (std::string name; names >> name;) rows[name] = row;
  }
  return rows;
}

/// x → conv → relu → exp → y.
struct Net {
  Network n;
  std::vector<float> ones = std::vector<float>(16 * 16 * 9, 0.01f);
  Tensor x = n.add_input("x", DataType::float32, {1, 16, 16, 16});
  Tensor w = n.add_constant("w", DataType::float32, {16, 16, 3, 3}, ones.data(), ones.size() * 4);
  Tensor conv = n.add_convolution(x, w, {}, {.pads = {1, 1, 1, 1}}, "conv");
  Tensor active = n.add_activation(conv, Network::Activation::relu, {}, "relu");
  Tensor last = n.add_unary(active, Network::Unary::exp, "exp");
  Net() { n.mark_output(last, "y"); }
};

TEST(Pins, are_set_read_and_taken_back) {
  Net net;
  Network::Layer layer = net.n.find_layer("conv");
  EXPECT_FALSE(layer.precision());
  EXPECT_EQ(layer.device(), "");
  layer.set_precision(Precision::bf16);
  layer.set_device("cpu");
  EXPECT_EQ(layer.precision(), Precision::bf16);
  EXPECT_EQ(layer.device(), "cpu");
  EXPECT_EQ(layer.attributes().size(), 4u) << "they are no attributes of the convolution";
  layer.set_precision(std::nullopt);
  layer.set_device("");
  EXPECT_FALSE(graph::is_pinned(net.n.graph().layer(0).attributes));
  layer.set_precision(Precision::int8);
  layer.set_device("opencl:0");
  ASSERT_EQ(net.n.errors().size(), 2u);
  EXPECT_NE(net.n.errors()[0].find("conv 'conv': precision int8"), std::string::npos);
  EXPECT_NE(net.n.errors()[1].find("accepted: cpu"), std::string::npos);
}

TEST(Pins, permit_no_more_than_the_build_does) {
  graph::Attributes none, full, half;
  full.set(graph::kPrecisionPin, std::string("fp32"));
  half.set(graph::kPrecisionPin, std::string("fp16"));
  EXPECT_EQ(graph::permitted_precision(none, Precision::bf16), Precision::bf16);
  EXPECT_EQ(graph::permitted_precision(full, Precision::bf16), Precision::fp32);
  EXPECT_EQ(graph::permitted_precision(half, Precision::fp16), Precision::fp16);
  EXPECT_EQ(graph::permitted_precision(half, Precision::bf16), Precision::fp32);
  EXPECT_EQ(graph::permitted_precision(half, Precision::fp32), Precision::fp32);
  EXPECT_EQ(graph::permitted_precision(half, Precision::best), Precision::fp16);
}

TEST(Pins, a_layer_pinned_to_the_cpu_runs_there_in_a_plan_for_another_device) {
  const testing::RemoteDevices devices({"conv", "unary"});
  Net net;
  auto rows = report_of(net.n, "remote:0", Precision::fp32);
  EXPECT_EQ(rows.at("exp").device, "remote:0");
  net.n.find_layer("exp").set_device("cpu");
  rows = report_of(net.n, "remote:0", Precision::fp32);
  EXPECT_EQ(rows.at("exp").device, "cpu");
  EXPECT_EQ(rows.at("conv").device, "remote:0");
}

TEST(Pins, go_with_a_layer_that_is_fused_into_another) {
  const testing::RemoteDevices devices({"conv", "unary"});
  Net net;
  net.n.find_layer("relu").set_device("cpu");
  auto rows = report_of(net.n, "remote:0", Precision::fp32);
  EXPECT_FALSE(rows.contains("relu"));
  EXPECT_EQ(rows.at("conv").device, "cpu");
  EXPECT_EQ(rows.at("exp").device, "remote:0");
}

TEST(Pins, a_layer_pinned_to_float32_keeps_to_it_in_bfloat16) {
  if (!base::cpu_features().avx512_bf16) GTEST_SKIP() << "this processor multiplies no bfloat16";
  std::vector<float> ramp(96 * 64 * 9);
  for (std::size_t i = 0; i < ramp.size(); ++i) ramp[i] = static_cast<float>(i % 13) * 0.01f;
  Network n;
  const Tensor x = n.add_input("x", DataType::float32, {2, 64, 16, 16});
  const Tensor w = n.add_constant("w", DataType::float32, {96, 64, 3, 3}, ramp.data(), ramp.size() * 4);
  n.mark_output(n.add_convolution(x, w, {}, {.strides = {2, 2}, .pads = {1, 1, 1, 1}}, "conv"), "y");
  EXPECT_NE(report_of(n, "cpu", Precision::bf16).at("conv").tactic.find("bf16"), std::string::npos);
  n.find_layer("conv").set_precision(Precision::fp32);
  EXPECT_EQ(report_of(n, "cpu", Precision::bf16).at("conv").tactic.find("bf16"), std::string::npos);
}

class PinsOnOpencl : public testing::WithOpencl {};

TEST_F(PinsOnOpencl, a_layer_pinned_to_float32_keeps_to_it_in_float16) {
  Net net;
  EXPECT_NE(report_of(net.n, "opencl:0", Precision::fp16).at("conv").outputs.find("float16"), std::string::npos);
  net.n.find_layer("conv").set_precision(Precision::fp32);
  auto rows = report_of(net.n, "opencl:0", Precision::fp16);
  EXPECT_NE(rows.at("conv").outputs.find("float32"), std::string::npos) << rows.at("conv").outputs;
}

TEST_F(PinsOnOpencl, a_layer_pinned_to_the_cpu_runs_there) {
  Net net;
  net.n.find_layer("exp").set_device("cpu");
  auto rows = report_of(net.n, "opencl:0", Precision::fp32);
  EXPECT_EQ(rows.at("exp").device, "cpu");
  EXPECT_EQ(rows.at("conv").device, "opencl:0");
}

}  // namespace
}  // namespace vireo::testing_network
