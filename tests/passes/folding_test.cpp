// Passes that fold layers into the weights, biases and attributes of others: normalisation, scales, padding.
#include "tests/passes/check.h"

namespace vireo::passes_testing {
namespace {

constexpr const char* kNorm =
    "const \"s\" float32 4 @2\nconst \"b\" float32 4 @3\nconst \"m\" float32 4 @4\nconst \"v\" float32 4 @5\n";

TEST(BatchNorm, FoldsIntoTheConvolutionBeforeIt) {
  expect_rewrite({"batch_norm", "dead_layers"}, std::string(R"(
graph "g"
input "x" float32 ?x3x8x8
const "w" float32 4x3x3x3 @1
const "bias" float32 4 @9
)") + kNorm + R"("c" = conv("x", "w", "bias") {pads=[1, 1, 1, 1]} "c"
"y" = batch_norm("c", "s", "b", "m", "v") {epsilon=0.01} "y"
output "y" "y"
)", "1 conv(x, 4x3x3x3, 4) pads=1,1,1,1\noutputs 1\n");
}

TEST(BatchNorm, FoldsIntoAGroupedTransposedConvolution) {
  expect_rewrite({"batch_norm", "dead_layers"}, std::string(R"(
graph "g"
input "x" float32 1x6x5x5
const "w" float32 6x2x3x3 @1
)") + kNorm + R"("c" = conv_transpose("x", "w") {group=2, strides=[2, 2]} "c"
"y" = batch_norm("c", "s", "b", "m", "v") "y"
output "y" "y"
)", "1 conv_transpose(x, 6x2x3x3, 4) group=2 strides=2,2\noutputs 1\n");
}

TEST(BatchNorm, FoldsIntoProducts) {
  expect_rewrite({"batch_norm", "dead_layers"}, std::string(R"(
graph "g"
input "x" float32 5x3
const "w" float32 4x3 @1
const "bias" float32 4 @9
)") + kNorm + R"("c" = gemm("x", "w", "bias") {transB=1, beta=0.5} "c"
"y" = batch_norm("c", "s", "b", "m", "v") "y"
output "y" "y"
)", "1 gemm(x, 4x3, 4) transB=1\noutputs 1\n");
}

TEST(BatchNorm, AloneItIsADepthwiseConvolution) {
  expect_rewrite({"batch_norm"}, std::string("graph \"g\"\ninput \"x\" float32 2x4x3x3\n") + kNorm +
                 "\"y\" = batch_norm(\"x\", \"s\", \"b\", \"m\", \"v\") \"y\"\noutput \"y\" \"y\"\n",
                 "1 conv(x, 4x1x1x1, 4) group=4\noutputs 1\n");
}

TEST(BatchNorm, FoldsForwardsIntoAConvolutionWithoutPadding) {
  expect_rewrite({"batch_norm", "scale_bias", "dead_layers"}, std::string(R"(
graph "g"
input "x" float32 1x4x5x5
const "w" float32 6x4x1x1 @1
)") + kNorm + R"("n" = batch_norm("x", "s", "b", "m", "v") "n"
"y" = conv("n", "w") "y"
output "y" "y"
)", "1 conv(x, 6x4x1x1, 6)\noutputs 1\n");
}

TEST(ScaleBias, ConstantsBehindAConvolutionGoIntoItsWeights) {
  expect_rewrite({"scale_bias", "dead_layers"}, R"(
graph "g"
input "x" float32 1x3x6x6
const "w" float32 4x3x3x3 @1
const "scale" float32 1x4x1x1 @2
const "shift" float32 4x1x1 @3
const "two" float32 scalar = 2
"c" = conv("x", "w") "c"
"p" = binary("c", "scale") {function="mul"} "p"
"q" = binary("shift", "p") {function="sub"} "q"
"y" = binary("q", "two") {function="div"} "y"
output "y" "y"
)", "1 conv(x, 4x3x3x3, 4)\noutputs 1\n");
}

TEST(ScaleBias, NormalisationOfTheImageGoesIntoTheFirstConvolution) {
  expect_rewrite({"scale_bias", "dead_layers"}, R"(
graph "g"
input "x" float32 1x3x6x6
const "w" float32 4x3x3x3 @1
const "mean" float32 3x1x1 @2
const "scale" float32 scalar = 0.25
"m" = binary("x", "mean") {function="sub"} "m"
"n" = binary("m", "scale") {function="mul"} "n"
"y" = conv("n", "w") "y"
output "y" "y"
)", "1 conv(x, 4x3x3x3, 4)\noutputs 1\n");
}

TEST(ScaleBias, AShiftBeforePaddingStays) {
  expect_untouched("scale_bias", R"(
graph "g"
input "x" float32 1x3x6x6
const "w" float32 4x3x3x3 @1
const "mean" float32 3x1x1 @2
"m" = binary("x", "mean") {function="sub"} "m"
"y" = conv("m", "w") {pads=[1, 1, 1, 1]} "y"
output "y" "y"
)");
}

TEST(MatmulBias, AnAddedRowBecomesTheBias) {
  expect_rewrite({"matmul_bias"}, R"(
graph "g"
input "x" float32 2x5x3
const "w" float32 3x4 @1
const "b" float32 1x1x4 @2
"p" = matmul("x", "w") "p"
"y" = binary("b", "p") {function="add"} "y"
output "y" "y"
)", "1 matmul(x, 3x4, 4)\noutputs 1\n");
}

TEST(ProductScale, FactorsAndTransposesGoIntoTheProduct) {
  expect_rewrite({"product_scale", "dead_layers"}, R"(
graph "g"
input "q" float32 2x4x5x8
input "k" float32 2x4x6x8
const "root" float32 scalar = 2.828427
const "half" float32 scalar = 0.5
"qs" = binary("q", "half") {function="mul"} "qs"
"kt" = transpose("k") {perm=[0, 1, 3, 2]} "kt"
"p" = matmul("qs", "kt") "p"
"y" = binary("p", "root") {function="div"} "y"
output "y" "y"
)", "1 matmul(q, k) alpha=0.1768 trans_b=1\noutputs 1\n");
}

TEST(PadFolding, ZerosBecomeTheConvolutionsOwnPadding) {
  expect_rewrite({"pad_folding", "dead_layers"}, R"(
graph "g"
input "x" float32 1x3x6x6
const "w" float32 4x3x3x3 @1
const "pads" int64 8 = 0 0 0 1 0 0 2 1
"p" = pad("x", "pads") "p"
"y" = conv("p", "w") {strides=[2, 2]} "y"
output "y" "y"
)", "1 conv(x, 4x3x3x3) pads=0,1,2,1 strides=2,2\noutputs 1\n");
}

TEST(PadFolding, ZerosThatCouldWinAMaximumStay) {
  expect_untouched("pad_folding", R"(
graph "g"
input "x" float32 1x3x6x6
const "pads" int64 8 = 0 0 1 1 0 0 1 1
"p" = pad("x", "pads") "p"
"y" = pool("p") {mode="max", kernel_shape=[3, 3]} "y"
output "y" "y"
)");
}

TEST(PadFolding, ZerosBehindReluCantWinAMaximum) {
  expect_rewrite({"pad_folding", "dead_layers"}, R"(
graph "g"
input "x" float32 1x3x6x6
const "pads" int64 8 = 0 0 1 1 0 0 1 1
"r" = unary("x") {function="relu"} "r"
"p" = pad("r", "pads") "p"
"y" = pool("p") {mode="max", kernel_shape=[3, 3]} "y"
output "y" "y"
)", "1 relu(x)\n2 pool(1) kernel_shape=3,3 mode=max pads=1,1,1,1\noutputs 2\n");
}

TEST(PadFolding, AveragesCountThePaddingThatWasTheirInput) {
  expect_rewrite({"pad_folding", "dead_layers"}, R"(
graph "g"
input "x" float32 1x3x6x6
const "pads" int64 8 = 0 0 1 1 0 0 1 1
"p" = pad("x", "pads") "p"
"y" = pool("p") {mode="average", kernel_shape=[3, 3]} "y"
output "y" "y"
)", "1 pool(x) count_include_pad=1 kernel_shape=3,3 mode=average pads=1,1,1,1\noutputs 1\n");
}

}  // namespace
}  // namespace vireo::passes_testing
