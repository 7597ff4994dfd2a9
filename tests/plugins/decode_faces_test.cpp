// Decoders of faces and their landmarks against tensors built by the inverse of their formulas.

#include <cmath>

#include "plugins/decode/shared.h"
#include "tests/plugins/known_boxes.h"

namespace vireo::decode {
namespace {

TEST(Yunet, FindsFacesAndLandmarksWhateverTheOrderOfOutputs) {
  Tensors t;
  for (const int width : {10, 1, 4, 1}) {
    for (const int count : {100, 1600, 400}) t.add({1, count, width});
  }
  for (const auto& k : kKnown) {
    const Centre c = in_network(k);
    const auto cell = std::size_t(row_at(c, 16));
    t.data[5][cell] = k.score;
    t.data[11][cell] = k.score;
    float* box = &t.data[8][4 * cell];
    box[0] = c.x / 16 - std::floor(c.x / 16);
    box[1] = c.y / 16 - std::floor(c.y / 16);
    box[2] = std::log(c.w / 16);
    box[3] = std::log(c.h / 16);
    float* points = &t.data[2][10 * cell];
    for (int p = 0; p < 5; ++p) {
      points[2 * p] = (10.0f + float(p)) / 16 - std::floor(c.x / 16);
      points[2 * p + 1] = 60.0f / 16 - std::floor(c.y / 16);
    }
  }
  const auto result = t.decode("yunet");
  expect_known(result, 0.02f, false);
  for (const auto& d : result.detections) {
    ASSERT_EQ(d.keypoints.size(), 5u);
    EXPECT_NEAR(d.keypoints[2].x, 24, 1e-3);
    EXPECT_NEAR(d.keypoints[2].y, 40, 1e-3);
    EXPECT_EQ(d.label, "face");
  }
}

void put_prior(float* loc, float* points, int point_count, const Centre& c, float px, float py, float side) {
  loc[0] = (c.x - px) / (0.1f * side);
  loc[1] = (c.y - py) / (0.1f * side);
  loc[2] = std::log(c.w / side) / 0.2f;
  loc[3] = std::log(c.h / side) / 0.2f;
  for (int k = 0; k < point_count; ++k) {
    points[2 * k] = (10 - px) / (0.1f * side);
    points[2 * k + 1] = (60 - py) / (0.1f * side);
  }
}

TEST(Retinaface, FindsFacesFromPriors) {
  for (const int points : {5, 4}) {  // faces; plates, whose priors are larger
    Tensors t;
    auto& loc = t.add({1, 4200, 4});
    auto& conf = t.add({1, 4200, 2});
    auto& land = t.add({1, 4200, 2 * points});
    for (std::size_t i = 0; i < 4200; ++i) conf[2 * i] = 1;
    for (const auto& k : kKnown) {
      const Centre c = in_network(k);
      const auto row = std::size_t(3200 + 2 * row_at(c, 16) + 1);
      conf[2 * row] = 1 - k.score;
      conf[2 * row + 1] = k.score;
      put_prior(&loc[4 * row], &land[row * 2 * std::size_t(points)], points, c, float(int(c.x) / 16) * 16 + 8,
                float(int(c.y) / 16) * 16 + 8, points == 5 ? 128 : 192);
    }
    const auto result = t.decode("retinaface");
    expect_known(result, 0.02f, false);
    ASSERT_EQ(result.detections[0].keypoints.size(), std::size_t(points));
    EXPECT_NEAR(result.detections[0].keypoints[1].x, 20, 0.01);
    EXPECT_EQ(result.detections[0].label, points == 5 ? "face" : "plate");
  }
}

TEST(Retinaface, FindsFacesInTheJointRowsOfYunet2021) {
  Tensors t;
  constexpr int kRows = 3 * 1600 + 2 * 400 + 2 * 100 + 3 * 25;
  auto& loc = t.add({1, kRows, 14});
  auto& conf = t.add({1, kRows, 2});
  auto& iou = t.add({1, kRows, 1});
  for (const auto& k : kKnown) {
    const Centre c = in_network(k);
    const auto row = std::size_t(4800 + 2 * row_at(c, 16));
    conf[2 * row] = 1 - k.score;
    conf[2 * row + 1] = k.score;
    iou[row] = k.score;
    put_prior(&loc[14 * row], &loc[14 * row + 4], 5, c, float(int(c.x) / 16) * 16 + 8, float(int(c.y) / 16) * 16 + 8,
              32);
  }
  const auto result = t.decode("retinaface");
  expect_known(result, 0.02f, false);
  EXPECT_EQ(result.detections[0].keypoints.size(), 5u);
}

TEST(Blazeface, FindsFacesFromPointAnchors) {
  Tensors t;
  const int anchors = 40 * 40 * 2 + 20 * 20 * 6;
  auto& scores = t.add({1, anchors, 1}, -20);
  auto& rows = t.add({1, anchors, 16});
  for (const auto& k : kKnown) {
    const Centre c = in_network(k);
    const auto row = std::size_t(3200 + 6 * row_at(c, 16) + 2);
    const float ax = float(int(c.x) / 16) * 16 + 8, ay = float(int(c.y) / 16) * 16 + 8;
    scores[row] = logit(k.score);
    const float values[] = {c.x - ax, c.y - ay, c.w, c.h, 10 - ax, 60 - ay};
    std::copy_n(values, 6, rows.begin() + std::ptrdiff_t(16 * row));
  }
  const auto result = t.decode("blazeface");
  expect_known(result, 0.02f, false);
  ASSERT_EQ(result.detections[0].keypoints.size(), 6u);
  EXPECT_NEAR(result.detections[0].keypoints[0].y, 40, 1e-3);
}

}  // namespace
}  // namespace vireo::decode
