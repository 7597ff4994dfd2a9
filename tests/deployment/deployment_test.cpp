// Many streams: what happens to one never reaches another, and what runs follows its configuration.

#include <map>
#include <mutex>

#include "tests/deployment/harness.h"

namespace vireo::deployment {
namespace {

TEST(Deployment, GivesEachOfManyStreamsItsOwnFileAndResults) {
  Scratch scratch;
  config::DeploymentConfig config;
  for (const char* name : {"north", "south"}) {
    config::StreamConfig stream = street(name, 20);
    set(stream.source.properties, "seed", name == std::string("north") ? "1" : "9");
    add_sink(stream, scratch.file("out.mp4"));
    stream.sinks[0].shared = true;
    add_sink(stream, "jsonl:" + scratch.file("out.jsonl"));
    config.streams.push_back(stream);
  }
  std::map<std::string, std::uint64_t> frames;
  std::mutex mutex;
  const RunStats stats = run(config, [&](const FrameView& frame) {
    std::lock_guard lock(mutex);
    EXPECT_EQ(frame.result->frame_index, frames[frame.stream]++);
    EXPECT_EQ(frame.result->source_id, frame.stream);
  });
  EXPECT_EQ(stats.frames, 40u);
  EXPECT_EQ(read_back(scratch.file("out-north.mp4")).frames, 20u);
  EXPECT_EQ(read_back(scratch.file("out-south.mp4")).frames, 20u);
  EXPECT_EQ(lines_of(scratch.file("out.jsonl")), 40u);
}

TEST(Deployment, RefusesTwoStreamsOfOneNameAndOneSinkTwice) {
  config::DeploymentConfig config = scene(5);
  config.streams.push_back(config.streams[0]);
  EXPECT_NE(error_of(config).find("two streams are named 'street'"), std::string::npos);
  first(config).name = "a/b";
  EXPECT_NE(error_of(config).find("'a/b'"), std::string::npos);
  Scratch scratch;
  config = scene(5);
  add_sink(first(config), "jsonl:" + scratch.file("x.jsonl"));
  add_sink(first(config), scratch.file("x.jsonl"));
  EXPECT_NE(error_of(config).find("twice"), std::string::npos);
  config = scene(5);
  add_sink(first(config), scratch.file("x.mp4"));
  config.streams.push_back(config.streams[0]);
  config.streams[1].name = "other";
  EXPECT_NE(error_of(config).find("the same file"), std::string::npos);
}

TEST(Deployment, GoesOnWhenOneStreamFails) {
  Scratch scratch;
  std::ofstream(scratch.path / "no.mp4") << "this is no video";
  config::DeploymentConfig config = scene(40);
  add_sink(first(config), scratch.file("good.mp4"));
  config.streams.push_back(playing(scratch.file("no.mp4")).streams[0]);
  config.streams[1].name = "bad";
  config.streams.push_back(street("no-model", 10));
  set(config.streams[2].stages[0].properties, "model", "/nowhere/model.onnx");
  const RunStats stats = run(config);
  EXPECT_EQ(stats.frames, 40u);
  EXPECT_EQ(read_back(scratch.file("good.mp4")).frames, 40u);
  ASSERT_EQ(stats.failures.size(), 2u);
  EXPECT_NE(stats.failures[0].find("no.mp4"), std::string::npos) << stats.failures[0];
  EXPECT_NE(stats.failures[1].find("/nowhere/model.onnx"), std::string::npos) << stats.failures[1];
}

config::StreamConfig live_street(const std::string& name) {
  config::StreamConfig stream = street(name, 0);
  stream.source.live = true;
  return stream;
}

TEST(Deployment, LeavesUnaffectedStreamsAloneWhenItChanges) {
  std::atomic<std::uint64_t> last{0};
  std::atomic<bool> steady{true};
  Deployment deployment([&](const FrameView& frame) {
    if (frame.stream != "stays") return;
    if (last > 0 && frame.result->frame_index < last) steady = false;  // begun anew
    last = frame.result->frame_index + 1;
  });
  config::DeploymentConfig config = only(live_street("stays"));
  config.streams.push_back(live_street("goes"));
  deployment.apply(config);
  const auto frames = [&](const char* name) { return find(deployment.snapshot(), name).frames; };
  ASSERT_TRUE(eventually([&] { return frames("stays") > 3 && frames("goes") > 3; }));
  config.streams[1] = live_street("comes");
  deployment.apply(config);
  ASSERT_TRUE(eventually([&] { return frames("comes") > 3; }));
  const Snapshot snapshot = deployment.snapshot();
  EXPECT_EQ(snapshot.streams.size(), 2u);
  ASSERT_EQ(snapshot.removed.size(), 1u);
  EXPECT_EQ(snapshot.removed[0].name, "goes");
  EXPECT_GT(snapshot.removed[0].frames, 3u);
  config.streams[1].stages[0].properties["model"].value = "";
  set(config.streams[1].stages[0].properties, "score-threshold", "3");
  EXPECT_THROW(deployment.apply(config), Error);
  const std::uint64_t before = frames("comes");
  EXPECT_TRUE(eventually([&] { return frames("comes") > before + 3; })) << "a bad configuration changes nothing";
  deployment.stop();
  deployment.wait();
  EXPECT_TRUE(steady);
  EXPECT_TRUE(sum_up(deployment.snapshot()).failures.empty());
}

TEST(Deployment, ChangesThresholdsWithoutBeginningAnew) {
  std::atomic<std::uint64_t> detections{1};
  std::atomic<bool> steady{true};
  std::uint64_t next = 0;
  Deployment deployment([&](const FrameView& frame) {
    detections = frame.result->detections.size();
    if (frame.result->frame_index < next) steady = false;
    next = frame.result->frame_index + 1;
  });
  config::DeploymentConfig config = only(live_street("street"));
  set(infer(config), "score-threshold", "0.05");
  deployment.apply(config);
  ASSERT_TRUE(eventually([&] { return find(deployment.snapshot(), "street").frames > 3 && detections > 0; }));
  set(infer(config), "score-threshold", "1");
  deployment.apply(config);
  EXPECT_TRUE(eventually([&] { return detections == 0; }));
  infer(config).erase("score-threshold");  // its default
  deployment.apply(config);
  EXPECT_TRUE(eventually([&] { return detections > 0; }));
  EXPECT_TRUE(steady);
  EXPECT_TRUE(deployment.snapshot().removed.empty());
}

TEST(Deployment, AddsAndRemovesAHundredStreamsWhileOthersRun) {
  Scratch scratch;
  Deployment deployment;
  config::DeploymentConfig config = only(live_street("stays"));
  add_sink(first(config), "jsonl:" + scratch.file("all.jsonl"));
  deployment.apply(config);
  std::uint64_t frames = 0;
  for (int i = 0; i < 100; ++i) {
    config.streams.resize(1);
    for (int k = 0; k <= i % 2; ++k) {
      config.streams.push_back(live_street("guest" + std::to_string(i + k)));
      add_sink(config.streams.back(), "jsonl:" + scratch.file("all.jsonl"));
    }
    deployment.apply(config);
    if (i % 10 > 0) continue;  // most go before they have come
    const std::string name = config.streams.back().name;
    ASSERT_TRUE(eventually([&] { return find(deployment.snapshot(), name).frames > 0; })) << name;
    const std::uint64_t now = find(deployment.snapshot(), "stays").frames;
    EXPECT_TRUE(i == 0 || now > frames);
    frames = now;
  }
  deployment.stop();
  deployment.wait();
  const RunStats stats = sum_up(deployment.snapshot());
  EXPECT_TRUE(stats.failures.empty()) << stats.failures[0];
  EXPECT_EQ(lines_of(scratch.file("all.jsonl")), stats.inferred) << "none was emptied by a stream that came";
}

}  // namespace
}  // namespace vireo::deployment
