// Passes that join layers: patterns, fused activations and residuals.
#include <algorithm>

#include "tests/passes/check.h"

namespace vireo::passes_testing {
namespace {

std::string pattern(std::string_view layers, std::string_view constants = "") {
  return "graph \"g\"\ninput \"x\" float32 1x2x3x7\n" + std::string(constants) + std::string(layers) +
         "output \"y\" \"y\"\n";
}

void expect_activation(const std::string& text, std::string_view after) {
  const auto layers = 1 + std::count(after.begin(), after.end(), '\n');
  expect_rewrite({"activation_patterns", "dead_layers"}, text, base::str(after, "\noutputs ", layers, "\n"));
}

TEST(ActivationPatterns, ProductWithSigmoidIsSilu) {
  expect_activation(pattern("\"s\" = unary(\"x\") {function=\"sigmoid\"} \"s\"\n"
                            "\"y\" = binary(\"s\", \"x\") {function=\"mul\"} \"y\"\n"), "1 silu(x)");
}

TEST(ActivationPatterns, TheErfFormOfGeluIsFoundInAnyOrder) {
  const char* constants =
      "const \"r\" float32 scalar = 1.4142135381698608\nconst \"one\" float32 scalar = 1\nconst \"half\" float32 "
      "scalar = 0.5\n";
  const char* common =
      "\"d\" = binary(\"x\", \"r\") {function=\"div\"} \"d\"\n\"e\" = unary(\"d\") {function=\"erf\"} \"e\"\n"
      "\"p\" = binary(\"e\", \"one\") {function=\"add\"} \"p\"\n";
  expect_activation(pattern(std::string(common) + "\"m\" = binary(\"x\", \"p\") {function=\"mul\"} \"m\"\n"
                                                  "\"y\" = binary(\"m\", \"half\") {function=\"mul\"} \"y\"\n",
                            constants),
                    "1 gelu(x)");
  expect_activation(pattern(std::string(common) + "\"m\" = binary(\"x\", \"half\") {function=\"mul\"} \"m\"\n"
                                                  "\"y\" = binary(\"m\", \"p\") {function=\"mul\"} \"y\"\n", constants),
                    "1 gelu(x)");
}

TEST(ActivationPatterns, TheTanhFormOfGeluIsFound) {
  expect_activation(pattern(R"("c" = binary("x", "three") {function="pow"} "c"
"k" = binary("c", "a") {function="mul"} "k"
"s" = binary("x", "k") {function="add"} "s"
"t" = binary("s", "b") {function="mul"} "t"
"h" = unary("t") {function="tanh"} "h"
"p" = binary("h", "one") {function="add"} "p"
"m" = binary("x", "half") {function="mul"} "m"
"y" = binary("m", "p") {function="mul"} "y"
)",
                            "const \"three\" float32 scalar = 3\nconst \"a\" float32 scalar = 0.044715\nconst \"b\" "
                            "float32 scalar = 0.7978845608\n"
                            "const \"one\" float32 scalar = 1\nconst \"half\" float32 scalar = 0.5\n"),
                    "1 gelu(x) approximate=tanh");
}

TEST(ActivationPatterns, HardSwishIsFoundInItsForms) {
  const char* constants =
      "const \"three\" float32 scalar = 3\nconst \"six\" float32 scalar = 6\nconst \"sixth\" float32 scalar = "
      "0.1666666716\n";
  const char* common =
      "\"a\" = binary(\"x\", \"three\") {function=\"add\"} \"a\"\n\"c\" = unary(\"a\") {function=\"clip\", min=0.0, "
      "max=6.0} \"c\"\n";
  expect_activation(pattern(std::string(common) + "\"m\" = binary(\"x\", \"c\") {function=\"mul\"} \"m\"\n"
                                                  "\"y\" = binary(\"m\", \"six\") {function=\"div\"} \"y\"\n",
                            constants),
                    "1 hard_swish(x)");
  expect_activation(pattern(std::string(common) + "\"m\" = binary(\"c\", \"sixth\") {function=\"mul\"} \"m\"\n"
                                                  "\"y\" = binary(\"m\", \"x\") {function=\"mul\"} \"y\"\n", constants),
                    "1 hard_swish(x)");
  expect_activation(pattern("\"h\" = unary(\"x\") {function=\"hard_sigmoid\", alpha=0.16666666666, beta=0.5} \"h\"\n"
                            "\"y\" = binary(\"h\", \"x\") {function=\"mul\"} \"y\"\n"), "1 hard_swish(x)");
}

TEST(ActivationPatterns, MishIsFoundAndWhatOverflowsAloneStays) {
  const char* one = "const \"one\" float32 scalar = 1\n";
  expect_activation(pattern(R"("e" = unary("x") {function="exp"} "e"
"p" = binary("e", "one") {function="add"} "p"
"l" = unary("p") {function="log"} "l"
"t" = unary("l") {function="tanh"} "t"
"y" = binary("x", "t") {function="mul"} "y"
)", one), "1 mish(x)");
  expect_activation(pattern(R"("e" = unary("x") {function="exp"} "e"
"p" = binary("one", "e") {function="add"} "p"
"y" = unary("p") {function="log"} "y"
)", one), "1 exp(x)\n2 add(scalar, 1)\n3 log(2)");  // exp overflows from 89 on, softplus would not
}

TEST(ActivationPatterns, OtherConstantsAreOtherFunctions) {
  const auto hard_swish = [](const char* shift, const char* high, const char* divisor) {
    return pattern(base::str("\"a\" = binary(\"x\", \"shift\") {function=\"add\"} \"a\"\n\"c\" = unary(\"a\") "
                             "{function=\"clip\", min=0.0, max=", high, "} \"c\"\n\"m\" = binary(\"x\", \"c\") "
                             "{function=\"mul\"} \"m\"\n\"y\" = binary(\"m\", \"divisor\") {function=\"div\"} \"y\"\n"),
                   base::str("const \"shift\" float32 scalar = ", shift, "\nconst \"divisor\" float32 scalar = ", divisor,
                             "\n").c_str());
  };
  const auto layers = [](const std::string& text) {
    Graph graph = parse(text);
    (void)passes::run_pass(graph, "activation_patterns");
    expect_equal_results(parse(text), graph, 1e-6);
    return graph.topological_order().size();
  };
  EXPECT_EQ(layers(hard_swish("3", "6.0", "6")), 1u);
  EXPECT_EQ(layers(hard_swish("3", "6.0", "6.0001")), 4u);
  EXPECT_EQ(layers(hard_swish("3.0001", "6.0", "6")), 4u);
  EXPECT_EQ(layers(hard_swish("3", "6.0001", "6")), 4u);
  EXPECT_EQ(layers(hard_swish("2", "6.0", "6")), 4u);
}

TEST(ActivationPatterns, BoundsAreKeptWhateverTheirSize) {
  const char* limit = "const \"limit\" float32 scalar = 320\n";
  expect_activation(pattern("\"r\" = unary(\"x\") {function=\"relu\"} \"r\"\n"
                            "\"y\" = binary(\"r\", \"limit\") {function=\"min\"} \"y\"\n", limit),
                    "1 clip(x) max=320 min=0");
  expect_activation(pattern("\"r\" = unary(\"x\") {function=\"clip\", min=0.0, max=100.0} \"r\"\n"
                            "\"y\" = binary(\"limit\", \"r\") {function=\"min\"} \"y\"\n", limit),
                    "1 clip(x) max=100 min=0");
  expect_activation(pattern("\"n\" = binary(\"x\", \"limit\") {function=\"max\"} \"n\"\n"
                            "\"y\" = unary(\"n\") {function=\"clip\", min=-1.0, max=1000000.0} \"y\"\n", limit),
                    "1 clip(x) max=1e+06 min=320");
}

TEST(ActivationPatterns, SmallConstantsAreKept) {
  const char* small = "const \"small\" float32 scalar = 1e-06\n";
  expect_activation(pattern("\"r\" = unary(\"x\") {function=\"relu\"} \"r\"\n"
                            "\"a\" = binary(\"r\", \"small\") {function=\"add\"} \"a\"\n"
                            "\"y\" = unary(\"a\") {function=\"log\"} \"y\"\n", small),
                    "1 relu(x)\n2 add(1, scalar)\n3 log(2)");
  expect_activation(pattern("\"s\" = unary(\"x\") {function=\"sigmoid\"} \"s\"\n"
                            "\"c\" = unary(\"s\") {function=\"clip\", min=1e-05} \"c\"\n"
                            "\"y\" = unary(\"c\") {function=\"log\"} \"y\"\n"),
                    "1 sigmoid(x)\n2 clip(1) min=0\n3 log(2)");  // the bound, 1e-5, is shown with four digits
  expect_activation(pattern("\"c\" = unary(\"x\") {function=\"clip\", min=1e-08, max=6.0} \"c\"\n"
                            "\"y\" = unary(\"c\") {function=\"relu\"} \"y\"\n"),
                    "1 clip(x) max=6 min=0");  // 1e-8
}

TEST(ActivationPatterns, LargeConstantsThatComeAndGoAreLeft) {
  const char* constants = "const \"large\" float32 scalar = 1e+08\n";
  expect_activation(pattern("\"a\" = binary(\"x\", \"large\") {function=\"add\"} \"a\"\n"
                            "\"b\" = binary(\"a\", \"large\") {function=\"sub\"} \"b\"\n"
                            "\"s\" = unary(\"b\") {function=\"sigmoid\"} \"s\"\n"
                            "\"y\" = binary(\"b\", \"s\") {function=\"mul\"} \"y\"\n", constants),
                    "1 add(x, scalar)\n2 sub(1, scalar)\n3 silu(2)");
}

TEST(ActivationPatterns, LeakyReluIsFoundInItsForms) {
  const char* slope = "const \"slope\" float32 scalar = 0.25\n";
  expect_activation(pattern("\"s\" = binary(\"x\", \"slope\") {function=\"mul\"} \"s\"\n"
                            "\"y\" = binary(\"s\", \"x\") {function=\"max\"} \"y\"\n", slope),
                    "1 leaky_relu(x) alpha=0.25");
  expect_activation(pattern("\"p\" = unary(\"x\") {function=\"relu\"} \"p\"\n"
                            "\"n\" = unary(\"x\") {function=\"neg\"} \"n\"\n"
                            "\"q\" = unary(\"n\") {function=\"relu\"} \"q\"\n"
                            "\"s\" = binary(\"q\", \"slope\") {function=\"mul\"} \"s\"\n"
                            "\"y\" = binary(\"p\", \"s\") {function=\"sub\"} \"y\"\n", slope),
                    "1 leaky_relu(x) alpha=0.25");
}

TEST(ActivationPatterns, WhatOthersReadStays) {
  expect_untouched("activation_patterns", R"(
graph "g"
input "x" float32 3x5
const "half" float32 scalar = 0.4
"s" = unary("x") {function="sigmoid"} "s"
"t" = binary("s", "half") {function="mul"} "t"
"y" = binary("t", "x") {function="mul"} "y"
output "y" "y"
)");
}

TEST(EinsumProducts, TwoTermsBecomeAMatrixProduct) {
  expect_rewrite({"einsum_products", "identities", "product_scale", "dead_layers"}, R"(
graph "g"
input "q" float32 2x3x5x8
input "k" float32 2x3x6x8
"y" = einsum("q", "k") {equation="b h i d, b h j d -> b h i j"} "y"
output "y" "y"
)", "1 matmul(q, k) trans_b=1\noutputs 1\n");
}

TEST(EinsumProducts, AxesInAnyOrderAndSeveralOfAKindAreRight) {
  for (const char* equation : {"abcd,cbe->deab", "abcd,db->bac", "abcd,ebcd->ae"}) {
    SCOPED_TRACE(equation);
    const std::map<char, std::string> extents{{'a', "2"}, {'b', "3"}, {'c', "4"}, {'d', "5"}, {'e', "6"}};
    const std::string text = equation;
    const auto dims = [&extents](const std::string& labels) {
      std::string joined;
      for (const char label : labels) joined += (joined.empty() ? "" : "x") + extents.at(label);
      return joined;
    };
    const std::size_t comma = text.find(','), arrow = text.find("->");
    const Graph before =
        parse("graph \"g\"\ninput \"p\" float32 " + dims(text.substr(0, comma)) + "\ninput \"q\" float32 " +
              dims(text.substr(comma + 1, arrow - comma - 1)) + "\n\"y\" = einsum(\"p\", \"q\") {equation=\"" + text +
              "\"} \"y\"\noutput \"y\" \"y\"\n");
    Graph after = before;
    EXPECT_TRUE(passes::run_pass(after, "einsum_products"));
    EXPECT_EQ(summary(after).find("einsum"), std::string::npos);
    expect_equal_results(before, after);
  }
}

TEST(ActivationFusion, ConvolutionsAndProductsTakeTheActivation) {
  expect_rewrite({"activation_fusion"}, R"(
graph "g"
input "x" float32 1x3x6x6
const "w" float32 4x3x3x3 @1
const "shape" int64 2 = 1 -1
const "v" float32 64x5 @2
"c" = conv("x", "w") "c"
"r" = unary("c") {function="clip", min=0.0, max=6.0} "r"
"f" = reshape("r", "shape") "f"
"g" = gemm("f", "v") "g"
"y" = unary("g") {function="leaky_relu", alpha=0.1} "y"
output "y" "y"
)",
                 "1 conv(x, 4x3x3x3) activation=clip alpha=0 beta=6\n2 reshape(1, [1 -1])\n3 gemm(2, 64x5) "
                 "activation=leaky_relu activation_alpha=0.1\noutputs 3\n");
}

TEST(ActivationFusion, ASiluWithAFactorStays) {
  expect_untouched("activation_fusion", R"(
graph "g"
input "x" float32 1x3x4x4
const "w" float32 6x3x1x1 @1
"c" = conv("x", "w") "c"
"y" = unary("c") {alpha=0.3, function="silu"} "y"
output "y" "y"
)");
}

TEST(ActivationFusion, ABoundThatIsAbsentStaysAbsent) {
  expect_rewrite({"activation_fusion"}, R"(
graph "g"
input "x" float32 1x3x4x4
const "w" float32 6x3x1x1 @1
"c" = conv("x", "w") "c"
"y" = unary("c") {function="clip", min=-2.0} "y"
output "y" "y"
)", "1 conv(x, 6x3x1x1) activation=clip alpha=-2\noutputs 1\n");
}

TEST(MatmulBias, AGemmWithoutATermForgetsItsBeta) {
  expect_rewrite({"matmul_bias"}, R"(
graph "g"
input "x" float32 2x3
const "w" float32 3x5 @1
const "b" float32 5 @2
"p" = gemm("x", "w") {beta=0.5} "p"
"y" = binary("p", "b") {function="add"} "y"
output "y" "y"
)", "1 gemm(x, 3x5, 5)\noutputs 1\n");
}

TEST(ActivationFusion, AValueThatOthersReadStaysUnactivated) {
  expect_untouched("activation_fusion", R"(
graph "g"
input "x" float32 1x3x6x6
const "w" float32 4x3x3x3 @1
"c" = conv("x", "w") "c"
"r" = unary("c") {function="relu"} "r"
"y" = binary("c", "r") {function="add"} "y"
output "y" "y"
)");
}

constexpr const char* kResidual = R"(
graph "g"
input "x" float32 1x4x6x6
const "w" float32 4x4x3x3 @1
"c" = conv("x", "w") {pads=[1, 1, 1, 1]} "c"
"s" = binary("x", "c") {function="add"} "s"
"y" = unary("s") {function="relu"} "y"
output "y" "y"
)";

TEST(ResidualFusion, AnAdditionGoesInBeforeTheActivationBehindIt) {
  expect_rewrite({"residual_fusion", "activation_fusion"}, kResidual,
                 "1 conv(x, 4x4x3x3, -, x) activation=relu pads=1,1,1,1 residual=before\noutputs 1\n");
  expect_rewrite(
      {"nhwc_layout", "transpose_sinking", "residual_fusion", "activation_fusion", "transpose_sinking",
       "common_subexpressions"},
      kResidual,
      "1 transpose(x) perm=0,2,3,1\n2 conv(1, 4x4x3x3, -, 1) activation=relu layout=nhwc pads=1,1,1,1 residual=before\n"
      "3 transpose(2) perm=0,3,1,2\noutputs 3\n");
}

TEST(ResidualFusion, BehindAnActivationTheAdditionGoesInAfterIt) {
  expect_rewrite({"activation_fusion", "residual_fusion"}, R"(
graph "g"
input "x" float32 1x4x6x6
const "w" float32 4x4x3x3 @1
"c" = conv("x", "w") {pads=[1, 1, 1, 1]} "c"
"r" = unary("c") {function="silu"} "r"
"y" = binary("r", "x") {function="add"} "y"
output "y" "y"
)", "1 conv(x, 4x4x3x3, -, x) activation=silu pads=1,1,1,1 residual=after\noutputs 1\n");
}

TEST(ResidualFusion, ABroadcastAdditionStays) {
  expect_untouched("residual_fusion", R"(
graph "g"
input "x" float32 1x4x6x6
input "z" float32 1x4x1x1
const "w" float32 4x4x3x3 @1
"c" = conv("x", "w") {pads=[1, 1, 1, 1]} "c"
"y" = binary("c", "z") {function="add"} "y"
output "y" "y"
)");
}

TEST(LayerNorm, TheNineLayersBecomeOne) {
  expect_rewrite({"layer_norm", "dead_layers"}, R"(
graph "g"
input "x" float32 ?x5x8
const "axis" int64 1 = -1
const "two" float32 scalar = 2
const "eps" float32 scalar = 1e-6
const "scale" float32 8 @1
const "bias" float32 8 @2
"mean" = reduce("x", "axis") {mode="mean", keepdims=1} "mean"
"d" = binary("x", "mean") {function="sub"} "d"
"sq" = binary("d", "two") {function="pow"} "sq"
"var" = reduce("sq", "axis") {mode="mean", keepdims=1} "var"
"ve" = binary("var", "eps") {function="add"} "ve"
"sd" = unary("ve") {function="sqrt"} "sd"
"n" = binary("d", "sd") {function="div"} "n"
"m" = binary("n", "scale") {function="mul"} "m"
"y" = binary("m", "bias") {function="add"} "y"
output "y" "y"
)", "1 layer_norm(x, 8, 8) axis=2 epsilon=0\noutputs 1\n");
}

TEST(ChannelShuffle, ReshapeTransposeReshapeBecomesOneLayer) {
  expect_rewrite({"channel_shuffle", "dead_layers"}, R"(
graph "g"
input "x" float32 ?x6x3x4
const "wide" int64 5 = -1 2 3 3 4
const "back" int64 4 = -1 6 3 4
"a" = reshape("x", "wide") "a"
"b" = transpose("a") {perm=[0, 2, 1, 3, 4]} "b"
"y" = reshape("b", "back") "y"
output "y" "y"
)", "1 channel_shuffle(x) axis=1 groups=2\noutputs 1\n");
}

TEST(ChannelShuffle, TheFormWithGatheredHalvesBecomesShuffleAndSplit) {
  expect_rewrite({"channel_shuffle", "dead_layers"}, R"(
graph "g"
input "x" float32 2x6x3x4
const "wide" int64 3 = 6 2 12
const "back" int64 5 = 2 -1 3 3 4
const "i0" int64 scalar = 0
const "i1" int64 scalar = 1
"a" = reshape("x", "wide") "a"
"b" = transpose("a") {perm=[1, 0, 2]} "b"
"c" = reshape("b", "back") "c"
"p" = gather("c", "i0") {axis=0} "p"
"q" = gather("c", "i1") {axis=0} "q"
"y" = unary("p") {function="exp"} "y"
"z" = unary("q") {function="tanh"} "z"
output "y" "y"
output "z" "z"
)", "1 channel_shuffle(x) axis=1 groups=3\n2 split(1) axis=1 split=3,3\n3 exp(2:0)\n4 tanh(2:1)\noutputs 3 4\n");
}

TEST(ChannelShuffle, ASplitIntoPartsOfWholeGroupsIsPartOfIt) {
  const std::string graph = R"(
graph "g"
input "x" float32 2x8x3x4
"s" = channel_shuffle("x") {axis=1, groups=2} "s"
"p", "q" = split("s") {axis=1, split=[4, 4]} "a"
"y" = unary("p") {function="exp"} "y"
"z" = unary("q") {function="tanh"} "z"
output "y" "y"
output "z" "z"
)";
  expect_rewrite({"channel_shuffle", "dead_layers"}, graph,
                 "1 channel_shuffle(x) axis=1 groups=2\n2 exp(1:0)\n3 tanh(1:1)\noutputs 2 3\n");
  // Not where others read the whole, and not where a part is no whole number of groups.
  expect_rewrite({"channel_shuffle", "dead_layers"}, graph + "output \"s\" \"s\"\n",
                 "1 channel_shuffle(x) axis=1 groups=2\n2 split(1) axis=1 split=4,4\n3 exp(2:0)\n4 tanh(2:1)\n"
                 "outputs 3 4 1\n");
  std::string uneven = graph;
  uneven.replace(uneven.find("4, 4"), 4, "2, 6");
  expect_rewrite({"channel_shuffle", "dead_layers"}, uneven,
                 "1 channel_shuffle(x) axis=1 groups=2\n2 split(1) axis=1 split=2,6\n3 exp(2:0)\n4 tanh(2:1)\n"
                 "outputs 3 4\n");
}

TEST(SpaceToDepth, TheFocusStemReadsTheImageItself) {
  expect_rewrite({"space_to_depth", "dead_layers"}, R"(
graph "g"
input "x" float32 1x3x8x12
const "w" float32 4x12x3x3 @1
const "two" int64 2 = 2 2
const "end" int64 2 = 10000 10000
const "axes" int64 2 = 2 3
const "s00" int64 2 = 0 0
const "s10" int64 2 = 1 0
const "s01" int64 2 = 0 1
const "s11" int64 2 = 1 1
"a" = slice("x", "s00", "end", "axes", "two") "a"
"b" = slice("x", "s10", "end", "axes", "two") "b"
"c" = slice("x", "s01", "end", "axes", "two") "c"
"d" = slice("x", "s11", "end", "axes", "two") "d"
"j" = concat("a", "b", "c", "d") {axis=1} "j"
"y" = conv("j", "w") {pads=[1, 1, 1, 1]} "y"
output "y" "y"
)", "1 conv(x, 4x3x6x6) kernel_shape=6,6 pads=2,2,2,2 strides=2,2\noutputs 1\n");
}

}  // namespace
}  // namespace vireo::passes_testing
