#include <gtest/gtest.h>

#include "plugins/preprocess/letterbox.h"
#include "plugins/preprocess/preprocess.h"

namespace vireo::preprocess {
namespace {

sdk::InputSpec spec_of(int width, int height, sdk::Resize resize, sdk::Align align = sdk::Align::center) {
  sdk::InputSpec spec;
  spec.width = width;
  spec.height = height;
  spec.style.resize = resize;
  spec.style.align = align;
  return spec;
}

constexpr int kSizes[][2] = {{640, 480}, {1920, 1080}, {1, 1},     {1, 4000}, {4000, 1}, {333, 777},
                             {319, 321}, {320, 320},   {3840, 17}, {7, 5},    {416, 416}};
constexpr int kInputs[][2] = {{320, 320}, {640, 384}, {416, 416}, {224, 256}, {33, 17}};

TEST(Letterbox, GivesThePixelsThatItsDefinitionSays) {
  const Placement wide = place_picture(spec_of(640, 640, sdk::Resize::letterbox), 1920, 1080);
  EXPECT_EQ(wide.x, 0);
  EXPECT_EQ(wide.y, 140);
  EXPECT_EQ(wide.width, 640);
  EXPECT_EQ(wide.height, 360);
  const Placement odd = place_picture(spec_of(416, 416, sdk::Resize::letterbox), 767, 576);  // 312.41 rows
  EXPECT_EQ(odd.height, 312);
  EXPECT_EQ(odd.y, 52);
  const Placement corner = place_picture(spec_of(416, 416, sdk::Resize::letterbox, sdk::Align::top_left), 767, 576);
  EXPECT_EQ(corner.y, 0);
  const Placement thin = place_picture(spec_of(320, 320, sdk::Resize::letterbox), 4000, 1);
  EXPECT_EQ(thin.height, 1);
  EXPECT_EQ(thin.y, 159);
}

TEST(Letterbox, NeverLeavesTheInput) {
  for (const auto& frame : kSizes) {
    for (const auto& input : kInputs) {
      for (const auto resize : {sdk::Resize::letterbox, sdk::Resize::stretch, sdk::Resize::crop}) {
        const Placement p = place_picture(spec_of(input[0], input[1], resize), frame[0], frame[1]);
        EXPECT_GE(p.x, 0);
        EXPECT_GE(p.y, 0);
        EXPECT_GE(p.width, 1);
        EXPECT_GE(p.height, 1);
        EXPECT_LE(p.x + p.width, input[0]);
        EXPECT_LE(p.y + p.height, input[1]);
        EXPECT_GE(p.region_x, 0);
        EXPECT_GE(p.region_y, 0);
        EXPECT_GE(p.region_width, 1);
        EXPECT_GE(p.region_height, 1);
        EXPECT_LE(p.region_x + p.region_width, frame[0]);
        EXPECT_LE(p.region_y + p.region_height, frame[1]);
      }
    }
  }
}

TEST(Letterbox, FillsOneAxisOfTheInput) {
  for (const auto& frame : kSizes) {
    for (const auto& input : kInputs) {
      const Placement p = place_picture(spec_of(input[0], input[1], sdk::Resize::letterbox), frame[0], frame[1]);
      EXPECT_TRUE(p.width == input[0] || p.height == input[1]) << frame[0] << "x" << frame[1];
    }
  }
}

TEST(Geometry, MapsThereAndBackExactly) {
  for (const auto& frame : kSizes) {
    for (const auto& input : kInputs) {
      for (const auto resize : {sdk::Resize::letterbox, sdk::Resize::stretch, sdk::Resize::crop}) {
        const sdk::Geometry g = place(spec_of(input[0], input[1], resize), frame[0], frame[1]);
        for (const double part : {0.0, 0.25, 0.5, 0.999, 1.0}) {
          EXPECT_NEAR(g.to_frame_x(g.to_network_x(part * frame[0])), part * frame[0], 1e-9 * frame[0] + 1e-12);
          EXPECT_NEAR(g.to_frame_y(g.to_network_y(part * frame[1])), part * frame[1], 1e-9 * frame[1] + 1e-12);
        }
      }
    }
  }
}

TEST(Geometry, PutsTheFramesCornersOnTheFilledRectangle) {
  for (const auto& frame : kSizes) {
    const auto spec = spec_of(416, 320, sdk::Resize::letterbox);
    const Placement p = place_picture(spec, frame[0], frame[1]);
    const sdk::Geometry g = place(spec, frame[0], frame[1]);
    EXPECT_DOUBLE_EQ(g.to_network_x(0), p.x);
    EXPECT_NEAR(g.to_network_x(frame[0]), p.x + p.width, 1e-9);
    EXPECT_DOUBLE_EQ(g.to_network_y(0), p.y);
    EXPECT_NEAR(g.to_network_y(frame[1]), p.y + p.height, 1e-9);
  }
}

TEST(Crop, KeepsTheMiddleAtTheInputsAspectRatio) {
  auto spec = spec_of(224, 224, sdk::Resize::crop);
  Placement p = place_picture(spec, 1000, 500);
  EXPECT_EQ(p.region_width, 500);
  EXPECT_EQ(p.region_height, 500);
  EXPECT_EQ(p.region_x, 250);
  spec.style.crop_percent = 88;
  p = place_picture(spec, 1000, 500);
  EXPECT_EQ(p.region_width, 440);
  EXPECT_EQ(p.region_height, 440);
  EXPECT_EQ(p.region_y, 30);
}

}  // namespace
}  // namespace vireo::preprocess
