// --precision bf16 where a layer's weights don't bear it: the layer falls back to float32 and says why, the others
// round.

#include <gtest/gtest.h>

#include <cmath>

#include "engine/base/cpu.h"
#include "tests/runtime/networks.h"

namespace vireo {
namespace {

std::vector<float> weights(float mean) {
  auto values = testing_networks::ramp(96 * 96, 0.01f);
  for (float& v : values) v += mean;
  return values;
}

/// x → two products → y. The weights of the second are `mean` plus small differences.
Network products(float mean) {
  Network n;
  const auto weight = [&](const std::string& name, float add) {
    const std::vector<float> values = weights(add);
    return n.add_constant(name, DataType::float32, {96, 96}, values.data(), values.size() * sizeof(float));
  };
  const auto x = n.add_input("x", DataType::float32, {64, 96});
  const auto a = n.add_layer("gemm", {x, weight("wa", 0)}, {}, "usual")[0];
  const auto t = n.add_layer("unary", {a}, {{"function", std::string("tanh")}}, "t")[0];
  n.mark_output(n.add_layer("gemm", {t, weight("wb", mean)}, {}, "cancels")[0], "y");
  return n;
}

/// The same of 1x1 convolutions, which may become parts of depth-first groups. Both are outputs, lest they are of one.
Network convolutions(float mean) {
  Network n;
  const auto weight = [&](const std::string& name, float add) {
    const std::vector<float> values = weights(add);
    return n.add_constant(name, DataType::float32, {96, 96, 1, 1}, values.data(), values.size() * sizeof(float));
  };
  const auto x = n.add_input("x", DataType::float32, {1, 96, 16, 16});
  const auto a = n.add_convolution(x, weight("wa", 0), {}, {}, "usual");
  const auto t = n.add_layer("unary", {a}, {{"function", std::string("tanh")}}, "t")[0];
  n.mark_output(t, "t");
  n.mark_output(n.add_convolution(t, weight("wb", mean), {}, {}, "cancels"), "y");
  return n;
}

std::vector<LayerReport> built(const Network& network) {
  BuildOptions options;
  options.budget_s = 0;
  options.threads = 2;
  options.precision = Precision::bf16;
  return Engine::load(build(network, options))->report();
}

bool rounds(const LayerReport& layer) { return layer.tactic.find("bf16") != std::string::npos; }

class Admission : public testing::Test {
 protected:
  void SetUp() override {
    if (!base::cpu_features().avx512_bf16) GTEST_SKIP() << "this processor multiplies no bfloat16";
  }
};

TEST_F(Admission, LayersWhoseWeightsCancelFallBackToFloat32AndSayWhy) {
  int products_seen = 0;
  for (const float mean : {0.0f, 100.0f})
    for (const LayerReport& layer : built(products(mean))) {
      if (layer.op != "gemm") continue;
      ++products_seen;
      const bool cancels = mean > 0 && layer.name == "cancels";
      EXPECT_EQ(rounds(layer), !cancels) << layer.name << ": " << layer.tactic;
      bool told = false;
      for (const std::string& why : layer.refused)
        told = told || (why.find("bf16: ") != std::string::npos &&
                        why.find("relative error with these weights") != std::string::npos);
      EXPECT_EQ(told, cancels) << layer.name;
    }
  EXPECT_EQ(products_seen, 4);
}

TEST_F(Admission, HoldsInDepthFirstGroupsToo) {
  int steps = 0;
  for (const float mean : {0.0f, 100.0f})
    for (const LayerReport& layer : built(convolutions(mean))) {
      if (layer.op.find("conv") == std::string::npos) continue;
      ++steps;
      const bool cancels = mean > 0 && layer.name.find("cancels") != std::string::npos;
      EXPECT_EQ(rounds(layer), !cancels) << layer.name << ": " << layer.tactic;
    }
  EXPECT_EQ(steps, 4);
}

}  // namespace
}  // namespace vireo
