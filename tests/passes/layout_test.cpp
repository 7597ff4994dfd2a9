// Channels-last convolutions, and how the transposes around them move and go away.
#include "tests/passes/check.h"

namespace vireo::passes_testing {
namespace {

/// Both layout passes on a network whose only transposes in the end are those at its edges.
void expect_layout(std::string_view before, std::string_view after) {
  expect_rewrite({"nhwc_layout", "transpose_sinking", "dead_layers", "common_subexpressions", "transposes", "reshapes",
                  "dead_layers"},
                 before, after);
}

TEST(Layout, AChainOfConvolutionsHasTransposesAtItsEdgesOnly) {
  expect_layout(R"(
graph "g"
input "x" float32 1x3x8x8
const "w" float32 4x3x3x3 @1
const "v" float32 5x4x1x1 @2
const "p" float32 4x1x1 @3
"a" = conv("x", "w") {pads=[1, 1, 1, 1]} "a"
"b" = binary("a", "p") {function="prelu"} "b"
"c" = pool("b") {mode="max", kernel_shape=[2, 2], strides=[2, 2]} "c"
"y" = conv("c", "v") "y"
output "y" "y"
)",
                R"(1 transpose(x) perm=0,2,3,1
2 conv(1, 4x3x3x3) layout=nhwc pads=1,1,1,1
3 prelu(2, 1x1x1x4)
4 pool(3) kernel_shape=2,2 layout=nhwc mode=max strides=2,2
5 conv(4, 5x4x1x1) layout=nhwc
6 transpose(5) perm=0,3,1,2
outputs 6
)");
}

TEST(Layout, LayersThatSayTheirLayoutKeepIt) {
  expect_layout(R"(
graph "g"
input "x" float32 1x3x8x8
const "w" float32 4x3x3x3 @1
const "s" float32 4 @3
"a" = conv("x", "w") "a"
"b" = instance_norm("a", "s", "s") {layout="nchw"} "b"
"y" = pool("b") {mode="max", kernel_shape=[2, 2], layout="nchw"} "y"
output "y" "y"
)",
                R"(1 transpose(x) perm=0,2,3,1
2 conv(1, 4x3x3x3) layout=nhwc
3 transpose(2) perm=0,3,1,2
4 instance_norm(3, 4, 4) layout=nchw
5 pool(4) kernel_shape=2,2 layout=nchw mode=max
outputs 5
)");
}

TEST(Layout, NetworksWithChannelsLastAtTheirEdgesNeedNoTransposeAtAll) {
  expect_layout(R"(
graph "g"
input "x" float32 1x8x8x3
const "w" float32 4x3x3x3 @1
"t" = transpose("x") {perm=[0, 3, 1, 2]} "t"
"a" = conv("t", "w") {pads=[1, 1, 1, 1]} "a"
"b" = unary("a") {function="relu"} "b"
"y" = transpose("b") {perm=[0, 2, 3, 1]} "y"
output "y" "y"
)",
                R"(1 conv(x, 4x3x3x3) layout=nhwc pads=1,1,1,1
2 relu(1)
outputs 2
)");
}

TEST(Layout, ResidualsGoToTheLayoutOfTheConvolutionThatAddsThem) {
  for (const std::string_view op : {"conv", "conv_transpose"}) {
    const std::string text = base::str(R"(
graph "g"
input "x" float32 1x4x8x6
input "r" float32 1x4x8x6
const "w" float32 4x4x1x1 @1
"y" = )",
                                       op, R"(("x", "w", -, "r") {residual="after"} "y"
output "y" "y"
)");
    expect_layout(text, base::str(R"(1 transpose(x) perm=0,2,3,1
2 transpose(r) perm=0,2,3,1
3 )",
                                  op, R"((1, 4x4x1x1, -, 2) layout=nhwc residual=after
4 transpose(3) perm=0,3,1,2
outputs 4
)"));
  }
}

TEST(Layout, TransposesMeetTheirInverseAfterWhateverLetsThemThrough) {
  expect_layout(R"(
graph "g"
input "x" float32 2x3x4
const "shape" int64 3 = 1 2 1
const "repeats" int64 3 = 1 1 2
"t" = transpose("x") {perm=[1, 0, 2]} "t"
"a" = lp_normalize("t") {axis=0} "a"
"b" = expand("a", "shape") "b"
"c" = tile("b", "repeats") "c"
"y" = transpose("c") {perm=[1, 0, 2]} "y"
output "y" "y"
)",
                R"(1 lp_normalize(x) axis=1
2 expand(1, [2 1 1])
3 tile(2, [1 1 2])
outputs 3
)");
}

