// Products around a softmax become attention layers that read the heads where they lie.

#include "tests/passes/check.h"

namespace vireo {
namespace {

using namespace passes_testing;

TEST(Attention, PackedHeadsAreReadWhereTheProductPutThem) {
  expect_rewrite({"product_scale", "attention", "transposes", "reshapes", "identities", "dead_layers", "reshapes",
                  "identities", "dead_layers"},
                 R"(
graph "g"
input "x" float32 2x5x24
const "apart" int64 5 = 2 5 3 2 4
const "i0" int64 scalar = 0
const "i1" int64 scalar = 1
const "i2" int64 scalar = 2
const "factor" float32 scalar = 0.5
const "joined" int64 3 = 2 5 8
"r" = reshape("x", "apart") "r"
"t" = transpose("r") {perm=[2, 0, 3, 1, 4]} "t"
"q" = gather("t", "i0") {axis=0} "q"
"k" = gather("t", "i1") {axis=0} "k"
"v" = gather("t", "i2") {axis=0} "v"
"kt" = transpose("k") {perm=[0, 1, 3, 2]} "kt"
"s" = matmul("q", "kt") "s"
"f" = binary("s", "factor") {function="mul"} "f"
"p" = softmax("f") {axis=-1} "p"
"o" = matmul("p", "v") "o"
"b" = transpose("o") {perm=[0, 2, 1, 3]} "b"
"y" = reshape("b", "joined") "y"
output "y" "y"
)",
                 R"(1 split(x) axis=2 split=8,8,8
2 attention(1:0, 1:1, 1:2) kv_num_heads=2 q_num_heads=2 scale=0.5
outputs 2
)");
}

TEST(Attention, MasksOfWindowsAreAddedToOne) {
  expect_rewrite({"attention", "constant_folding", "reshapes", "identities", "dead_layers"}, R"(
graph "g"
input "q" float32 4x3x5x8
input "k" float32 4x3x6x8
input "v" float32 4x3x6x7
const "bias" float32 1x3x5x6 @1
const "window" float32 1x4x1x5x6 @2
const "up" int64 5 = 1 4 3 5 6
const "down" int64 4 = 4 3 5 6
"s" = matmul("q", "k") {trans_b=1} "s"
"a" = binary("bias", "s") {function="add"} "a"
"r" = reshape("a", "up") "r"
"m" = binary("r", "window") {function="add"} "m"
"b" = reshape("m", "down") "b"
"p" = softmax("b") {axis=3} "p"
"y" = matmul("p", "v") "y"
output "y" "y"
)",
                 "1 attention(q, k, v, 4x3x5x6) scale=1\noutputs 1\n");
}

TEST(Attention, HeadsInTheFirstAxisOfRankThree) {
  expect_rewrite({"attention", "transposes", "reshapes", "identities", "dead_layers"}, R"(
graph "g"
input "x" float32 6x1x8
input "z" float32 7x1x8
const "q4" int64 3 = 6 2 4
const "k4" int64 3 = 7 2 4
"a" = reshape("x", "q4") "a"
"q" = transpose("a") {perm=[1, 0, 2]} "q"
"b" = reshape("z", "k4") "b"
"k" = transpose("b") {perm=[1, 2, 0]} "k"
"v" = transpose("b") {perm=[1, 0, 2]} "v"
"s" = matmul("q", "k") "s"
"p" = softmax("s") {axis=2} "p"
"y" = matmul("p", "v") "y"
output "y" "y"
)",
                 R"(1 reshape(x, [1 6 8])
2 reshape(z, [1 7 8])
3 attention(1, 2, 2) kv_num_heads=2 q_num_heads=2 scale=1
4 reshape(3, [6 2 4])
5 transpose(4) perm=1,0,2
outputs 5
)");
}

TEST(Attention, ValuesOnTheLeftAndExtentsOfOneInFront) {
  expect_rewrite({"attention", "transposes", "reshapes", "identities", "dead_layers"}, R"(
graph "g"
input "q" float32 1x3x5x2x4
input "k" float32 1x3x6x2x4
input "v" float32 1x3x6x2x4
"qt" = transpose("q") {perm=[0, 1, 3, 4, 2]} "qt"
"kt" = transpose("k") {perm=[0, 1, 3, 4, 2]} "kt"
"vt" = transpose("v") {perm=[0, 1, 3, 4, 2]} "vt"
"s" = matmul("qt", "kt") {trans_a=1, alpha=0.25} "s"
"p" = softmax("s") {axis=4} "p"
"y" = matmul("vt", "p") {trans_b=1} "y"
output "y" "y"
)",
                 R"(1 reshape(q, [3 5 8])
2 reshape(k, [3 6 8])
3 reshape(v, [3 6 8])
4 attention(1, 2, 3) kv_num_heads=2 q_num_heads=2 scale=0.25
5 reshape(4, [3 5 2 4])
6 transpose(5) perm=0,2,3,1
7 reshape(6, [1 3 2 4 5])
outputs 7
)");
}

