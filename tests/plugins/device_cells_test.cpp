// Which cells of an output leave a device, and that decoders make the same of them as of all.

#include "tests/plugins/device_cells_checks.h"

namespace vireo::decode {
namespace {

TEST_F(DeviceCellsOf, EveryFamilyDecodeToTheSameDetections) {
  for (const Boxes boxes : {Boxes::suppressed, Boxes::all})
    for (const Family& family : kFamilies) {
      SCOPED_TRACE(std::string(family.name) + " " + to_string(family.dims));
      const Counts counts =
          check(family, 0.05, {{{"score", "0.3"}}, {{"score", "0.5"}, {"iou", "0.6"}}, {{"score", "0.9"}}}, 7,
                DataType::float32, boxes);
      EXPECT_EQ(counts.complete, 3);
      EXPECT_GT(counts.detections, 10u);
      const bool turned = family.params.text("angle") == "true";
      EXPECT_EQ(counts.suppressed, boxes == Boxes::suppressed && !turned ? 3 : 0);
      // Only boxes that remain come back; those outside of the picture are no detections.
      if (counts.suppressed > 0 && family.params.text("raw") != "true") EXPECT_EQ(counts.cells, counts.detections);
    }
}

TEST_F(DeviceCellsOf, HalvesDecodeToTheSameDetections) {
  const Counts counts = check(kFamilies[0], 0.05, {{{"score", "0.3"}}, {{"score", "0.55"}}}, 8, DataType::float16);
  EXPECT_EQ(counts.complete, 2);
  EXPECT_GT(counts.detections, 10u);
}

TEST_F(DeviceCellsOf, OptionsOfTheDecoderHoldAsBefore) {
  const Counts counts = check(kFamilies[0], 0.1,
                              {{{"score", "0.3"}, {"agnostic", "true"}},
                               {{"score", "0.3"}, {"classes", "3,7,40"}},
                               {{"score", "0.3"}, {"max_detections", "5"}}},
                              9);
  EXPECT_EQ(counts.complete, 3);
  EXPECT_GT(counts.detections, 10u);
}

TEST_F(DeviceCellsOf, ManyPassInASecondCopyAndTooManyAreSaidToBe) {
  const Counts many =
      check(kFamilies[3], 0.2, {{{"score", "0.05"}}, {{"score", "0.6"}}}, 10, DataType::float32, Boxes::all);
  EXPECT_EQ(many.complete, 2);
  EXPECT_GE(many.second, 1);
  const Counts all = check(kFamilies[3], 1, {{{"score", "0"}}, {{"score", "0.95"}}, {{"score", "0.001"}}}, 11);
  EXPECT_EQ(all.overflowed, 2);
  EXPECT_EQ(all.complete, 1);
}

TEST_F(DeviceCellsOf, NoneAreNoDetections) {
  for (const Family& family : kFamilies) {
    const Counts counts = check(family, 0, {{{"score", "0.5"}}}, 12);
    EXPECT_EQ(counts.complete, 1);
    EXPECT_EQ(counts.detections, 0u);
  }
}

TEST_F(DeviceCellsOf, AnOutputThatDoesntFitAFilterComesBackWhole) {
  const TensorInfo info{"out", DataType::float32, {1, 84, 2100}, {}};
  DeviceCells cells(kDevice, info, 2);
  EXPECT_FALSE(cells.filter(0, std::nullopt));
  EXPECT_FALSE(cells.filter(0, sdk::CellFilter{.columns = true, .first_class = 4, .classes = 81}));
  EXPECT_FALSE(cells.filter(0, sdk::CellFilter{.columns = false, .first_class = 4, .classes = 80}));
  EXPECT_FALSE(cells.filter(0, sdk::CellFilter{.columns = true, .objectness = 84, .classes = 1}));
  EXPECT_TRUE(cells.filter(1, sdk::CellFilter{.columns = true, .first_class = 4, .classes = 80}));
  EXPECT_FALSE(cells.filters(0));
  EXPECT_TRUE(cells.filters(1));
}

TEST(DeviceCellsTake, LargeOutputsOfRealsWithCells) {
  const auto takes = [](DataType type, Dims dims, int images = 1) {
    return DeviceCells::takes({"out", type, std::move(dims), {}}, images);
  };
  EXPECT_TRUE(takes(DataType::float32, {1, 84, 8400}));
  EXPECT_TRUE(takes(DataType::float16, {1, 25200, 85}));
  EXPECT_FALSE(takes(DataType::float32, {1, 300, 6}));
  EXPECT_FALSE(takes(DataType::int64, {1, 84, 8400}));
  EXPECT_FALSE(takes(DataType::float32, {1, 84, kUnknown}));
  EXPECT_FALSE(takes(DataType::float32, {84, 8400}));
  EXPECT_FALSE(takes(DataType::float32, {1, 84, 8400}, 4000));
}

}  // namespace
}  // namespace vireo::decode