TEST(Layout, TransposesPassThroughWhatHasAxes) {
  expect_layout(R"(
graph "g"
input "x" float32 1x4x8x6
const "w" float32 4x4x1x1 @1
const "scales" float32 4 = 1 1 2 2
const "s" int64 1 = 2
const "e" int64 1 = 5
const "axis" int64 1 = 3
const "pads" int64 8 = 0 1 0 2 0 1 0 0
"a" = conv("x", "w") "a"
"b" = resize("a", -, "scales") {mode="nearest", coordinate_transformation_mode="asymmetric", nearest_mode="floor"} "b"
"c" = slice("b", "s", "e", "axis") "c"
"d" = pad("c", "pads") "d"
"f", "g" = split("d") {axis=1, split=[2, 4]} "f"
"h" = concat("g", "f") {axis=1} "h"
"i" = softmax("h") {axis=1} "i"
"y" = transpose("i") {perm=[0, 2, 3, 1]} "y"
output "y" "y"
)",
                R"(1 transpose(x) perm=0,2,3,1
2 conv(1, 4x4x1x1) layout=nhwc
3 resize(2, -, 4) coordinate_transformation_mode=asymmetric mode=nearest nearest_mode=floor
4 slice(3, [2], [5], [2])
5 pad(4, [0 0 2 1 0 0 0 1])
6 split(5) axis=3 split=2,4
7 concat(6:1, 6:0) axis=3
8 softmax(7) axis=3
outputs 8
)");
}

TEST(Layout, PoolingToVectorsLeavesNoTranspose) {
  expect_layout(R"(
graph "g"
input "x" float32 2x6x8x8
const "w" float32 5x6x1x1 @1
const "axes" int64 2 = 2 3
const "v" float32 5x7 @2
"a" = conv("x", "w") "a"
"b" = reduce("a", "axes") {mode="mean", keepdims=1} "b"
"c" = flatten("b") {axis=1} "c"
"y" = gemm("c", "v") "y"
output "y" "y"
)",
                R"(1 transpose(x) perm=0,2,3,1
2 conv(1, 5x6x1x1) layout=nhwc
3 reduce(2, [1 2]) keepdims=1 mode=mean
4 reshape(3, [2 5])
5 gemm(4, 5x7)
outputs 5
)");
}

TEST(Layout, HeadsThatFlattenThePlaneAndTurnItAreAPlainReshape) {
  expect_layout(R"(
graph "g"
input "x" float32 1x6x4x5
const "w" float32 10x6x1x1 @1
const "v" float32 10x6x1x1 @2
const "shape" int64 3 = 1 10 -1
"a" = conv("x", "w") "a"
"b" = conv("x", "v") "b"
"sa" = unary("a") {function="sigmoid"} "sa"
"ra" = reshape("sa", "shape") "ra"
"rb" = reshape("b", "shape") "rb"
"c" = concat("ra", "rb") {axis=2} "c"
"y" = transpose("c") {perm=[0, 2, 1]} "y"
output "y" "y"
)",
                R"(1 transpose(x) perm=0,2,3,1
2 conv(1, 10x6x1x1) layout=nhwc
3 sigmoid(2)
4 reshape(3, [1 20 10])
5 conv(1, 10x6x1x1) layout=nhwc
6 reshape(5, [1 20 10])
7 concat(4, 6) axis=1
outputs 7
)");
}

TEST(Layout, SplittingTheChannelsOfAHeadNeedsOneTranspose) {
  expect_layout(R"(
graph "g"
input "x" float32 1x6x4x5
const "w" float32 12x6x1x1 @1
const "shape" int64 5 = 1 3 4 4 5
"a" = conv("x", "w") "a"
"b" = reshape("a", "shape") "b"
"y" = transpose("b") {perm=[0, 1, 3, 4, 2]} "y"
output "y" "y"
)",
                R"(1 transpose(x) perm=0,2,3,1
2 conv(1, 12x6x1x1) layout=nhwc
3 reshape(2, [1 4 5 3 4])
4 transpose(3) perm=0,3,1,2,4
outputs 4
)");
}

