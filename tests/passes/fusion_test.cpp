// Passes that join layers: fused activations, biases and residuals, products.
#include "tests/passes/check.h"

namespace vireo::passes_testing {
namespace {

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
