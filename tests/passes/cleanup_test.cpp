// Passes that take away: dead layers, identities, constants, common subexpressions, reshapes and transposes.
#include "tests/passes/check.h"

namespace vireo::passes_testing {
namespace {

TEST(DeadLayers, LayersThatNoOutputNeedsAreGone) {
  expect_rewrite({"dead_layers"}, R"(
graph "g"
input "x" float32 2x3
"a" = unary("x") {function="relu"} "a"
"b" = unary("a") {function="exp"} "b"
"c" = unary("x") {function="tanh"} "c"
output "c" "c"
)", R"(1 tanh(x)
outputs 1
)");
}

TEST(SplitJoining, AConcatOfAllPartsTakesTheWhole) {
  expect_rewrite({"split_joining"}, R"(
graph "g"
input "x" float32 1x8x4x4
"a", "b" = split("x") {axis=1} "s"
"c" = unary("b") {function="relu"} "c"
"d" = concat("a", "b", "c") {axis=-3} "d"
output "d" "d"
)", R"(1 split(x) axis=1
2 relu(1:1)
3 concat(x, 2) axis=-3
outputs 3
)");
}

TEST(Identities, LayersThatChangeNothingAreBypassed) {
  expect_rewrite({"identities"}, R"(
graph "g"
input "x" float32 2x3x4x4
const "one" float32 scalar = 1
const "zero" float32 1x1x1x1 = 0
const "shape" int64 4 = 0 0 4 -1
const "pads" int64 8 = 0 0 0 0 0 0 0 0
"a" = unary("x") {function="identity"} "a"
"b" = binary("a", "one") {function="mul"} "b"
"c" = binary("zero", "b") {function="add"} "c"
"d" = cast("c") {to="float32"} "d"
"e" = reshape("d", "shape") "e"
"f" = transpose("e") {perm=[0, 1, 2, 3]} "f"
"g" = concat("f") {axis=1} "g"
"h" = pad("g", "pads") "h"
"i" = pool("h") {mode="max", kernel_shape=[1, 1], strides=[1, 1]} "i"
"j" = unary("i") {function="clip"} "j"
"k" = unary("j") {function="relu"} "k"
output "k" "k"
)", R"(1 relu(x)
outputs 1
)");
}

TEST(Identities, AnOutputKeepsTheLayerThatWritesIt) {
  expect_untouched("identities", R"(
graph "g"
input "x" float32 2x3
"a" = unary("x") {function="identity"} "a"
output "a" "a"
)");
}

TEST(Identities, AConstantThatWidensItsOperandStays) {
  expect_untouched("identities", R"(
graph "g"
input "x" float32 3
const "zeros" float32 2x3 = 0 0 0 0 0 0
"a" = binary("x", "zeros") {function="add"} "a"
output "a" "a"
)");
}

TEST(ConstantFolding, KnownLayersAreComputed) {
  expect_rewrite({"constant_folding"}, R"(
graph "g"
input "x" float32 2x3
const "a" float32 3 = 1 2 3
const "b" float32 scalar = 10
"s" = binary("a", "b") {function="mul"} "s"
"t" = unary("s") {function="neg"} "t"
"y" = binary("x", "t") {function="add"} "y"
output "y" "y"
)", R"(1 add(x, 3)
outputs 1
)");
}

TEST(ConstantFolding, WhatWouldGrowTooMuchIsLeft) {
  expect_untouched("constant_folding", R"(
graph "g"
input "x" float32 1
const "one" float32 1 = 1
const "shape" int64 2 = 5000 1000
"big" = expand("one", "shape") "big"
"y" = binary("x", "big") {function="add"} "y"
output "y" "y"
)");
}

TEST(ShapeValues, KnownExtentsOfAPartlyKnownShapeAreUsed) {
  expect_rewrite({"shape_values", "dead_layers"}, R"(
graph "g"
input "x" float32 ?x3x4x5
const "i0" int64 scalar = 0
const "i3" int64 scalar = 3
const "zero" int64 1 = 0
const "rest" int64 1 = -1
"s" = shape("x") "s"
"n" = gather("s", "i0") {axis=0} "n"
"w" = gather("s", "i3") {axis=0} "w"
"n1" = unsqueeze("n", "zero") "n1"
"w1" = unsqueeze("w", "zero") "w1"
"target" = concat("n1", "rest", "w1") {axis=0} "target"
"y" = reshape("x", "target") "y"
output "y" "y"
)", R"(1 reshape(x, [0 -1 5])
outputs 1
)");
}

TEST(CommonSubexpressions, EqualLayersAreComputedOnce) {
  expect_rewrite({"common_subexpressions"}, R"(
graph "g"
input "x" float32 2x3
const "a" float32 3 = 1 2 3
const "b" float32 3 = 1 2 3
"p" = binary("x", "a") {function="mul"} "p"
"q" = binary("x", "b") {function="mul"} "q"
"y" = binary("p", "q") {function="add"} "y"
output "y" "y"
)", R"(1 mul(x, 3)
2 add(1, 1)
outputs 2
)");
}

TEST(CommonSubexpressions, TwoOutputsStayTwoTensors) {
  expect_untouched("common_subexpressions", R"(
graph "g"
input "x" float32 2x3
"p" = unary("x") {function="exp"} "p"
"q" = unary("x") {function="exp"} "q"
output "p" "p"
output "q" "q"
)");
}

TEST(Reshapes, ChainsBecomeOne) {
  expect_rewrite({"reshapes", "dead_layers"}, R"(
graph "g"
input "x" float32 ?x8x1x1
const "axes" int64 2 = 2 3
const "end" int64 1 = 1
"a" = squeeze("x", "axes") "a"
"b" = unsqueeze("a", "end") "b"
"c" = flatten("b") {axis=1} "c"
output "c" "c"
)", R"(1 reshape(x, [0 8])
outputs 1
)");
}

TEST(Transposes, InversePairsCancel) {
  expect_rewrite({"transposes", "identities", "dead_layers"}, R"(
graph "g"
input "x" float32 2x3x4x5
"a" = transpose("x") {perm=[0, 2, 3, 1]} "a"
"b" = transpose("a") {perm=[0, 3, 1, 2]} "b"
"y" = unary("b") {function="relu"} "y"
output "y" "y"
)", R"(1 relu(x)
outputs 1
)");
}

TEST(Transposes, MovingOnlyExtentsOfOneIsAReshape) {
  expect_rewrite({"transposes"}, R"(
graph "g"
input "x" float32 ?x1x1x7
"a" = transpose("x") {perm=[0, 3, 1, 2]} "a"
output "a" "a"
)", R"(1 reshape(x, [0 7 1 1])
outputs 1
)");
}

TEST(Clamps, ChainsOfBoundsBecomeOne) {
  expect_rewrite({"clamps", "dead_layers"}, R"(
graph "g"
input "x" float32 50
"a" = unary("x") {function="clip", min=-1.0, max=2.0} "a"
"b" = unary("a") {function="relu"} "b"
"c" = unary("b") {function="clip", max=1.5} "c"
output "c" "c"
)", R"(1 clip(x) max=1.5 min=0
outputs 1
)");
}

TEST(Clamps, ClipFromZeroUpIsRelu) {
  expect_rewrite({"clamps"}, R"(
graph "g"
input "x" float32 50
"a" = unary("x") {function="clip", min=0.0} "a"
output "a" "a"
)", R"(1 relu(x)
outputs 1
)");
}

TEST(SplitFromSlices, NeighbouringSlicesBecomeASplit) {
  expect_rewrite({"split_from_slices"}, R"(
graph "g"
input "x" float32 2x6x3
const "s0" int64 1 = 0
const "s1" int64 1 = 2
const "e1" int64 1 = 100
const "axis" int64 1 = 1
"b" = slice("x", "s1", "e1", "axis") "b"
"a" = slice("x", "s0", "s1", "axis") "a"
"fa" = unary("a") {function="exp"} "fa"
"fb" = unary("b") {function="tanh"} "fb"
output "fa" "fa"
output "fb" "fb"
)", R"(1 split(x) axis=1 split=2,4
2 exp(1:0)
3 tanh(1:1)
outputs 2 3
)");
}

}  // namespace
}  // namespace vireo::passes_testing
