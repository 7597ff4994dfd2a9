// Lines of text out of maps of probabilities.

#include <gtest/gtest.h>

#include <cmath>

#include "engine/api/error.h"
#include "plugins/decode/decoders.h"

namespace vireo::decode {
namespace {

sdk::ModelDescription describe(const char* input, const char* output, std::vector<std::string> tail = {"Sigmoid"},
                               Dims size = {320, 480}) {
  sdk::ModelDescription d;
  d.inputs.push_back({input, DataType::float32, {1, 3, size[0], size[1]}, {}});
  d.outputs.push_back({output, DataType::float32, {1, 1, size[0], size[1]}, {}});
  d.output_tail = {std::move(tail)};
  return d;
}

TEST(Dbnet, IsChosenByPaddlesNamesAndByWhatTheMetadataSays) {
  EXPECT_EQ(choose_decoder(describe("x", "sigmoid_0.tmp_0", {"Sigmoid", "ConvTranspose"})).row->name, "dbnet");
  EXPECT_EQ(choose_decoder(describe("x", "fetch_name_0")).row->name, "dbnet");
  EXPECT_EQ(choose_decoder(describe("x", "sigmoid_0.tmp_0", {"Sigmoid"}, {kUnknown, kUnknown})).row->name, "dbnet");
  sdk::ModelDescription told = describe("picture", "map");
  told.metadata["task"] = "text_detection";
  EXPECT_EQ(choose_decoder(told).row->name, "dbnet");
  // Any other map of one channel stays a mask, unless the user knows better.
  const sdk::ModelDescription mask = describe("input_1", "segment_back");
  EXPECT_EQ(choose_decoder(mask).row->name, "segment");
  EXPECT_EQ(choose_decoder(mask, "dbnet").row->name, "dbnet");
  EXPECT_EQ(choose_decoder(describe("x", "sigmoid_0.tmp_0"), "segment").row->name, "segment");
  EXPECT_THROW((void)choose_decoder(describe("x", "y", {"Resize", "Conv"}), "dbnet"), Error) << "these are logits";
}

struct Map {
  int width, height;
  std::vector<float> values = std::vector<float>(std::size_t(width) * std::size_t(height), 0.01f);
  /// A core of text, turned by so many radians.
  void put(float cx, float cy, float w, float h, float angle, float value) {
    for (int y = 0; y < height; ++y)
      for (int x = 0; x < width; ++x) {
        const float dx = float(x) + 0.5f - cx, dy = float(y) + 0.5f - cy;
        const float u = dx * std::cos(angle) + dy * std::sin(angle), v = dy * std::cos(angle) - dx * std::sin(angle);
        if (std::abs(u) <= w / 2 && std::abs(v) <= h / 2) values[std::size_t(y * width + x)] = value;
      }
  }
};

sdk::FrameResult decode(const Map& map, const sdk::Geometry& geometry, const sdk::Params& params = {}) {
  const sdk::ModelDescription d = describe("x", "sigmoid_0.tmp_0", {"Sigmoid"}, {map.height, map.width});
  sdk::FrameResult result;
  result.width = int(geometry.frame_width);
  result.height = int(geometry.frame_height);
  const sdk::TensorView view{"", DataType::float32, d.outputs[0].dims, map.values.data()};
  create_decoder(choose_decoder(d), d, params)->decode(std::span(&view, 1), geometry, result);
  return result;
}

sdk::Geometry plain(const Map& map) {
  return {
      .network_width = map.width, .network_height = map.height, .frame_width = map.width, .frame_height = map.height};
}

TEST(Dbnet, GrowsCoresBackToLinesOfText) {
  Map map{320, 240};
  map.put(160, 60, 100, 10, 0, 0.9f);  // grows by 100 * 10 * 1.5 / 220 = 6.8 on each side
  map.put(100, 160, 80, 12, 0.5f, 0.8f);
  map.put(260, 150, 60, 8, 0, 0.4f);  // not sure enough
  map.put(20, 20, 2, 2, 0, 0.9f);     // too small
  const sdk::FrameResult result = decode(map, plain(map));
  ASSERT_EQ(result.detections.size(), 2u);
  EXPECT_TRUE(result.maps.empty()) << "no classes of pixels are announced";
  const sdk::Detection& level = result.detections[0];
  EXPECT_EQ(level.label, "text");
  EXPECT_NEAR(level.score, 0.9f, 1e-4);
  EXPECT_EQ(level.rotation, 0);
  EXPECT_NEAR(level.x, 110 - 6.8f, 0.2f);
  EXPECT_NEAR(level.y, 55 - 6.8f, 0.2f);
  EXPECT_NEAR(level.width, 113.6f, 0.3f);
  EXPECT_NEAR(level.height, 23.6f, 0.3f);
  const sdk::Detection& turned = result.detections[1];
  EXPECT_NEAR(turned.rotation, 0.5f, 0.03f);
  EXPECT_NEAR(turned.x + turned.width / 2, 100, 1);
  EXPECT_NEAR(turned.y + turned.height / 2, 160, 1);
  EXPECT_NEAR(turned.width, 80 + 15.6f, 2.5f);
  EXPECT_NEAR(turned.height, 12 + 15.6f, 2.5f);
}

TEST(Dbnet, TurnsUprightLinesByNoMoreThanTheyAre) {
  Map map{320, 240};
  map.put(60, 120, 10, 90, 0, 0.9f);  // written from top to bottom
  map.put(200, 120, 90, 10, -0.6f, 0.9f);
  const sdk::FrameResult result = decode(map, plain(map));
  ASSERT_EQ(result.detections.size(), 2u);
  for (const sdk::Detection& line : result.detections) {
    if (line.x < 100) {
      EXPECT_EQ(line.rotation, 0);
      EXPECT_GT(line.height, 3 * line.width);
    } else {
      EXPECT_NEAR(line.rotation, -0.6f, 0.03f);
      EXPECT_GT(line.width, 3 * line.height);
    }
  }
}

TEST(Dbnet, FindsTextInsideAFrameOfTextAndTakesNoHoleForOne) {
  Map map{320, 240};
  map.put(160, 120, 200, 120, 0, 0.9f);
  map.put(160, 120, 180, 100, 0, 0.01f);  // a ring
  map.put(160, 120, 60, 10, 0, 0.9f);
  const sdk::FrameResult result = decode(map, plain(map));
  ASSERT_EQ(result.detections.size(), 1u) << "the ring is empty for the most part";
  EXPECT_NEAR(result.detections[0].x + result.detections[0].width / 2, 160, 0.5f);
}

TEST(Dbnet, MapsToTheFrameAndFollowsItsOptions) {
  Map map{320, 320};
  map.put(160, 160, 100, 10, 0, 0.5f);
  // 640 x 480 in the middle of a square: half its size, 40 above.
  const sdk::Geometry letterbox{.network_width = 320,
                                .network_height = 320,
                                .frame_width = 640,
                                .frame_height = 480,
                                .scale_x = 0.5,
                                .scale_y = 0.5,
                                .pad_x = 0,
                                .pad_y = 40};
  EXPECT_TRUE(decode(map, letterbox).detections.empty());
  const sdk::FrameResult result = decode(map, letterbox, {{"score", "0.45"}, {"unclip", "0"}});
  ASSERT_EQ(result.detections.size(), 1u);
  EXPECT_NEAR(result.detections[0].x, 220, 0.5f);
  EXPECT_NEAR(result.detections[0].y, 230, 0.5f);
  EXPECT_NEAR(result.detections[0].width, 200, 0.5f);
  EXPECT_TRUE(decode(map, letterbox, {{"score", "0.45"}, {"threshold", "0.6"}}).detections.empty());
}

TEST(Dbnet, RefusesMapsOfOtherSizesAndSurvivesNone) {
  Map map{64, 64};
  EXPECT_THROW((void)decode(map, {.network_width = 32, .network_height = 64, .frame_width = 32, .frame_height = 64}),
               Error);
  map.values.assign(map.values.size(), std::nanf(""));
  EXPECT_TRUE(decode(map, plain(map)).detections.empty());
  map.values.assign(map.values.size(), 1.0f);
  EXPECT_EQ(decode(map, plain(map)).detections.size(), 1u);
}

}  // namespace
}  // namespace vireo::decode
