#include "plugins/sdk/params.h"

#include <gtest/gtest.h>

#include "engine/api/error.h"
#include "plugins/sdk/frame.h"
#include "plugins/sdk/tensor_view.h"

namespace vireo::sdk {
namespace {

TEST(Params, ReadsPairsAndConvertsThem) {
  const auto params = Params::parse(" score = 0.4 ; classes=person, car;;agnostic=yes\nlimit=7");
  EXPECT_DOUBLE_EQ(params.number("score", 1, 0, 1), 0.4);
  EXPECT_EQ(params.list("classes"), (std::vector<std::string>{"person", "car"}));
  EXPECT_TRUE(params.flag("agnostic", false));
  EXPECT_EQ(params.integer("limit", 0, 0, 9), 7);
  EXPECT_EQ(params.integer("missing", 5, 0, 9), 5);
}

TEST(Params, RefusesWhatDoesNotFitAndNamesIt) {
  EXPECT_THROW((void)Params::parse("score"), Error);
  EXPECT_THROW((void)Params::parse("=3"), Error);
  const auto params = Params::parse("score=1.5;count=3x;flag=maybe;list=1,b;nan=nan");
  for (const auto call : {0, 1, 2, 3, 4}) {
    try {
      if (call == 0) (void)params.number("score", 0, 0, 1);
      if (call == 1) (void)params.integer("count", 0, 0, 9);
      if (call == 2) (void)params.flag("flag", true);
      if (call == 3) (void)params.numbers("list");
      if (call == 4) (void)params.number("nan", 0, 0, 1);
      FAIL() << call;
    } catch (const Error& error) {
      EXPECT_NE(std::string(error.what()).find("option '"), std::string::npos);
    }
  }
}

TEST(Params, ListsTheKnownOptionsWhenOneIsUnknown) {
  constexpr ParamRow kRows[] = {{"score", "", "", ""}, {"iou", "", "", ""}};
  const std::span<const ParamRow> tables[] = {kRows};
  EXPECT_NO_THROW((Params{{"score", "1"}}.check(tables)));
  try {
    Params{{"scroe", "1"}}.check(tables);
    FAIL();
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("score, iou"), std::string::npos);
  }
}

TEST(SliceBatch, TakesOneImageOutOfABatch) {
  const float data[] = {0, 1, 2, 3, 4, 5, 6, 7};
  const TensorView tensor{"t", DataType::float32, {2, 2, 2}, data};
  const auto second = slice_batch(tensor, 1, 2);
  EXPECT_EQ(second.dims, (Dims{1, 2, 2}));
  EXPECT_EQ(second.as<float>()[0], 4);
  const TensorView flat{"t", DataType::float32, {4, 2}, data};  // rows of both images in one list
  EXPECT_EQ(slice_batch(flat, 1, 2).dims, (Dims{2, 2}));
  EXPECT_THROW((void)slice_batch(tensor, 0, 3), Error);
  EXPECT_THROW((void)slice_batch(tensor, 2, 2), Error);
  EXPECT_EQ(slice_batch({"t", DataType::float32, {5268, 2}, data}, 0, 1).dims, (Dims{5268, 2}));
}

TEST(PixelFormat, NamesGoThereAndBack) {
  for (const auto format : {PixelFormat::nv12, PixelFormat::i420, PixelFormat::bgr, PixelFormat::gray8}) {
    EXPECT_EQ(pixel_format_from(to_string(format)), format);
  }
  EXPECT_FALSE(pixel_format_from("yuyv"));
}

}  // namespace
}  // namespace vireo::sdk
