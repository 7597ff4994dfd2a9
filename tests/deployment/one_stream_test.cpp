// Single streams: sources, sinks, ends. Real footage is looked for beside the repository and skipped where it is
// missing.

#include <fstream>
#include <mutex>

#include "app/deployment/gif.h"
#include "app/deployment/sinks.h"
#include "tests/deployment/harness.h"

namespace vireo::deployment {
namespace {

TEST(Stream, RunsASceneAndSumsUp) {
  int observed = 0, truths = 0;
  const RunStats stats = run(scene(40), [&](const FrameView& frame) {
    ++observed;
    truths += frame.truth && !frame.truth->detections.empty();
    EXPECT_NE(frame.result, nullptr);
  });
  EXPECT_EQ(stats.frames, 40u);
  EXPECT_EQ(stats.inferred, 40u);
  EXPECT_EQ(stats.dropped, 0u);
  EXPECT_EQ(observed, 40);
  EXPECT_EQ(truths, 40);
  EXPECT_GT(stats.fps, 0);
  EXPECT_GT(stats.latency_p50_ms, 0);
  EXPECT_LE(stats.latency_p50_ms, stats.latency_p99_ms);
  EXPECT_GT(stats.engine_share, 0);
  EXPECT_FALSE(stats.interrupted);
  EXPECT_TRUE(stats.failures.empty());
  EXPECT_NE(to_line(stats).find("40 frames"), std::string::npos);
  EXPECT_NE(to_json(stats).find("\"frames\": 40"), std::string::npos);
}

TEST(Stream, WritesPlayableVideoWithEveryFrameAndItsTime) {
  Scratch scratch;
  for (const char* name : {"out.mp4", "out.mkv"}) {
    config::DeploymentConfig config = scene(45);
    first(config).source.width = 322;
    first(config).source.height = 241;  // odd: the file gets the even size below
    add_sink(first(config), scratch.file(name));
    add_sink(first(config), "jsonl:" + scratch.file("out.jsonl"));
    EXPECT_EQ(run(config).failures, std::vector<std::string>());
    const VideoFacts facts = read_back(scratch.file(name));
    EXPECT_EQ(facts.frames, 45u);
    EXPECT_TRUE(facts.ordered);
    EXPECT_EQ(facts.width, 322);
    EXPECT_EQ(facts.height, 240);
    EXPECT_NEAR(double(facts.last_pts), 44e9 / 30, 4e6);
    EXPECT_EQ(lines_of(scratch.file("out.jsonl")), 45u);
  }
  std::ifstream file(scratch.file("out.mp4"), std::ios::binary);
  std::string head(4096, '\0');
  file.read(head.data(), std::streamsize(head.size()));
  EXPECT_LT(head.find("moov"), head.find("mdat")) << "the index comes first";
}

TEST(Stream, WritesSeveralFilesAtOnce) {
  Scratch scratch;
  config::DeploymentConfig config = scene(60);  // more frames than the encoders look ahead and the queues hold
  for (const char* name : {"a.mp4", "b.mkv", "c.mp4"}) add_sink(first(config), scratch.file(name));
  EXPECT_EQ(run(config).frames, 60u);
  for (const char* name : {"a.mp4", "b.mkv", "c.mp4"}) EXPECT_EQ(read_back(scratch.file(name)).frames, 60u) << name;
}

TEST(Stream, OpensALiveSourceWithoutFramesAnewAndGivesUpWhenAsked) {
  config::DeploymentConfig config = scene(0);
  config::SourceConfig& source = first(config).source;
  source = {};
  source.uri = "udp://127.0.0.1:0";  // nobody sends there
  source.stall_timeout_s = 0.5;
  source.give_up_s = 3;
  const RunStats stats = run(config);
  ASSERT_EQ(stats.failures.size(), 1u);
  EXPECT_NE(stats.failures[0].find("no frame has come"), std::string::npos) << stats.failures[0];
  EXPECT_EQ(stats.streams[0].state, StreamState::failed);
  EXPECT_GE(stats.restarts, 1u);
}

TEST(Stream, FinishesFilesWhenStopped) {
  Scratch scratch;
  config::DeploymentConfig config = scene(0);
  first(config).source.live = true;
  add_sink(first(config), scratch.file("out.mp4"));
  std::atomic<int> seen{0};
  Deployment deployment([&](const FrameView&) { ++seen; });
  deployment.apply(config);
  EXPECT_TRUE(eventually([&] { return seen >= 10; }));
  deployment.stop();
  deployment.wait();
  const RunStats stats = sum_up(deployment.snapshot());
  EXPECT_TRUE(stats.interrupted);
  EXPECT_TRUE(stats.failures.empty());
  EXPECT_GE(stats.frames, 10u);
  EXPECT_EQ(read_back(scratch.file("out.mp4")).frames, stats.frames);
}

void write_picture(const std::string& file, int width, int height, const std::string& encoder) {
  const std::string text = "vireoscene num-buffers=1 ! video/x-raw,width=" + std::to_string(width) +
                           ",height=" + std::to_string(height) + " ! videoconvert ! " + encoder +
                           " ! filesink location=" + file;
  Owned<GstElement> writer(gst_parse_launch(text.c_str(), nullptr));
  gst_element_set_state(writer.get(), GST_STATE_PLAYING);
  Owned<GstBus> bus(gst_element_get_bus(writer.get()));
  gst_message_unref(
      gst_bus_timed_pop_filtered(bus.get(), 20 * GST_SECOND, GstMessageType(GST_MESSAGE_EOS | GST_MESSAGE_ERROR)));
  gst_element_set_state(writer.get(), GST_STATE_NULL);
}

TEST(Stream, ShowsEachPictureOfAFolderOnceAtItsOwnSizeAndLeavesOutDamagedOnes) {
  Scratch scratch;
  load_elements();
  const std::pair<int, int> sizes[] = {{320, 240}, {200, 300}, {641, 111}};
  const char *names[] = {"p0.jpg", "p1.png", "p2.bmp"}, *encoders[] = {"jpegenc", "pngenc", "avenc_bmp"};
  const bool bmp = has_element("avenc_bmp");
  for (int i = 0; i < 3; ++i)
    write_picture(scratch.file(i == 2 && !bmp ? "p2.jpg" : names[i]), sizes[i].first, sizes[i].second,
                  i == 2 && !bmp ? "jpegenc" : encoders[i]);
  config::DeploymentConfig config = playing(scratch.path.string());
  add_sink(first(config), scratch.file("out.mp4"));
  std::vector<std::pair<int, int>> found;
  const RunStats whole =
      run(config, [&](const FrameView& frame) { found.emplace_back(frame.result->width, frame.result->height); });
  EXPECT_EQ(whole.frames, 3u);
  EXPECT_TRUE(whole.cut_short.empty());
  EXPECT_EQ(found, std::vector(std::begin(sizes), std::end(sizes)));
  const VideoFacts facts = read_back(scratch.file("out.mp4"));
  EXPECT_EQ(facts.frames, 3u);
  EXPECT_EQ(facts.width, 320) << "a file keeps its first size";
  std::ofstream(scratch.path / "p00.jpg") << "this is no picture";
  const RunStats damaged = run(config);
  EXPECT_EQ(damaged.frames, 3u) << "the others are there";
  ASSERT_EQ(damaged.cut_short.size(), 1u);
  EXPECT_NE(damaged.cut_short[0].find("p00.jpg"), std::string::npos) << damaged.cut_short[0];
  EXPECT_NE(error_of(playing(scratch.file("p00.jpg"))), "no error");
}

/// GIF89a of 2x1 pixels, red and green: the first picture is red, others paint the right pixel green after 0.2 s.
std::string gif(int pictures) {
  using namespace std::string_literals;
  std::string bytes = "GIF89a\x02\0\x01\0\x80\0\0\xff\0\0\0\xff\0"s;
  // Codes of three bits from the lowest up: 100 clears, 101 ends.
  bytes += "\x21\xf9\x04\0\x0a\0\0\0\x2c\0\0\0\0\x02\0\x01\0\0\x02\x02\x04\x0a\0"s;  // clear, 0, 0, end
  for (int i = 1; i < pictures; ++i)
    bytes += "\x21\xf9\x04\0\x14\0\0\0\x2c\x01\0\0\0\x01\0\x01\0\0\x02\x02\x4c\x01\0"s;  // clear, 1, end
  return bytes + ";";
}

TEST(Stream, ShowsEveryFrameOfAnAnimatedPicture) {
  Scratch scratch;
  const fs::path file = scratch.path / "moving.gif";
  std::ofstream(file, std::ios::binary) << gif(3);
  EXPECT_TRUE(is_animated_gif(file));
  Gif frames(file);
  std::vector<int> delays;
  while (frames.next()) {
    const std::uint8_t right = delays.empty() ? 255 : 0;
    EXPECT_EQ(frames.pixels(), (std::vector<std::uint8_t>{255, 0, 0, right, std::uint8_t(255 - right), 0}));
    delays.push_back(frames.delay_ms());
  }
  EXPECT_EQ(delays, (std::vector<int>{100, 200, 200}));
  EXPECT_FALSE(frames.cut_off());
  std::vector<std::int64_t> times;
  const RunStats stats = run(playing("file://" + file.string()),
                             [&](const FrameView& frame) { times.push_back(frame.result->pts_ns / 1'000'000); });
  EXPECT_EQ(times, (std::vector<std::int64_t>{0, 100, 300}));
  EXPECT_TRUE(stats.failures.empty() && stats.cut_short.empty());
  std::ofstream(scratch.file("cut.gif"), std::ios::binary) << gif(3).substr(0, gif(3).size() - 12);
  EXPECT_EQ(run(playing(scratch.file("cut.gif"))).cut_short.size(), 1u);
  std::ofstream(scratch.file("still.gif"), std::ios::binary) << gif(1);
  EXPECT_FALSE(is_animated_gif(scratch.path / "still.gif"));
  if (has_element("gdkpixbufdec")) EXPECT_EQ(run(playing(scratch.file("still.gif"))).frames, 1u);
  // Damage of any kind ends, and does not crash.
  std::string bytes = gif(4);
  for (std::size_t at = 6; at < bytes.size(); ++at)
    for (const int value : {0, 1, 44, 127, 255}) {
      std::string damaged = bytes;
      damaged[at] = char(value);
      std::ofstream(scratch.file("x.gif"), std::ios::binary) << damaged;
      try {
        Gif any(scratch.file("x.gif"));
        for (int i = 0; i < 100 && any.next();) ++i;
      } catch (const Error&) {  // sizes that can't be
      }
    }
}

TEST(Stream, SaysWhatIsWrongInsteadOfHanging) {
  const auto with_source = [](const std::string& uri) {
    config::DeploymentConfig config = scene(5);
    first(config).source.uri = uri;
    first(config).source.first_frame_s = 0.5;
    return error_of(config);
  };
  const auto with_property = [](const char* name, const std::string& value) {
    config::DeploymentConfig config = scene(5);
    set(infer(config), name, value);
    return error_of(config);
  };
  const auto with_sink = [](const std::string& to) {
    config::DeploymentConfig config = scene(5);
    add_sink(first(config), to);
    return error_of(config);
  };
  EXPECT_NE(with_source("/nowhere/video.mp4").find("no such file"), std::string::npos);
  EXPECT_NE(with_source(VIREO_SOURCE_DIR "/CMakeLists.txt"), "no error") << "a text file is no video";
  EXPECT_NE(with_source("/dev/null").find("neither a file"), std::string::npos);
  EXPECT_NE(with_source("/dev/video99").find("/dev/video99"), std::string::npos);
  EXPECT_NE(with_source("").find("no source"), std::string::npos);
  const std::string nobody = with_source("rtsp://me:secret@127.0.0.1:1/none?key=hidden");
  EXPECT_NE(nobody.find("rtsp://127.0.0.1:1/none"), std::string::npos) << nobody;
  EXPECT_NE(nobody.find("check address and port"), std::string::npos) << nobody;
  EXPECT_EQ(nobody.find("secret"), std::string::npos) << nobody;
  EXPECT_EQ(nobody.find("hidden"), std::string::npos) << nobody;
  EXPECT_NE(with_property("model", "/nowhere/model.onnx").find("/nowhere/model.onnx"), std::string::npos);
  EXPECT_NE(with_property("nonsense", "1").find("score-threshold"), std::string::npos) << "lists what is accepted";
  EXPECT_NE(with_property("score-threshold", "7").find("-1..1"), std::string::npos);
  EXPECT_NE(with_property("drop-policy", "sometimes").find("newest"), std::string::npos);
  EXPECT_NE(with_sink("what.xyz").find("accepted are"), std::string::npos);
  EXPECT_NE(with_sink("/nowhere/deep/out.mp4").find("/nowhere/deep"), std::string::npos);
  config::DeploymentConfig config = scene(5);
  first(config).source.width = -3;
  EXPECT_NE(error_of(config).find("-3"), std::string::npos);
  config = scene(5);
  set(first(config).draw_properties, "thicknes", "3");
  EXPECT_NE(error_of(config).find("no property 'thicknes'"), std::string::npos) << "although nothing is drawn";
  config = scene(5);
  set(first(config).source.properties, "sed", "3");
  EXPECT_NE(error_of(config).find("no property 'sed'"), std::string::npos);
}

TEST(Stream, PlaysAFileAgainAndAgainOnOneTimeline) {
  Scratch scratch;
  config::DeploymentConfig config = scene(20);
  add_sink(first(config), scratch.file("clip.mp4"));
  ASSERT_EQ(run(config).frames, 20u);
  config = playing(scratch.file("clip.mp4"));
  first(config).source.loop = true;
  first(config).max_frames = 50;
  add_sink(first(config), scratch.file("loop.mp4"));
  const RunStats stats = run(config);
  EXPECT_EQ(stats.frames, 50u);
  EXPECT_EQ(stats.restarts, 2u);
  EXPECT_TRUE(stats.failures.empty() && stats.cut_short.empty());
  const VideoFacts facts = read_back(scratch.file("loop.mp4"));
  EXPECT_EQ(facts.frames, 50u);
  EXPECT_TRUE(facts.ordered);
  EXPECT_NEAR(double(facts.last_pts), 49e9 / 30, 1e8);
}

TEST(Stream, ReadsSinksAsUsersWriteThem) {
  const auto address = [](const std::string& to, bool shared = false) {
    config::SinkConfig sink;
    sink.to = to;
    sink.shared = shared;
    return resolved(sink, "north").to;
  };
  EXPECT_EQ(address("window"), "display");
  EXPECT_EQ(address("a/b.mp4"), "a/b.mp4");
  EXPECT_EQ(address("jsonl:/tmp/x.jsonl"), "jsonl:/tmp/x.jsonl");
  EXPECT_EQ(address("x.jsonl"), "jsonl:x.jsonl");
  EXPECT_EQ(address("-"), "jsonl:-");
  EXPECT_EQ(address("none"), "none");
  EXPECT_EQ(address("a/out.mp4", true), "a/out-north.mp4");
  EXPECT_EQ(address("jsonl:x.jsonl", true), "jsonl:x.jsonl") << "lines of all streams go into one file";
}

TEST(Stream, ReadsEveryContainerAndCodecOfTheAssets) {
  const fs::path codecs = kAssets / "video/codecs";
  if (!fs::is_directory(codecs)) GTEST_SKIP() << "no assets";
  for (const auto& entry : fs::directory_iterator(codecs)) {
    config::DeploymentConfig config = playing(entry.path().string());
    first(config).max_frames = 60;
    const RunStats stats = run(config);
    EXPECT_GT(stats.frames, 0u) << entry.path();
    EXPECT_EQ(stats.frames, std::min<std::uint64_t>(60, read_back(entry.path().string()).frames)) << entry.path();
  }
}

}  // namespace
}  // namespace vireo::deployment
