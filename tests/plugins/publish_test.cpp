#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
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

TEST(Json, WritesWhatSeveralStagesSay) {
  auto result = example();
  result.uri = "/pictures/one.jpg";
  result.utc_ns = 1700000000123456789;
  sdk::Detection& d = result.detections[0];
  d.id = 0;
  d.stage = "cars";
  d.keypoints.clear();
  d.classes.push_back({4, "red", 0.5f, "colours"});
  d.mask = {1, 2, 30, 40, 3, 2, {0, 200, 200, 255, 0, 0}};
  sdk::Detection plate;
  plate.id = 1;
  plate.parent = 0;
  plate.rotation = 0.25f;
  result.detections.push_back(plate);
  result.events.push_back({.kind = "line", .name = "gate", .text = "", .track_id = 12, .detection = 0, .value = 3});
  std::string json;
  append_record(json, result);
  EXPECT_EQ(
      json,
      "{\"schema\":1,\"frame\":7,\"source\":\"cam \\\"1\\\"\",\"uri\":\"/pictures/one.jpg\",\"pts_ns\":40000000,"
      "\"utc\":\"2023-11-14T22:13:20.123456Z\",\"width\":640,\"height\":480,\"detections\":[{\"class\":2,\"label\":"
      "\"car\",\"score\":0.875,\"box\":[1.5,2,30.25,40],\"track\":12,\"id\":0,\"stage\":\"cars\",\"classes\":[{"
      "\"class\":4,\"label\":\"red\",\"score\":0.5,\"stage\":\"colours\"}],\"mask\":{\"area\":[1,2,30,40],"
      "\"columns\":3,\"rows\":2,\"runs\":[1,3,2]}},{\"class\":-1,\"label\":\"\",\"score\":0,\"box\":[0,0,0,0],"
      "\"rotation\":0.25,\"id\":1,\"parent\":0}],\"events\":[{\"kind\":\"line\",\"name\":\"gate\",\"track\":12,"
      "\"detection\":0,\"value\":3}]}");
}

TEST(JsonLines, SayWhichSchemaTheyFollow) {
  const auto path = fresh("vireo_jsonl_");
  create_publisher("jsonl:" + path.string())->publish(example());
  const auto lines = lines_of(path);
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_TRUE(lines[0].starts_with("{\"schema\":1,\"frame\":7,")) << lines[0];
  std::filesystem::remove(path);
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

TEST(JsonLines, GoOnInANewFileWhenTheirsWasTakenAway) {
  const std::filesystem::path path = fresh("vireo_jsonl_"), rotated = path.string() + ".1";
  auto publisher = create_publisher("jsonl:" + path.string());
  std::size_t published = 0;
  const auto publish_until = [&](const auto& condition) {  // it looks once a second
    for (const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(30);
         !condition() && std::chrono::steady_clock::now() < end; ++published)
      publisher->publish(example());
  };
  publish_until([&] { return published == 3; });
  std::filesystem::rename(path, rotated);  // as logrotate does
  publish_until([&] { return std::filesystem::exists(path); });
  publisher->publish(example());
  EXPECT_EQ(lines_of(rotated).size() + lines_of(path).size(), published + 1);
  EXPECT_GE(lines_of(path).size(), 2u);
  for (const std::string& line : lines_of(path)) EXPECT_EQ(line, lines_of(rotated).front());
  std::filesystem::remove(path);
  published = 0;
  publish_until([&] { return std::filesystem::exists(path); });
  EXPECT_GE(lines_of(path).size(), 1u) << "or removes";
  publisher.reset();
  std::filesystem::remove(path);
  std::filesystem::remove(rotated);
}

TEST(JsonLines, OptionsAreCheckedWithoutAFile) {
  EXPECT_NO_THROW(check_publisher("jsonl:/nowhere/at/all.jsonl", {{"flush_lines", "3"}}));
  EXPECT_THROW(check_publisher("jsonl:x", {{"flush_lines", "0"}}), Error);
  EXPECT_THROW(check_publisher("jsonl:x", {{"colour", "red"}}), Error);
  EXPECT_THROW(check_publisher("pigeon:post", {}), Error);
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
