#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <limits>

#include "engine/api/error.h"
#include "plugins/publish/json.h"
#include "plugins/publish/publishers.h"

namespace vireo::publish {
namespace {

std::string quoted(std::string_view text) {
  std::string json;
  append_quoted(json, text);
  return json;
}

sdk::FrameResult example() {
  sdk::FrameResult result;
  result.source_id = "cam \"1\"";
  result.frame_index = 7;
  result.pts_ns = 40000000;
  result.width = 640;
  result.height = 480;
  sdk::Detection d;
  d.x = 1.5f;
  d.y = 2;
  d.width = 30.25f;
  d.height = 40;
  d.score = 0.875f;
  d.class_id = 2;
  d.label = "car";
  d.track_id = 12;
  d.keypoints = {{3, 4, 1}};
  result.detections.push_back(d);
  return result;
}

std::vector<std::string> lines_of(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) lines.push_back(line);
  return lines;
}

std::filesystem::path fresh(const char* name) {
  const auto path = std::filesystem::temp_directory_path() / (std::string(name) + std::to_string(::getpid()));
  std::filesystem::remove(path);
  return path;
}

TEST(Json, EscapesWhatMustBeEscaped) {
  EXPECT_EQ(quoted("plain"), "\"plain\"");
  EXPECT_EQ(quoted("a\"b\\c"), "\"a\\\"b\\\\c\"");
  EXPECT_EQ(quoted("\n\t\x01\x1f"), "\"\\n\\t\\u0001\\u001f\"");
  EXPECT_EQ(quoted("Größe 東京 🚗"), "\"Größe 東京 🚗\"");
}

TEST(Json, ReplacesBytesThatAreNotUtf8) {
  EXPECT_EQ(quoted("a\xff"
                   "b"),
            "\"a\xEF\xBF\xBD"
            "b\"");
  EXPECT_EQ(quoted("\xC0\x80"), "\"\xEF\xBF\xBD\xEF\xBF\xBD\"");  // overlong zero
  EXPECT_EQ(quoted("\xED\xA0\x80").size(), 2 + 9u);               // surrogate
  EXPECT_EQ(quoted("\xE6\x9D"), "\"\xEF\xBF\xBD\xEF\xBF\xBD\"");  // cut off
}

TEST(Json, WritesOneObjectWithEverything) {
  std::string json;
  append_frame(json, example());
  EXPECT_EQ(json,
            "{\"frame\":7,\"source\":\"cam \\\"1\\\"\",\"pts_ns\":40000000,\"width\":640,\"height\":480,"
            "\"detections\":[{\"class\":2,\"label\":\"car\",\"score\":0.875,\"box\":[1.5,2,30.25,40],\"track\":12,"
            "\"keypoints\":[[3,4,1]]}]}");
}

TEST(Json, SumsAMapUpByTheShareOfItsClasses) {
  sdk::FrameResult result;
  result.maps.push_back({.width = 2, .height = 2, .class_ids = {1, 0, 1, 1}, .scores = {}, .labels = {"wall"}});
  std::string json;
  append_frame(json, result);
  EXPECT_NE(
      json.find("\"maps\":[{\"width\":2,\"height\":2,\"classes\":[{\"class\":0,\"label\":\"wall\",\"share\":0.25},"
                "{\"class\":1,\"label\":\"class 1\",\"share\":0.75}]}]"),
      std::string::npos)
      << json;
}

TEST(Json, WritesNullForNumbersThatAreNotFinite) {
  auto result = example();
  result.detections[0].x = std::numeric_limits<float>::quiet_NaN();
  result.detections[0].score = std::numeric_limits<float>::infinity();
  std::string json;
  append_frame(json, result);
  EXPECT_NE(json.find("\"score\":null"), std::string::npos);
  EXPECT_NE(json.find("\"box\":[null,2"), std::string::npos);
}

TEST(JsonLines, WritesALineForEachFrame) {
  const auto path = fresh("vireo_jsonl_");
  auto publisher = create_publisher("jsonl:" + path.string());
  publisher->publish(example());
  EXPECT_EQ(lines_of(path).size(), 1u);  // flushed line by line unless asked otherwise
  publisher->publish(example());
  publisher->flush();
  publisher.reset();
  const auto lines = lines_of(path);
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_EQ(lines[0], lines[1]);
  std::filesystem::remove(path);
}

TEST(JsonLines, KeepsLinesBackUntilAsked) {
  const auto path = fresh("vireo_jsonl_");
  auto publisher = create_publisher("jsonl:" + path.string(), {{"flush_lines", "10"}, {"flush_ms", "60000"}});
  for (int i = 0; i < 9; ++i) publisher->publish(example());
  EXPECT_EQ(lines_of(path).size(), 0u);
  publisher->publish(example());
  EXPECT_EQ(lines_of(path).size(), 10u);
  publisher->publish(example());
  publisher.reset();
  EXPECT_EQ(lines_of(path).size(), 11u);
  auto appending = create_publisher("jsonl:" + path.string(), {{"append", "true"}});
  appending->publish(example());
  EXPECT_EQ(lines_of(path).size(), 12u);
  std::filesystem::remove(path);
}

TEST(JsonLines, SaysWhyAFileCannotBeOpenedOrWritten) {
  EXPECT_THROW((void)create_publisher("jsonl:/nowhere/at/all.jsonl"), Error);
  EXPECT_THROW((void)create_publisher("jsonl:"), Error);
  EXPECT_THROW((void)create_publisher("pigeon:post"), Error);
  EXPECT_THROW((void)create_publisher("jsonl:x", {{"colour", "red"}}), Error);
  if (!std::filesystem::exists("/dev/full")) GTEST_SKIP() << "no /dev/full here";
  auto full = create_publisher("jsonl:/dev/full", {{"append", "true"}});
  EXPECT_THROW(full->publish(example()), Error);
}

}  // namespace
}  // namespace vireo::publish
