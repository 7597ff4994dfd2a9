// What newer heads give beside boxes: poses, masks, turned boxes, from raw columns and from the graph's own selection;
// heads with other strides. Layouts as the usual exporter writes them.

#include <cmath>

#include "engine/api/error.h"
#include "plugins/decode/shared.h"
#include "tests/plugins/known_boxes.h"

namespace vireo::decode {
namespace {

const std::map<std::string, std::string> kPose = {
    {"task", "pose"}, {"names", "{0: 'person'}"}, {"kpt_shape", "[17, 3]"}, {"end2end", "True"}};

/// The frame of kGeometry, 640x480 at half size under 40 rows: what lies at (x, y) in the network.
float frame_x(float x) { return float(kGeometry.to_frame_x(x)); }
float frame_y(float y) { return float(kGeometry.to_frame_y(y)); }

TEST(Yolov8, FindsTurnedBoxesAndSuppressesThemTurned) {
  Tensors t;
  t.description.metadata = {{"task", "obb"}, {"names", "{0: 'ship', 1: 'pier'}"}};
  auto& m = t.add({1, 7, 2100});
  const float eighth = float(std::acos(0.0) / 2);
  const float ships[4][7] = {{160, 160, 100, 16, 0.9f, 0, eighth},
                             {178, 142, 100, 16, 0.8f, 0, eighth},  // beside the first
                             {161, 161, 100, 16, 0.7f, 0, eighth},  // the first once more
                             {160, 160, 100, 16, 0, 0.6f, -eighth}};
  for (std::size_t i = 0; i < 4; ++i) {
    for (std::size_t r = 0; r < 7; ++r) m[r * 2100 + 11 * i] = ships[i][r];
  }
  const auto result = t.decode("yolov8");
  ASSERT_EQ(result.detections.size(), 3u);
  const auto& d = result.detections[0];
  EXPECT_EQ(d.label, "ship");
  EXPECT_NEAR(d.rotation, eighth, 1e-5);
  EXPECT_NEAR(d.width, 200, 0.01);
  EXPECT_NEAR(d.height, 32, 0.01);
  EXPECT_NEAR(d.x + d.width / 2, frame_x(160), 0.01);
  EXPECT_NEAR(d.y + d.height / 2, frame_y(160), 0.01);
  EXPECT_NEAR(result.detections[1].score, 0.8, 1e-6);
  EXPECT_EQ(result.detections[2].label, "pier");
  EXPECT_NEAR(result.detections[2].rotation, -eighth, 1e-5);
}

/// 32 prototypes over 80x80 cells of a 320x320 input: the first is 10 in the left half and -10 in the right one.
void add_prototypes(Tensors& t) {
  auto& prototypes = t.add({1, 32, 80, 80}, 0.5f);
  for (std::size_t i = 0; i < 6400; ++i) prototypes[i] = i % 80 < 40 ? 10.0f : -10.0f;
}

void expect_left_half(const sdk::Detection& d) {
  // The box is 100..220 x 120..200 in the network: 30 x 20 cells of 4 pixels, 15 of them in the left half.
  EXPECT_FLOAT_EQ(d.x, frame_x(100));
  ASSERT_EQ(d.mask.columns, 30);
  ASSERT_EQ(d.mask.rows, 20);
  EXPECT_FLOAT_EQ(d.mask.x, frame_x(100));
  EXPECT_FLOAT_EQ(d.mask.y, frame_y(120));
  EXPECT_FLOAT_EQ(d.mask.width, 240);
  EXPECT_FLOAT_EQ(d.mask.height, 160);
  for (std::size_t i = 0; i < d.mask.cover.size(); ++i) EXPECT_EQ(d.mask.cover[i] >= 128, i % 30 < 15) << i;
}

TEST(Yolov8, GivesEachObjectItsMask) {
  Tensors t;
  t.description.metadata = {{"task", "segment"}, {"names", "{0: 'person', 1: 'dog'}"}};
  auto& m = t.add({1, 4 + 2 + 32, 2100});
  add_prototypes(t);
  const float values[] = {160, 160, 120, 80, 0, 0.9f, 1};
  for (std::size_t r = 0; r < 7; ++r) m[r * 2100 + 44] = values[r];
  const auto result = t.decode("auto");
  ASSERT_EQ(result.detections.size(), 1u);
  EXPECT_EQ(result.detections[0].label, "dog");
  expect_left_half(result.detections[0]);
}

TEST(Yolov8, ReadsOneRowACellWhereTheMetadataSaysSo) {
  Tensors t;
  t.description.metadata = {{"names", "['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h']"}};
  auto& rows = t.add({1, 2100, 12});
  for (std::size_t i = 0; i < kKnown.size(); ++i) {
    const Centre c = in_network(kKnown[i]);
    const float values[] = {c.x, c.y, c.w, c.h};
    std::copy_n(values, 4, rows.begin() + std::ptrdiff_t(12 * 31 * i));
    rows[12 * 31 * i + 4 + std::size_t(kKnown[i].class_id)] = kKnown[i].score;
  }
  EXPECT_EQ(choose_decoder(t.description).row->name, "yolov8");
  expect_known(t.decode("auto"));
}

TEST(Yolov8, FindsBoxesAtOtherStrides) {
  // Columns of strides 4 to 32, 8 to 64, 4 to 16 and 16 to 32 of a 320x320 input.
  for (const std::int64_t count : {8500, 2125, 8400, 500}) {
    Tensors t;
    auto& m = t.add({1, 84, count});
    for (std::size_t i = 0; i < kKnown.size(); ++i) {
      const Centre c = in_network(kKnown[i]);
      const float values[] = {c.x, c.y, c.w, c.h};
      for (std::size_t r = 0; r < 4; ++r) m[r * std::size_t(count) + 37 * i] = values[r];
      m[std::size_t(4 + kKnown[i].class_id) * std::size_t(count) + 37 * i] = kKnown[i].score;
    }
    EXPECT_EQ(choose_decoder(t.description).row->name, "yolov8") << count;
    expect_known(t.decode("auto"));
  }
}

TEST(Yolox, FindsBoxesInRawRowsOfTwoLevels) {
  Tensors t;
  auto& rows = t.add({1, 500, 85});  // strides 16 and 32
  for (const auto& k : kKnown) {
    const Centre c = in_network(k);
    float* row = rows.data() + 85 * row_at(c, 16);
    row[0] = c.x / 16 - std::floor(c.x / 16);
    row[1] = c.y / 16 - std::floor(c.y / 16);
    row[2] = std::log(c.w / 16);
    row[3] = std::log(c.h / 16);
    row[4] = 1;
    row[5 + k.class_id] = k.score;
  }
  expect_known(t.decode("yolox"));
}

/// Rows of all cells of strides 8, 16 and 32 with three anchors: centres and points spread over the input.
void fill_rows(std::vector<float>& rows, int width, int first_point, int points, int step, float unit) {
  for (int i = 0; i < 6300; ++i) {
    const float x = float(i * 7 % 320), y = float(i * 11 % 320);
    float* row = rows.data() + std::ptrdiff_t(width) * i;
    row[0] = x * unit, row[1] = y * unit, row[2] = row[3] = 20 * unit;
    for (int k = 0; k < points; ++k) {
      row[first_point + step * k] = (x + float(k) - 2) * unit;
      row[first_point + step * k + 1] = (y + float(k) - 2) * unit;
    }
  }
}

TEST(Yolov5, TellsFacesFromTheirLandmarksInPixelsAndInParts) {
  for (const float unit : {1.0f, 1.0f / 320}) {
    Tensors t;
    auto& rows = t.add({1, 6300, 16});  // 4 + 1 + 5 points + 1 class
    fill_rows(rows, 16, 5, 5, 2, unit);
    float* face = rows.data() + 16 * 1000;
    face[0] = 160 * unit, face[1] = 160 * unit, face[2] = 100 * unit, face[3] = 80 * unit, face[4] = 1, face[15] = 0.9f;
    face[5] = 10 * unit, face[6] = 60 * unit;
    const auto result = t.decode("auto");
    ASSERT_EQ(result.detections.size(), 1u);
    EXPECT_EQ(result.detections[0].label, "face");
    EXPECT_EQ(result.detections[0].class_id, 0);
    EXPECT_NEAR(result.detections[0].width, 200, 0.01);
    ASSERT_EQ(result.detections[0].keypoints.size(), 5u);
    EXPECT_NEAR(result.detections[0].keypoints[0].x, 20, 0.01);
    EXPECT_NEAR(result.detections[0].keypoints[0].y, 40, 0.01);
  }
}

TEST(Yolov5, FindsPosesBehindTheClasses) {
  Tensors t;
  auto& rows = t.add({1, 6300, 57});  // 4 + 1 + 1 class + 17 points with scores
  fill_rows(rows, 57, 6, 17, 3, 1);
  float* person = rows.data() + 57 * 1000;
  person[4] = 1, person[5] = 0.9f, person[6] = 10, person[7] = 60, person[8] = 0.7f;
  const auto result = t.decode("yolov5");
  ASSERT_EQ(result.detections.size(), 1u);
  EXPECT_EQ(result.detections[0].label, "person");
  ASSERT_EQ(result.detections[0].keypoints.size(), 17u);
  EXPECT_FLOAT_EQ(result.detections[0].keypoints[0].x, 20);
  EXPECT_FLOAT_EQ(result.detections[0].keypoints[0].score, 0.7f);
}

TEST(Yolov5, GivesEachObjectItsMask) {
  Tensors t;
  auto& rows = t.add({1, 6300, 5 + 2 + 32});
  add_prototypes(t);
  fill_rows(rows, 39, 0, 0, 2, 1);
  float* row = rows.data() + 39 * 500;
  const float values[] = {160, 160, 120, 80, 1, 0, 0.9f, 1};
  std::copy_n(values, 8, row);
  const auto result = t.decode("auto");
  ASSERT_EQ(result.detections.size(), 1u);
  EXPECT_EQ(result.detections[0].class_id, 1);
  expect_left_half(result.detections[0]);
}

TEST(End2end, FindsPoses) {
  for (const bool told : {true, false}) {
    Tensors t;
    if (told) t.description.metadata = kPose;
    auto& rows = t.add({1, 300, 57});
    const float row[] = {100, 120, 220, 200, 0.9f, 0, 10, 60, 0.7f};
    std::copy_n(row, 9, rows.begin());
    const auto result = t.decode("auto");
    ASSERT_EQ(result.detections.size(), 1u);
    EXPECT_EQ(result.detections[0].label, told ? "person" : "class 0");
    EXPECT_FLOAT_EQ(result.detections[0].x, frame_x(100));
    EXPECT_NEAR(result.detections[0].score, 0.9, 1e-6);
    ASSERT_EQ(result.detections[0].keypoints.size(), 17u);
    EXPECT_FLOAT_EQ(result.detections[0].keypoints[0].x, frame_x(10));
    EXPECT_FLOAT_EQ(result.detections[0].keypoints[0].score, 0.7f);
  }
}

TEST(End2end, FindsTurnedBoxes) {
  Tensors t;
  t.description.metadata = {{"task", "obb"}, {"names", "{0: 'a', 1: 'b', 2: 'c'}"}};
  auto& rows = t.add({1, 300, 7});
  const float row[] = {160, 160, 100, 20, 0.9f, 2, 0.5f};
  std::copy_n(row, 7, rows.begin());
  const auto result = t.decode("auto");
  ASSERT_EQ(result.detections.size(), 1u);
  EXPECT_EQ(result.detections[0].label, "c");
  EXPECT_NEAR(result.detections[0].rotation, 0.5, 1e-6);
  EXPECT_NEAR(result.detections[0].width, 200, 0.01);
  EXPECT_NEAR(result.detections[0].height, 40, 0.01);
}

TEST(End2end, GivesEachObjectItsMask) {
  Tensors t;
  t.description.metadata = {{"task", "segment"}, {"names", "{0: 'person', 1: 'dog'}"}};
  auto& rows = t.add({1, 300, 38});
  add_prototypes(t);
  const float row[] = {100, 120, 220, 200, 0.9f, 1, 1};
  std::copy_n(row, 7, rows.begin());
  const auto result = t.decode("auto");
  ASSERT_EQ(result.detections.size(), 1u);
  EXPECT_EQ(result.detections[0].label, "dog");
  expect_left_half(result.detections[0]);
}

TEST(End2end, ReadsCentresAsPartsWhereTheHeadIsADetr) {
  Tensors t;
  t.description.metadata = {{"task", "detect"}, {"head", "RTDETRDecoder"}, {"end2end", "True"}};
  auto& rows = t.add({1, 300, 6});
  const float row[] = {0.5f, 0.5f, 0.375f, 0.25f, 0.9f, 3};
  std::copy_n(row, 6, rows.begin());
  const auto result = t.decode("auto");
  ASSERT_EQ(result.detections.size(), 1u);
  EXPECT_FLOAT_EQ(result.detections[0].x, frame_x(100));
  EXPECT_FLOAT_EQ(result.detections[0].width, 240);
}

TEST(End2end, RefusesRowsOfAnotherTask) {
  Tensors t;
  t.description.metadata = kPose;
  t.add({1, 300, 57});
  auto decoder = create_decoder(choose_decoder(t.description), t.description);
  const std::vector<float> zeros(300 * 7);
  const sdk::TensorView view{"out", DataType::float32, {1, 300, 7}, zeros.data()};
  sdk::FrameResult result;
  EXPECT_THROW(decoder->decode(std::span(&view, 1), kGeometry, result), Error);
}

}  // namespace
}  // namespace vireo::decode