TEST(Attention, WhatOthersReadOrStridesCannotSayStays) {
  expect_untouched("attention", R"(
graph "g"
input "q" float32 1x2x5x4
input "k" float32 1x2x6x4
input "v" float32 1x2x6x4
"s" = matmul("q", "k") {trans_b=1} "s"
"p" = softmax("s") {axis=3} "p"
"y" = matmul("p", "v") "y"
output "y" "y"
output "p" "p"
)");
  // Keys as columns, that no transpose made.
  expect_untouched("attention", R"(
graph "g"
input "q" float32 1x2x5x4
input "k" float32 1x2x4x6
input "v" float32 1x2x6x4
"s" = matmul("q", "k") "s"
"p" = softmax("s") {axis=3} "p"
"y" = matmul("p", "v") "y"
output "y" "y"
)");
  // One set of keys for all heads.
  expect_untouched("attention", R"(
graph "g"
input "q" float32 1x2x5x4
input "k" float32 1x1x6x4
input "v" float32 1x2x6x4
"s" = matmul("q", "k") {trans_b=1} "s"
"p" = softmax("s") {axis=3} "p"
"y" = matmul("p", "v") "y"
output "y" "y"
)");
  // Over the queries.
  expect_untouched("attention", R"(
graph "g"
input "q" float32 1x2x6x4
input "k" float32 1x2x6x4
input "v" float32 1x2x6x4
"s" = matmul("q", "k") {trans_b=1} "s"
"p" = softmax("s") {axis=2} "p"
"y" = matmul("p", "v") "y"
output "y" "y"
)");
}

TEST(Attention, HeadsOutsideOfTheirTensorAreLeftToTheLayerThatAsksForThem) {
  expect_untouched("attention", R"(
graph "g"
input "x" float32 2x5x24
const "apart" int64 5 = 2 5 3 2 4
const "outside" int64 scalar = -5
const "i1" int64 scalar = 1
const "i2" int64 scalar = 2
"r" = reshape("x", "apart") "r"
"t" = transpose("r") {perm=[2, 0, 3, 1, 4]} "t"
"q" = gather("t", "outside") {axis=0} "q"
"k" = gather("t", "i1") {axis=0} "k"
"v" = gather("t", "i2") {axis=0} "v"
"kt" = transpose("k") {perm=[0, 1, 3, 2]} "kt"
"s" = matmul("q", "kt") "s"
"p" = softmax("s") {axis=-1} "p"
"y" = matmul("p", "v") "y"
output "y" "y"
)");
}

TEST(Attention, ProductsOfNothingStay) {
  expect_untouched("attention", R"(
graph "g"
input "q" float32 4x1x0x4
input "k" float32 4x1x4x0
input "v" float32 4x1x0x4
"s" = matmul("q", "k") "s"
"p" = softmax("s") "p"
"y" = matmul("p", "v") "y"
output "y" "y"
)");
}

TEST(Attention, LayersFromTheStartReadTokensToo) {
  expect_rewrite({"attention", "transposes", "reshapes", "identities", "dead_layers", "transposes", "reshapes",
                  "identities", "dead_layers"},
                 R"(
graph "g"
input "x" float32 2x5x8
input "k" float32 2x2x6x4
input "v" float32 2x2x6x3
const "apart" int64 4 = 2 5 2 4
const "joined" int64 3 = 2 5 6
"r" = reshape("x", "apart") "r"
"q" = transpose("r") {perm=[0, 2, 1, 3]} "q"
"a" = attention("q", "k", "v") {is_causal=1} "a"
"b" = transpose("a") {perm=[0, 2, 1, 3]} "b"
"y" = reshape("b", "joined") "y"
output "y" "y"
)",
                 "1 attention(x, k, v) is_causal=1 q_num_heads=2\noutputs 1\n");
}

TEST(Attention, LimitsThatHideNothingGo) {
  expect_rewrite({"attention", "dead_layers"}, R"(
graph "g"
input "q" float32 2x2x2x4
input "k" float32 2x2x6x4
input "v" float32 2x2x6x3
const "past" int64 1 = 5
const "lengths" int64 2 = 6 6
"y" = attention("q", "k", "v", -, "past", "lengths") {is_causal=1} "y"
output "y" "y"
)",
                 "1 attention(q, k, v)\noutputs 1\n");
  expect_untouched("attention", R"(
graph "g"
input "q" float32 2x2x2x4
input "k" float32 2x2x6x4
input "v" float32 2x2x6x3
const "past" int64 1 = 4
const "lengths" int64 2 = 6 5
"y" = attention("q", "k", "v", -, "past", "lengths") {is_causal=1} "y"
output "y" "y"
)");
}

TEST(Attention, RepeatedHeadsAreReadOnce) {
  expect_rewrite({"attention", "reshapes", "identities", "dead_layers"}, R"(
graph "g"
input "q" float32 2x6x5x4
input "k" float32 2x2x1x7x4
input "v" float32 2x2x1x7x3
const "kr" int64 5 = 2 2 3 7 4
const "vr" int64 5 = 2 2 3 7 3
const "ks" int64 4 = 2 6 7 4
const "vs" int64 4 = 2 6 7 3
"ke" = expand("k", "kr") "ke"
"ve" = expand("v", "vr") "ve"
"kk" = reshape("ke", "ks") "kk"
"vv" = reshape("ve", "vs") "vv"
"s" = matmul("q", "kk") {trans_b=1} "s"
"p" = softmax("s") {axis=-1} "p"
"y" = matmul("p", "vv") "y"
output "y" "y"
)",
                 R"(1 reshape(k, [2 2 7 4])
2 reshape(v, [2 2 7 3])
3 attention(q, 1, 2) scale=1
outputs 3
)");
}

}  // namespace
}  // namespace vireo
