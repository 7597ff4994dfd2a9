// Results of several stages in one frame, and results that follow their picture when it is turned, cut or scaled.

#include <gtest/gtest.h>

#include <cmath>

#include "plugins/sdk/detection.h"

namespace vireo::sdk {
namespace {

Detection box(float x, float y, float width, float height, const char* label, int id = -1, int parent = -1) {
  Detection d;
  d.x = x, d.y = y, d.width = width, d.height = height;
  d.score = 1;
  d.label = label;
  d.id = id;
  d.parent = parent;
  return d;
}

FrameResult frame(std::vector<Detection> detections, int width = 640, int height = 480) {
  FrameResult result;
  result.width = width, result.height = height;
  result.detections = std::move(detections);
  return result;
}

TEST(MergeResult, KeepsWhatEarlierStagesFound) {
  FrameResult all = frame({box(0, 0, 10, 10, "car"), box(20, 0, 10, 10, "bus")});
  all.source_id = "cam";
  all.classes.push_back({1, "day", 0.9f, "weather"});
  FrameResult stage = frame({box(2, 2, 3, 3, "plate")});
  stage.source_id = "other";
  stage.classes.push_back({2, "wet", 0.8f, "road"});
  stage.maps.push_back({.width = 1, .height = 1, .class_ids = {3}, .scores = {}, .labels = {}});
  stage.events.push_back({.kind = "line", .name = "gate", .text = ""});
  merge_result(all, stage);
  EXPECT_EQ(all.source_id, "cam");
  ASSERT_EQ(all.detections.size(), 3u);
  EXPECT_EQ(all.detections[0].label, "car");
  EXPECT_EQ(all.detections[2].label, "plate");
  ASSERT_EQ(all.classes.size(), 2u);
  EXPECT_EQ(all.classes[1].stage, "road");
  EXPECT_EQ(all.maps.size(), 1u);
  EXPECT_EQ(all.events.size(), 1u);
  for (int id = 0; id < 3; ++id) EXPECT_EQ(all.detections[std::size_t(id)].id, id);
}

TEST(MergeResult, ParentsFollowIntoTheNewNumbers) {
  FrameResult all = frame({box(0, 0, 10, 10, "car", 0), box(0, 0, 5, 5, "wheel", 1, 0)});
  FrameResult own = frame({box(1, 1, 4, 4, "face", 0), box(1, 1, 1, 1, "eye", 1, 0)});
  own.events.push_back({.kind = "zone", .name = "", .text = "", .detection = 1});
  merge_result(all, own);
  ASSERT_EQ(all.detections.size(), 4u);
  EXPECT_EQ(all.detections[1].parent, 0);
  EXPECT_EQ(all.detections[3].parent, all.detections[2].id) << "the stage's own parent";
  EXPECT_EQ(all.events[0].detection, all.detections[3].id);
  FrameResult plates = frame({box(2, 2, 3, 3, "plate", -1, 0)});  // of the first stage's car
  merge_result(all, plates);
  const auto children = all.children_of(0);
  ASSERT_EQ(children.size(), 2u);
  EXPECT_EQ(children[1]->label, "plate");
  ASSERT_NE(all.find(4), nullptr);
  EXPECT_EQ(all.find(4)->label, "plate");
  EXPECT_EQ(all.find(-1), nullptr);
}

TEST(MergeResult, BringsTheStageToTheSizeOfTheFrame) {
  FrameResult all = frame({}, 640, 480);
  merge_result(all, frame({box(10, 10, 20, 20, "car")}, 320, 240));
  EXPECT_EQ(all.detections[0].x, 20);
  EXPECT_EQ(all.detections[0].width, 40);
}

/// A detection with everything that has a place: box (10, 20, 40, 30) of 100x80 with a mask of 2x1 cells.
FrameResult marked() {
  FrameResult result = frame({box(10, 20, 40, 30, "car")}, 100, 80);
  result.detections[0].keypoints = {{12, 22, 1}};
  result.detections[0].mask = {10, 20, 40, 30, 2, 1, {255, 0}};
  result.maps.push_back({.width = 2, .height = 1, .class_ids = {1, 2}, .scores = {0.5f, 0.6f}, .labels = {}});
  return result;
}

void expect_box(const Detection& d, float x, float y, float width, float height) {
  EXPECT_FLOAT_EQ(d.x, x);
  EXPECT_FLOAT_EQ(d.y, y);
  EXPECT_FLOAT_EQ(d.width, width);
  EXPECT_FLOAT_EQ(d.height, height);
}

TEST(TransformResult, MirrorsEverything) {
  FrameResult result = marked();
  transform_result(result, {-1, 0, 100, 0, 1, 0}, 100, 80);
  const Detection& d = result.detections[0];
  expect_box(d, 50, 20, 40, 30);
  EXPECT_FLOAT_EQ(d.keypoints[0].x, 88);
  EXPECT_EQ(d.mask.cover, (std::vector<std::uint8_t>{0, 255}));
  EXPECT_FLOAT_EQ(d.mask.x, 50);
  EXPECT_EQ(result.maps[0].class_ids, (std::vector<std::uint8_t>{2, 1}));
  EXPECT_EQ(result.maps[0].scores, (std::vector<float>{0.6f, 0.5f}));
}

TEST(TransformResult, TurnsByAQuarter) {
  FrameResult result = marked();
  transform_result(result, {0, -1, 80, 1, 0, 0}, 80, 100);  // clockwise: (x, y) goes to (80 - y, x)
  const Detection& d = result.detections[0];
  EXPECT_EQ(result.width, 80);
  EXPECT_EQ(result.height, 100);
  expect_box(d, 30, 10, 30, 40);
  EXPECT_FLOAT_EQ(d.rotation, 0);
  EXPECT_EQ(d.mask.columns, 1);
  EXPECT_EQ(d.mask.rows, 2);
  EXPECT_EQ(d.mask.cover, (std::vector<std::uint8_t>{255, 0})) << "the left cell is now above";
  EXPECT_EQ(result.maps[0].width, 1);
  EXPECT_EQ(result.maps[0].class_ids, (std::vector<std::uint8_t>{1, 2}));
  FrameResult twice = result, back = result;
  transform_result(back, {0, 1, 0, -1, 0, 80}, 100, 80);
  expect_box(back.detections[0], 10, 20, 40, 30);
  EXPECT_EQ(back.maps[0].class_ids, marked().maps[0].class_ids);
  transform_result(twice, {0, -1, 100, 1, 0, 0}, 100, 80);
  expect_box(twice.detections[0], 50, 30, 40, 30);
}

TEST(TransformResult, CutsToWhatIsLeft) {
  FrameResult result = marked();
  result.detections.push_back(box(80, 60, 10, 10, "gone", 7));
  result.detections.push_back(box(12, 22, 5, 5, "child", 8, 7));
  result.detections[0].id = 6;
  result.events.push_back({.kind = "zone", .name = "", .text = "", .detection = 7});
  transform_result(result, {1, 0, -20, 0, 1, -10}, 50, 40);
  ASSERT_EQ(result.detections.size(), 1u) << "the child lies left of the cut";
  expect_box(result.detections[0], 0, 10, 30, 30);
  EXPECT_EQ(result.events[0].detection, -1);
  EXPECT_EQ(result.maps[0].class_ids, (std::vector<std::uint8_t>{1}))
      << "one cell of 50 pixels, its centre at 45 of the old ones";
}

TEST(TransformResult, KeepsTurnedBoxesTurned) {
  FrameResult result = frame({box(10, 30, 40, 20, "ship")}, 100, 80);
  result.detections[0].rotation = 0.5f;
  FrameResult scaled = result, mirrored = result;
  transform_result(scaled, Affine::scale(2, 2), 200, 160);
  expect_box(scaled.detections[0], 20, 60, 80, 40);
  EXPECT_FLOAT_EQ(scaled.detections[0].rotation, 0.5f);
  transform_result(mirrored, {-1, 0, 100, 0, 1, 0}, 100, 80);
  expect_box(mirrored.detections[0], 50, 30, 40, 20);
  // Mirrored, the width points to the left: the same rectangle as one turned by -0.5.
  EXPECT_NEAR(std::remainder(mirrored.detections[0].rotation + 0.5, std::acos(-1.0)), 0, 1e-6);
}

TEST(Affine, ChainsInOrder) {
  const Affine map = Affine::scale(2, 3).then({0, -1, 10, 1, 0, 0});
  EXPECT_EQ(map.xx * 1 + map.xy * 1 + map.x0, 7);  // (1, 1) to (2, 3) to (10 - 3, 2)
  EXPECT_EQ(map.yx * 1 + map.yy * 1 + map.y0, 2);
  EXPECT_TRUE(Affine().is_identity());
}

}  // namespace
}  // namespace vireo::sdk
