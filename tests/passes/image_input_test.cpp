// What networks do to their images before the first convolution.
#include "tests/passes/check.h"

namespace vireo::passes_testing {
namespace {

/// The layout passes, then the one in question, as the whole list runs them.
void expect_head(std::string_view before, std::string_view after) {
  expect_rewrite({"nhwc_layout", "transpose_sinking", "dead_layers", "image_input", "dead_layers"}, before, after);
}

TEST(ImageInput, BytesThatAreScaledAndShiftedBecomeOneLayerAndTheBorderStaysZero) {
  expect_head(R"(
graph "g"
input "x" uint8 1x8x9x3
const "all" float32 1 = 255
const "mean" float32 3 = 0.485 0.456 0.406
const "deviation" float32 3 = 0.229 0.224 0.225
const "w" float32 4x3x3x3 @1
"f" = cast("x") {to="float32"} "f"
"a" = binary("f", "all") {function="div"} "a"
"b" = binary("a", "mean") {function="sub"} "b"
"c" = binary("b", "deviation") {function="div"} "c"
"t" = transpose("c") {perm=[0, 3, 1, 2]} "t"
"y" = conv("t", "w") {pads=[1, 1, 1, 1], strides=[2, 2]} "y"
output "y" "y"
)", R"(1 image_input(x, 3, 3) layout=nhwc
2 conv(1, 4x3x3x3) layout=nhwc pads=1,1,1,1 strides=2,2
3 transpose(2) perm=0,3,1,2
outputs 3
)");
}

TEST(ImageInput, PlanesAreJoinedOnTheWay) {
  expect_head(R"(
graph "g"
input "x" uint8 2x3x8x9
const "mean" float32 1x3x1x1 = 123 116 103
const "half" float32 1 = 0.5
const "w" float32 4x3x3x3 @1
"f" = cast("x") {to="float32"} "f"
"b" = binary("mean", "f") {function="sub"} "b"
"c" = binary("b", "half") {function="mul"} "c"
"y" = conv("c", "w") {pads=[1, 1, 1, 1]} "y"
output "y" "y"
)", R"(1 image_input(x, 3, 3) layout=nchw
2 conv(1, 4x3x3x3) layout=nhwc pads=1,1,1,1
3 transpose(2) perm=0,3,1,2
outputs 3
)");
}

TEST(ImageInput, AConversionAloneIsEnough) {
  expect_head(R"(
graph "g"
input "x" uint8 1x3x5x6
const "w" float32 4x3x3x3 @1
"f" = cast("x") {to="float32"} "f"
"y" = conv("f", "w") "y"
output "y" "y"
)", R"(1 image_input(x, 3, 3) layout=nchw
2 conv(1, 4x3x3x3) layout=nhwc
3 transpose(2) perm=0,3,1,2
outputs 3
)");
}

TEST(ImageInput, FloatImagesNeedNoConversion) {
  expect_head(R"(
graph "g"
input "x" float32 1x1x5x6
const "mean" float32 1 = 127.5
const "w" float32 4x1x3x3 @1
"b" = binary("x", "mean") {function="sub"} "b"
"y" = conv("b", "w") {pads=[1, 1, 1, 1]} "y"
output "y" "y"
)", R"(1 image_input(x, 1, 1) layout=nchw
2 conv(1, 4x1x3x3) layout=nhwc pads=1,1,1,1
3 transpose(2) perm=0,3,1,2
outputs 3
)");
}

TEST(ImageInput, WhatOthersReadStays) {
  expect_head(R"(
graph "g"
input "x" uint8 1x5x6x3
const "half" float32 1 = 0.5
const "w" float32 4x3x3x3 @1
"f" = cast("x") {to="float32"} "f"
"b" = binary("f", "half") {function="sub"} "b"
"t" = transpose("b") {perm=[0, 3, 1, 2]} "t"
"y" = conv("t", "w") {pads=[1, 1, 1, 1]} "y"
output "f" "f"
output "y" "y"
)", R"(1 cast(x) to=float32
2 sub(1, 1)
3 conv(2, 4x3x3x3) layout=nhwc pads=1,1,1,1
4 transpose(3) perm=0,3,1,2
outputs 1 4
)");
}

TEST(ImageInput, OtherConversionsAndConstantsThatVaryOverPixelsStay) {
  expect_untouched("image_input", R"(
graph "g"
input "x" int64 1x5x6x3
const "w" float32 4x3x3x3 @1
"f" = cast("x") {to="float32"} "f"
"y" = conv("f", "w") {layout="nhwc"} "y"
output "y" "y"
)");
  expect_untouched("image_input", R"(
graph "g"
input "x" float32 1x5x6x3
const "m" float32 1x5x6x3 @2
const "w" float32 4x3x3x3 @1
"b" = binary("x", "m") {function="sub"} "b"
"y" = conv("b", "w") {layout="nhwc"} "y"
output "y" "y"
)");
}

TEST(ImageInput, ScalesAndShiftsThatFloatsDoNotHoldStay) {
  expect_untouched("image_input", R"(
graph "g"
input "x" uint8 1x5x6x3
const "tiny" float32 1 = 1e-39
const "w" float32 4x3x3x3 @1
"f" = cast("x") {to="float32"} "f"
"b" = binary("f", "tiny") {function="div"} "b"
"y" = conv("b", "w") {layout="nhwc"} "y"
output "y" "y"
)");
  expect_untouched("image_input", R"(
graph "g"
input "x" float32 1x5x6x3
const "far" float32 1 = 1000003
const "w" float32 4x3x3x3 @1
"b" = binary("x", "far") {function="sub"} "b"
"y" = conv("b", "w") {layout="nhwc"} "y"
output "y" "y"
)");
}

}  // namespace
}  // namespace vireo::passes_testing
