#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <limits>
#include <random>

#include "engine/api/error.h"
#include "plugins/decode/decoders.h"
#include "plugins/decode/labels.h"
#include "plugins/decode/shared.h"

namespace vireo::decode {
namespace {

std::vector<Box> random_boxes(std::size_t count, unsigned seed, int classes = 3) {
  std::mt19937 random(seed);
  std::uniform_real_distribution<float> place(0, 300), size(5, 80), score(0, 1);
  std::vector<Box> boxes;
  for (std::size_t i = 0; i < count; ++i) {
    const float x = place(random), y = place(random);
    boxes.push_back(
        {x, y, x + size(random), y + size(random), score(random), int(random() % unsigned(classes)), std::int64_t(i)});
  }
  return boxes;
}

TEST(Suppress, LeavesNoTwoBoxesOfAClassThatOverlapTooMuch) {
  for (unsigned seed = 0; seed < 20; ++seed) {
    auto boxes = random_boxes(300, seed);
    suppress(boxes, 0.4f, false, 1000);
    ASSERT_FALSE(boxes.empty());
    for (std::size_t i = 0; i < boxes.size(); ++i) {
      for (std::size_t j = i + 1; j < boxes.size(); ++j) {
        EXPECT_GE(boxes[i].score, boxes[j].score) << "seed " << seed;
        if (boxes[i].class_id == boxes[j].class_id) {
          EXPECT_LE(intersection_over_union(boxes[i], boxes[j]), 0.4f) << "seed " << seed;
        }
      }
    }
  }
}

TEST(Suppress, DropsABoxOnlyForABetterOneThatStays) {
  const auto all = random_boxes(200, 77);
  auto kept = all;
  suppress(kept, 0.5f, true, 1000);
  for (const Box& box : all) {
    const bool stays = std::any_of(kept.begin(), kept.end(), [&](const Box& k) { return k.index == box.index; });
    const bool covered = std::any_of(kept.begin(), kept.end(), [&](const Box& k) {
      return k.score >= box.score && intersection_over_union(k, box) > 0.5f;
    });
    EXPECT_TRUE(stays || covered);
  }
}

TEST(Suppress, ChangesNothingWhenDoneTwice) {
  auto once = random_boxes(250, 5);
  suppress(once, 0.45f, false, 1000);
  auto twice = once;
  suppress(twice, 0.45f, false, 1000);
  ASSERT_EQ(once.size(), twice.size());
  for (std::size_t i = 0; i < once.size(); ++i) EXPECT_EQ(once[i].index, twice[i].index);
}

TEST(Suppress, StopsAtTheMostThatAreWanted) {
  auto boxes = random_boxes(500, 6, 50);
  suppress(boxes, 1.0f, false, 17);
  EXPECT_EQ(boxes.size(), 17u);
}

TEST(Overlap, OfTurnedBoxesIsThatOfTheirPolygons) {
  const Box lying{0, 0, 100, 20, 1, 0, 0};
  Box standing = lying;
  standing.angle = float(std::acos(0.0));  // a quarter turn: a cross of 20 x 20
  EXPECT_NEAR(intersection_over_union(lying, standing), 400.0 / (2 * 2000 - 400), 1e-5);
  Box turned = lying;
  turned.angle = 0.3f;
  EXPECT_NEAR(intersection_over_union(turned, turned), 1, 1e-5);
  Box square{40, 40, 60, 60, 1, 0, 0}, diamond = square;
  diamond.angle = float(std::acos(0.0) / 2);  // their union is a star, what they share a regular octagon
  const double octagon = 400 * 2 * (std::sqrt(2.0) - 1);
  EXPECT_NEAR(intersection_over_union(square, diamond), octagon / (800 - octagon), 1e-5);
  Box aside = turned;
  aside.x1 += 500, aside.x2 += 500;
  EXPECT_EQ(intersection_over_union(turned, aside), 0);
}

TEST(Suppress, KeepsTurnedNeighboursWhoseUprightBoxesOverlap) {
  // Ships side by side at 45 degrees: 30 apart and 20 wide, yet their upright rectangles overlap by more than a half.
  std::vector<Box> ships;
  for (int i = 0; i < 4; ++i) {
    const float x = 100 + 21.2f * float(i), y = 100 - 21.2f * float(i);
    ships.push_back({x - 60, y - 10, x + 60, y + 10, 0.9f - 0.1f * float(i), 0, i, float(std::acos(0.0) / 2)});
  }
  ships.push_back(ships[0]);  // and one found twice
  ships.back().score = 0.3f, ships.back().index = 9;
  suppress(ships, 0.3f, false, 100);
  ASSERT_EQ(ships.size(), 4u);
  EXPECT_EQ(ships.back().index, 3);
}

TEST(Finish, KeepsTheAngleAndScalesTheSidesByTheirDirection) {
  const sdk::Geometry g{.network_width = 320,
                        .network_height = 320,
                        .frame_width = 640,
                        .frame_height = 320,
                        .scale_x = 0.5,
                        .scale_y = 1};
  std::vector<Box> boxes{{110, 150, 210, 170, 0.9f, 0, 0, float(std::acos(0.0))},
                         {-500, 150, -400, 170, 0.8f, 0, 1, 0.5f}};
  sdk::FrameResult result;
  finish(boxes, {}, g, result);
  ASSERT_EQ(result.detections.size(), 1u) << "the other lies outside";
  ASSERT_EQ(boxes.size(), 1u) << "boxes are those that were appended";
  const auto& d = result.detections[0];
  EXPECT_NEAR(d.rotation, std::acos(0.0), 1e-6);
  EXPECT_NEAR(d.width, 100, 1e-3) << "the width stands upright: it is not stretched";
  EXPECT_NEAR(d.height, 40, 1e-3);
  EXPECT_NEAR(d.x + d.width / 2, 320, 1e-3);
}

TEST(Suppress, DropsBoxesThatAreNotFinite) {
  const float nan = std::numeric_limits<float>::quiet_NaN(), inf = std::numeric_limits<float>::infinity();
  std::vector<Box> boxes{{0, 0, 10, 10, 0.5f, 0, 0},
                         {0, 0, nan, 10, 0.9f, 0, 1},
                         {0, 0, inf, 10, 0.9f, 0, 2},
                         {20, 20, 10, 10, 0.9f, 0, 3},
                         {0, 0, 10, 10, nan, 1, 4}};
  suppress(boxes, 0.5f, false, 100);
  ASSERT_EQ(boxes.size(), 1u);
  EXPECT_EQ(boxes[0].index, 0);
}

TEST(Suppress, TakesHundredsOfThousandsOfBoxes) {  // a quadratic scan would run into the suite's time limit
  auto boxes = random_boxes(300000, 8, 80);
  suppress(boxes, 0.5f, false, 300);
  EXPECT_LE(boxes.size(), 300u);
}

TEST(Finish, MapsToTheFrameAndClips) {
  const sdk::Geometry g{.network_width = 320,
                        .network_height = 320,
                        .frame_width = 640,
                        .frame_height = 480,
                        .scale_x = 0.5,
                        .scale_y = 0.5,
                        .pad_x = 0,
                        .pad_y = 40};
  std::vector<Box> boxes{{-10, 40, 100, 140, 0.9f, 0, 0}, {0, 0, 50, 39, 0.8f, 1, 1}};
  sdk::FrameResult result;
  finish(boxes, {}, g, result);
  ASSERT_EQ(result.detections.size(), 1u);  // the other lies in the padding
  EXPECT_FLOAT_EQ(result.detections[0].x, 0);
  EXPECT_FLOAT_EQ(result.detections[0].width, 200);
  EXPECT_FLOAT_EQ(result.detections[0].y, 0);
  EXPECT_FLOAT_EQ(result.detections[0].height, 200);
  EXPECT_EQ(result.detections[0].label, "class 0");
}

TEST(Values, SoftmaxIsStableAndSumsToOne) {
  float values[] = {1000, 1001, 999, -1000};
  softmax(values, 4);
  EXPECT_NEAR(values[0] + values[1] + values[2] + values[3], 1, 1e-6);
  EXPECT_NEAR(values[1] / values[0], std::exp(1.0), 1e-4);
}

TEST(Values, TheBestOfAColumnAndItsClassAreFound) {
  const float scores[] = {0.1f, 0.9f, 0.2f, 0.5f, 0.9f, 0.1f, 0.3f, 0.2f, 0.8f};
  float best[3];
  column_maxima(scores, 3, 3, best);
  EXPECT_EQ(best[0], 0.5f);
  EXPECT_EQ(best[2], 0.8f);
  EXPECT_EQ(column_class(scores, 3, 3, 0), 1);
  EXPECT_EQ(column_class(scores, 3, 3, 1), 0);  // the first of equals
  EXPECT_EQ(column_class(scores, 3, 3, 2), 2);
}

TEST(Values, HalfAndIntegerOutputsAreRead) {
  const std::uint16_t half[] = {0x3C00, 0xC000, 0x0001, 0x7C00};
  std::vector<float> scratch;
  const float* values = floats({"h", DataType::float16, {4}, half}, scratch);
  EXPECT_EQ(values[0], 1);
  EXPECT_EQ(values[1], -2);
  EXPECT_FLOAT_EQ(values[2], 0x1p-24f);
  EXPECT_TRUE(std::isinf(values[3]));
  const std::uint16_t brain[] = {0x3F80, 0xC000};
  EXPECT_EQ(floats({"b", DataType::bfloat16, {2}, brain}, scratch)[1], -2);
  const std::int64_t big[] = {7, -3};
  EXPECT_EQ(floats({"i", DataType::int64, {2}, big}, scratch)[1], -3);
  EXPECT_THROW((void)floats({"s", DataType::string, {2}, big}, scratch), Error);
}

TEST(Labels, AreReadFromTheUsualMetadata) {
  EXPECT_EQ(parse_names("{0: 'person', 1: \"driver's seat\", 2: 'a\\'b'}"),
            (std::vector<std::string>{"person", "driver's seat", "a'b"}));
  EXPECT_EQ(parse_names("['a', \"b\"]"), (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(parse_names("{\"0\": \"x\", \"2\": \"z\"}"), (std::vector<std::string>{"x", "", "z"}));
  EXPECT_EQ(parse_names("{0: 7, 1: 9.5, 2: None}"), (std::vector<std::string>{"7", "9.5", ""}));
  EXPECT_EQ(parse_names("{'car': 1, 'person': 0}"), (std::vector<std::string>{"person", "car"}));
  EXPECT_EQ(parse_names("\xEF\xBB\xBF[\"a\"]"), (std::vector<std::string>{"a"}));
  EXPECT_EQ(parse_names(
                "['two\\nlines', 'tab\\there', 'a\\\\b', '\\d', '\\x41', 'Stra\\u00dfe', '\\ud83d\\ude97', '\\ud83d']"),
            (std::vector<std::string>{"two\nlines", "tab\there", "a\\b", "\\d", "A", "Straße", "🚗", "\xEF\xBF\xBD"}));
  for (const char* bad :
       {"", "{", "{0", "{0:", "{0: 'a", "[1, 2]", "{99999999999: 'a'}", "{-1: 'a'}", "nonsense", "['a' 'b']"}) {
    EXPECT_TRUE(parse_names(bad).empty()) << bad;
  }
}

TEST(Labels, ComeFromTheUserThenTheModelThenTheCount) {
  sdk::ModelDescription d;
  EXPECT_EQ(choose_labels(d, {}, 80).at(79), "toothbrush");
  EXPECT_TRUE(choose_labels(d, {}, 81).empty());
  EXPECT_EQ(choose_labels(d, {}, 1000).size(), 1000u);
  EXPECT_EQ(choose_labels(d, {}, 1000).at(950), "orange");
  EXPECT_EQ(choose_labels(d, {}, 1001).at(1000), "toilet tissue");
  d.metadata["names"] = "{0: 'cat', 1: 'dog'}";
  EXPECT_EQ(choose_labels(d, {}, 2).at(1), "dog");
  EXPECT_EQ(choose_labels(d, {{"labels", "x,y"}}, 2).at(1), "y");
  EXPECT_THROW((void)choose_labels(d, {{"labels", "file:/nowhere.txt"}}, 2), Error);
}

TEST(Labels, AreFoundUnderTheirOtherNames) {
  for (const char* key : {"class_names", "classes", "labels", "id2label", "class_to_idx"}) {
    sdk::ModelDescription d;
    d.metadata[key] = "{\"0\": \"a\", \"1\": \"b\"}";
    EXPECT_EQ(choose_labels(d, {}, 2), (std::vector<std::string>{"a", "b"})) << key;
  }
  sdk::ModelDescription d;
  d.metadata["classes"] = "a, b";
  EXPECT_EQ(choose_labels(d, {}, 2).at(1), "b");
  d.metadata["names"] = "{0: 'one'}";
  EXPECT_EQ(choose_labels(d, {}, 3), std::vector<std::string>{"one"}) << "fewer names than classes are still names";
}

TEST(Labels, MayHoldCommas) {
  EXPECT_EQ(choose_labels({}, {{"labels", "'lorry, red',\"bus\", driver's seat"}}, 3),
            (std::vector<std::string>{"lorry, red", "bus", "driver's seat"}));
  EXPECT_EQ(choose_labels({}, {{"labels", "['lorry, red', 'bus']"}}, 2),
            (std::vector<std::string>{"lorry, red", "bus"}));
  EXPECT_THROW((void)choose_labels({}, {{"labels", "['lorry"}}, 2), Error);
  const auto settings = read_settings({}, {{"labels", "['lorry, red', 'bus']"}, {"classes", "'lorry, red'"}}, {}, 2);
  EXPECT_TRUE(settings.wants(0));
  EXPECT_FALSE(settings.wants(1));
}

TEST(Labels, FileThatIsMissingIsNoLabel) {
  for (const char* given : {"labels.txt", "/nowhere/names", "coco.names", "file:x"}) {
    EXPECT_THROW((void)choose_labels({}, {{"labels", given}}, 2), Error) << given;
  }
  EXPECT_EQ(choose_labels({}, {{"labels", "person"}}, 1), std::vector<std::string>{"person"});
}

TEST(Labels, FilesAreLinesOrLiteralsWithOrWithoutAMark) {
  const auto path =
      std::filesystem::temp_directory_path() / ("vireo-labels-" + std::to_string(std::random_device()()) + ".txt");
  const auto read = [&](std::string_view text) {
    std::ofstream(path, std::ios::binary) << text;
    return choose_labels({}, {{"labels", path.string()}}, 2);
  };
  EXPECT_EQ(read("\xEF\xBB\xBF"
                 "eins\r\nzwei, drei\r\n\n"),
            (std::vector<std::string>{"eins", "zwei, drei"}));
  EXPECT_EQ(read("\xEF\xBB\xBF{\"0\": \"a\", \"1\": \"b\"}"), (std::vector<std::string>{"a", "b"}));
  std::filesystem::remove(path);
}

TEST(Labels, ClassFilterTakesNamesAndIds) {
  const auto settings = read_settings({}, {{"classes", "car,5"}}, {}, 80);
  EXPECT_TRUE(settings.wants(2));
  EXPECT_TRUE(settings.wants(5));
  EXPECT_FALSE(settings.wants(0));
  EXPECT_FALSE(settings.wants(79));
  EXPECT_THROW((void)read_settings({}, {{"classes", "unicorn"}}, {}, 80), Error);
  EXPECT_THROW((void)read_settings({}, {{"classes", "80"}}, {}, 80), Error);
}

}  // namespace
}  // namespace vireo::decode
