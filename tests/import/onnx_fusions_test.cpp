// The fusions that ONNX Runtime's optimiser writes. Numbers without a formula beside them are ONNX Runtime's.
#include "tests/import/one_node.h"

namespace vireo::import_testing {
namespace {

constexpr std::int64_t kOne = 1;

OneNode microsoft(std::string op, std::vector<Attribute> attributes, std::vector<Given> inputs,
                  std::vector<std::string> outputs = {"y"}) {
  return {std::move(op), "com.microsoft", 17, std::move(attributes), std::move(inputs), std::move(outputs)};
}

TEST(Fusions, EmbeddingsAreSummedUpAndNormalised) {
  expect_outputs(microsoft("EmbedLayerNormalization", {},
                           {ints("ids", {2, 3}, {0, 3, 1, 2, 2, 0}), ints("seg", {2, 3}, {0, 1, 1, 0, 0, 1}),
                            known({"w", {4, 2}}), known({"pe", {5, 2}}), known({"se", {2, 2}}), known({"g", {2}}),
                            known({"b", {2}}), ints("m", {2, 3}, {1, 1, 0, 1, 1, 1})},
                           {"y", "mi", "sum"}),
                 {{0.739592, -0.304308, 0.739592, -0.304308, -0.457352, -1.52802, 0.739592, -0.304308, 0.739586,
                   -0.304314, -0.457352, -1.52802},
                  {2, 3},
                  {2.74826, 0.922948, -1.22705, -1.77171, -1.03136, -0.366971, 1.8237, 1.11524, 0.00793087, 0.00748977,
                   0.25263, 1.36119}});
}

TEST(Fusions, ASkipIsAddedBeforeTheNormalisation) {
  expect_outputs(
      microsoft("SkipLayerNormalization", {{"epsilon", 1e-3f}},
                {{"x", {1, 2, 3}}, known({"s", {2, 3}}), known({"g", {3}}), known({"b", {3}}), known({"bb", {3}})},
                {"y", "", "", "sum"}),
      {{1.41381, 1.00558, -0.201392, 1.11513, -0.624702, -1.32592},
       {1.38872, 1.77966, -0.436609, -0.730071, -1.59189, -0.121584}});
  expect_outputs(microsoft("SkipSimplifiedLayerNormalization", {{"epsilon", 1e-3f}},
                           {{"x", {1, 2, 3}}, {"s", {1, 2, 3}}, known({"g", {3}})}, {"y", "", "", "sum"}),
                 {{0.337095, 1.2072, -0.205989, -1.01809, -0.789275, -0.284821},
                  {0.479426, 1.93741, 0.557082, -1.63937, -1.43414, 0.872107}});
}

TEST(Fusions, ProductsTransposeTheirBatchToo) {
  const OneNode one = microsoft("FusedMatMul", {{"transBatchA", kOne}, {"transB", kOne}, {"alpha", 0.5f}},
                                {{"a", {2, 2, 3}}, {"b", {2, 2, 3}}});
  expect_outputs(one, {{0.479897, -0.09597, 0.377529, -0.834905, -0.340306, -0.14708, -0.871478, 0.694257}});
}

TEST(Fusions, PadsOfATransposedConvolutionComeAsAnInput) {
  expect_outputs(microsoft("ConvTransposeWithDynamicPads", {{"strides", Ints{2, 2}}},
                           {{"x", {1, 1, 2, 2}}, known({"w", {1, 1, 3, 3}}), known(longs("p", {4}, {1, 0, 0, 1}))}),
                 {{0, 0, -0.916924, -0.530618, 0.247145, 0.50202, 0.560997, -0.837753, -0.490552, -0.283879, 0.993157,
                   0.378743, 0.465071, -0.0898657, -1.13363, 0.119896}});
}

TEST(Fusions, ConvolutionsMayHaveChannelsLast) {
  // One pixel, a window of one: a product with the weights.
  const Values x = wave(2, 0), w = wave(4, 1);
  expect_outputs(microsoft("NhwcFusedConv", {{"activation", std::string("Relu")}},
                           {{"x", {1, 1, 1, 2}}, known({"w", {2, 2, 1, 1}})}),
                 {{std::max(0.0, x[0] * w[0] + x[1] * w[1]), std::max(0.0, x[0] * w[2] + x[1] * w[3])}});
}

TEST(Fusions, BoxesAreCroppedAndResized) {
  const int real = onnx::TensorProto::FLOAT;
  expect_outputs(
      microsoft("CropAndResize", {{"extrapolation_value", 9.0f}},
                {{"x", {2, 1, 3, 3}},
                 {"b", {2, 4}, real, Values{.25, 0, 1, .5, .5, .5, 1.5, 1}},
                 ints("i", {2}, {1, 0}),
                 known(ints("c", {2}, {2, 3}))}),
      {{-0.327115, -0.290797, -0.254479, 0.60554, 0.767168, 0.928795, -0.883455, -0.334167, 0.21512, 9, 9, 9}});
}

TEST(Fusions, MatricesAreInverted) {
  const int real = onnx::TensorProto::FLOAT;
  expect_outputs(microsoft("Inverse", {}, {{"x", {2, 2, 2}, real, Values{0, 2, 4, 1, 1, 2, 3, 4}}}),
                 {{-0.125, 0.25, 0.5, 0, -2, 1, 1.5, -0.5}});
}

TEST(Fusions, BiasesOfDistancesAreNumberedByTheirLogarithm) {
  // 8 buckets, both directions: 4 a side, 2 of them exact; those from 6 = 2 * 8 ^ .53 on are bucket 3.
  const auto bucket = [](int distance) {
    const int away = std::abs(distance), near = away < 2 ? away : away < 6 ? 2 : 3;
    return near + (distance > 0 ? 4 : 0);
  };
  const Values table = wave(8, 0);
  Values wanted;
  for (int q = 0; q < 3; ++q)
    for (int k = 0; k < 9; ++k) wanted.push_back(table[static_cast<std::size_t>(bucket(k - q))]);
  const OneNode one =
      microsoft("RelativePositionBias", {{"max_distance", std::int64_t{16}}, {"is_bidirectional", kOne}},
                {known({"t", {8, 1}}), longs("q", {1}, {3}), longs("k", {1}, {9})});
  const Network network = model_of(one).load();
  expect_near(*graph::evaluate_graph(network.graph(), values_of(one)).at(0), wanted, "reference", 0);
  Built built(network);
  ASSERT_TRUE(built.run(values_of(one)).ok());
  expect_near(*built.output(0), wanted, "built", 0);
}

TEST(Fusions, GroupsOfChannelsThatComeLast) {
  // One group of two channels over one pixel: ±1 before scale and bias, but for epsilon.
  const Values x = wave(2, 0), g = wave(2, 1), b = wave(2, 2);
  const double mean = (x[0] + x[1]) / 2, deviation = std::sqrt((x[0] - mean) * (x[0] - mean) + 1e-5);
  Values wanted;
  for (std::size_t i = 0; i < 2; ++i) {
    const double y = (x[i] - mean) / deviation * g[i] + b[i];
    wanted.push_back(y / (1 + std::exp(-y)));
  }
  expect_outputs(microsoft("GroupNorm", {{"groups", kOne}, {"activation", kOne}, {"epsilon", 1e-5f}},
                           {{"x", {1, 1, 1, 2}}, known({"g", {2}}), known({"b", {2}})}),
                 {wanted});
}

TEST(Fusions, HalvesGateEachOther) {
  const Values x = wave(4, 0), b = wave(4, 1);
  Values wanted;
  for (std::size_t i = 0; i < 2; ++i) {
    const double gate = x[i + 2] + b[i + 2];
    wanted.push_back((x[i] + b[i]) * gate * 0.5 * (1 + std::erf(gate / std::sqrt(2.0))));
  }
  expect_outputs(microsoft("BiasSplitGelu", {}, {{"x", {1, 1, 4}}, known({"b", {4}})}), {wanted});
}

}  // namespace
}  // namespace vireo::import_testing