TEST(Layout, TheShapeOfATransposedTensorNeedsNoTranspose) {
  expect_layout(R"(
graph "g"
input "x" float32 1x6x4x5
const "w" float32 12x6x1x1 @1
"a" = conv("x", "w") "a"
"s" = shape("a") "s"
"t" = transpose("a") {perm=[0, 2, 3, 1]} "t"
"y" = unary("t") {function="relu"} "y"
output "s" "s"
output "y" "y"
)",
                R"(1 transpose(x) perm=0,2,3,1
2 conv(1, 12x6x1x1) layout=nhwc
3 relu(2)
4 shape(2)
5 gather(4, [0 3 1 2]) axis=0
outputs 5 3
)");
}

TEST(Layout, AttentionOverThePlaneComesBackWithoutTransposes) {
  expect_layout(R"(
graph "g"
input "x" float32 1x6x4x5
const "w" float32 6x6x1x1 @1
const "rows" int64 3 = 1 6 20
const "image" int64 4 = 1 6 4 5
const "m" float32 6x6 @2
"a" = conv("x", "w") "a"
"b" = reshape("a", "rows") "b"
"c" = transpose("b") {perm=[0, 2, 1]} "c"
"d" = matmul("c", "m") "d"
"e" = transpose("d") {perm=[0, 2, 1]} "e"
"f" = reshape("e", "image") "f"
"g" = binary("f", "a") {function="add"} "g"
"y" = conv("g", "w") "y"
output "y" "y"
)",
                R"(1 transpose(x) perm=0,2,3,1
2 conv(1, 6x6x1x1) layout=nhwc
3 reshape(2, [1 20 6])
4 matmul(3, 6x6)
5 reshape(4, [1 4 5 6])
6 add(5, 2)
7 conv(6, 6x6x1x1) layout=nhwc
8 transpose(7) perm=0,3,1,2
outputs 8
)");
}

TEST(Layout, ConvolutionsAlongALineBecomeImagesOfHeightOne) {
  expect_rewrite({"conv_1d"}, R"(
graph "g"
input "x" float32 ?x5x20
const "w" float32 7x5x3 @1
"y" = conv("x", "w") {pads=[1, 0], strides=[2]} "y"
output "y" "y"
)",
                 R"(1 reshape(x, [0 0 1 -1])
2 conv(1, 7x5x1x3) pads=0,1,0,0 strides=1,2
3 reshape(2, [0 0 -1])
outputs 3
)");
}

TEST(Layout, OpenShapesAreLeftForLater) {
  expect_untouched("nhwc_layout", R"(
graph "g"
input "x" float32 ?x3x8x8
const "w" float32 4x3x3x3 @1
"y" = conv("x", "w") "y"
output "y" "y"
)");
}

TEST(Transposes, WithoutAPermutationTheAxesAreReversed) {
  const char* text = R"(
graph "g"
input "x" float32 1961
const "s" int64 2 = 37 53
"r" = reshape("x", "s") "r"
"t" = transpose("r") "t"
"u" = transpose("t") "u"
"v" = transpose("u") "v"
output "v" "v"
)";
  Graph graph = parse(text);
  passes::run_passes(graph);
  expect_equal_results(parse(text), graph);
  EXPECT_EQ(graph.tensor(graph.outputs()[0].tensor).dims, (Dims{53, 37}));
}

TEST(TransposeSinking, EndsWhereAConvolutionsOutputIsNeededInBothLayouts) {
  const char* text = R"(
graph "g"
input "a" float32 1x5x1x1
input "x" float32 1x33x3x10
const "w" float32 33x5x1x1 @1
const "b" float32 33 @2
"c" = conv("a", "w", "b") "c"
"m" = binary("c", "x") {function="mul"} "m"
"p" = pool("m") {kernel_shape=[3, 1], mode="average", pads=[1, 0, 1, 0], strides=[2, 2]} "p"
output "p" "p"
output "c" "c"
output "m" "m"
)";
  Graph graph = parse(text);
  passes::run_passes(graph);
  expect_equal_results(parse(text), graph);
}

}  // namespace
}  // namespace vireo::passes_testing
