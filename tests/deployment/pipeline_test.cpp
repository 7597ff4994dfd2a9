// Whole pipelines: sources, sinks, supervision. Real footage is looked for beside the repository and skipped where it
// is missing.

#include <fstream>
#include <mutex>

#include "app/deployment/sinks.h"
#include "tests/deployment/harness.h"

namespace vireo::deployment {
namespace {

TEST(Pipeline, RunsASceneAndSumsUp) {
  int observed = 0, truths = 0;
  Pipeline pipeline(scene(40), [&](const FrameView& frame) {
    ++observed;
    truths += frame.truth && !frame.truth->detections.empty();
    EXPECT_NE(frame.result, nullptr);
  });
  const RunStats stats = pipeline.run();
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
  EXPECT_NE(to_line(stats).find("40 frames"), std::string::npos);
  EXPECT_NE(to_json(stats).find("\"frames\": 40"), std::string::npos);
}

TEST(Pipeline, WritesPlayableVideoWithEveryFrameAndItsTime) {
  Scratch scratch;
  for (const char* name : {"out.mp4", "out.mkv"}) {
    PipelineConfig config = scene(45);
    config.sources[0].width = 322;
    config.sources[0].height = 241;  // odd: the file gets the even size below
    config.sinks = {scratch.file(name), "jsonl:" + scratch.file("out.jsonl")};
    Pipeline(config).run();
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

TEST(Pipeline, WritesSeveralFilesAtOnce) {
  Scratch scratch;
  PipelineConfig config = scene(60);  // more frames than the encoders look ahead and the queues hold
  config.sinks = {scratch.file("a.mp4"), scratch.file("b.mkv"), scratch.file("c.mp4")};
  EXPECT_EQ(Pipeline(config).run().frames, 60u);
  for (const char* name : {"a.mp4", "b.mkv", "c.mp4"}) EXPECT_EQ(read_back(scratch.file(name)).frames, 60u) << name;
}

TEST(Pipeline, GivesUpWhenNothingMoves) {
  PipelineConfig config = scene(0);
  config.sources[0].uri = "test";
  config.sources[0].live = true;
  config.sources[0].fps = 0.02;  // the next frame comes in 50 s
  config.stall_timeout_s = 1;
  try {
    Pipeline(config).run();
    FAIL() << "a stalled source went unnoticed";
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("nothing has moved"), std::string::npos) << error.what();
  }
}

TEST(Pipeline, GivesEachOfManySourcesItsOwnFileAndResults) {
  Scratch scratch;
  PipelineConfig config = scene(20);
  config.sources.push_back(config.sources[0]);
  config.sources[0].name = "north";
  config.sources[1].name = "south";
  config.sources[1].properties["seed"] = "9";
  config.sinks = {scratch.file("out.mp4"), "jsonl:" + scratch.file("out.jsonl")};
  std::uint64_t frames[2] = {};
  std::mutex mutex;
  Pipeline pipeline(config, [&](const FrameView& frame) {
    std::lock_guard lock(mutex);
    EXPECT_EQ(frame.result->frame_index, frames[frame.source]++);
    EXPECT_EQ(frame.result->source_id, frame.source == 0 ? "north" : "south");
  });
  EXPECT_EQ(pipeline.run().frames, 40u);
  EXPECT_EQ(read_back(scratch.file("out-north.mp4")).frames, 20u);
  EXPECT_EQ(read_back(scratch.file("out-south.mp4")).frames, 20u);
  EXPECT_EQ(lines_of(scratch.file("out.jsonl")), 40u);
}

TEST(Pipeline, FinishesFilesWhenStopped) {
  Scratch scratch;
  PipelineConfig config = scene(0);
  config.sources[0].live = true;
  config.sinks = {scratch.file("out.mp4")};
  std::atomic<int> seen{0};
  Pipeline* running = nullptr;
  Pipeline pipeline(config, [&](const FrameView&) {
    if (++seen == 10) running->stop();
  });
  running = &pipeline;
  const RunStats stats = pipeline.run();
  EXPECT_TRUE(stats.interrupted);
  EXPECT_GE(stats.frames, 10u);
  EXPECT_EQ(read_back(scratch.file("out.mp4")).frames, stats.frames);
}

TEST(Pipeline, ShowsEachPictureOfAFolderOnceAtItsOwnSize) {
  Scratch scratch;
  load_elements();
  const std::pair<int, int> sizes[] = {{320, 240}, {200, 300}, {641, 111}};
  int number = 0;
  for (const auto& [width, height] : sizes) {
    const bool png = number == 1;
    const std::string text =
        "vireoscene num-buffers=1 ! video/x-raw,width=" + std::to_string(width) + ",height=" + std::to_string(height) +
        " ! videoconvert ! " + (png ? "pngenc" : "jpegenc") +
        " ! filesink location=" + scratch.file(("p" + std::to_string(number) + (png ? ".png" : ".jpg")).c_str());
    Owned<GstElement> writer(gst_parse_launch(text.c_str(), nullptr));
    gst_element_set_state(writer.get(), GST_STATE_PLAYING);
    Owned<GstBus> bus(gst_element_get_bus(writer.get()));
    gst_message_unref(
        gst_bus_timed_pop_filtered(bus.get(), 20 * GST_SECOND, GstMessageType(GST_MESSAGE_EOS | GST_MESSAGE_ERROR)));
    gst_element_set_state(writer.get(), GST_STATE_NULL);
    ++number;
  }
  PipelineConfig config = scene(0);
  config.sources[0] = {};
  config.sources[0].uri = scratch.path.string();
  config.sinks = {scratch.file("out.mp4")};
  std::vector<std::pair<int, int>> found;
  Pipeline pipeline(config,
                    [&](const FrameView& frame) { found.emplace_back(frame.result->width, frame.result->height); });
  EXPECT_EQ(pipeline.run().frames, 3u);
  EXPECT_EQ(found, std::vector(std::begin(sizes), std::end(sizes)));
  const VideoFacts facts = read_back(scratch.file("out.mp4"));
  EXPECT_EQ(facts.frames, 3u);
  EXPECT_EQ(facts.width, 320) << "a file keeps its first size";
  std::ofstream(scratch.path / "p9.jpg") << "this is no picture";
  config.sinks = {scratch.file("broken.mp4")};
  EXPECT_THROW(Pipeline(config).run(), Error);
  EXPECT_EQ(read_back(scratch.file("broken.mp4")).frames, 3u) << "what came before the error is kept";
}

TEST(Pipeline, SaysWhatIsWrongInsteadOfHanging) {
  PipelineConfig config = scene(5);
  config.sources[0].uri = "/nowhere/video.mp4";
  EXPECT_NE(error_of(config).find("no such file"), std::string::npos);
  config = scene(5);
  config.sources[0].uri = VIREO_SOURCE_DIR "/CMakeLists.txt";
  EXPECT_NE(error_of(config), "no error") << "a text file is no video";
  config = scene(5);
  config.infer["model"] = "/nowhere/model.onnx";
  EXPECT_NE(error_of(config).find("/nowhere/model.onnx"), std::string::npos);
  config = scene(5);
  config.infer["nonsense"] = "1";
  EXPECT_NE(error_of(config).find("score-threshold"), std::string::npos) << "lists what is accepted";
  config = scene(5);
  config.infer["score-threshold"] = "7";
  EXPECT_NE(error_of(config).find("-1..1"), std::string::npos);
  config = scene(5);
  config.infer["drop-policy"] = "sometimes";
  EXPECT_NE(error_of(config).find("newest"), std::string::npos);
  config = scene(5);
  config.sinks = {"what.xyz"};
  EXPECT_NE(error_of(config).find("accepted are"), std::string::npos);
  config = scene(5);
  config.sinks = {"/nowhere/deep/out.mp4"};
  EXPECT_NE(error_of(config).find("/nowhere/deep"), std::string::npos);
  config = scene(5);
  config.sources[0].uri = "/dev/null";
  EXPECT_NE(error_of(config).find("neither a file"), std::string::npos);
  config = scene(5);
  config.sources[0].uri = "rtsp://127.0.0.1:1/none";
  EXPECT_NE(error_of(config), "no error");
  config = scene(5);
  config.sources[0].uri = "/dev/video99";
  EXPECT_NE(error_of(config), "no error");
  config = scene(5);
  config.sources.clear();
  EXPECT_NE(error_of(config).find("no source"), std::string::npos);
}

TEST(Pipeline, ReadsSinksAsUsersWriteThem) {
  EXPECT_EQ(parse_sink("display").kind, SinkKind::display);
  EXPECT_EQ(parse_sink("a/b.mp4").kind, SinkKind::video_file);
  EXPECT_EQ(parse_sink("jsonl:/tmp/x.jsonl").target, "jsonl:/tmp/x.jsonl");
  EXPECT_EQ(parse_sink("x.jsonl").target, "jsonl:x.jsonl");
  EXPECT_EQ(parse_sink("-").target, "jsonl:-");
  EXPECT_EQ(parse_sink("none").kind, SinkKind::none);
  EXPECT_EQ(with_name("a/out.mp4", "north"), "a/out-north.mp4");
}

TEST(Pipeline, ReadsEveryContainerAndCodecOfTheAssets) {
  const fs::path codecs = kAssets / "video/codecs";
  if (!fs::is_directory(codecs)) GTEST_SKIP() << "no assets";
  for (const auto& entry : fs::directory_iterator(codecs)) {
    PipelineConfig config = scene(0);
    config.sources[0] = {};
    config.sources[0].uri = entry.path().string();
    config.max_frames = 60;
    const RunStats stats = Pipeline(config).run();
    EXPECT_GT(stats.frames, 0u) << entry.path();
    EXPECT_EQ(stats.frames, std::min<std::uint64_t>(60, read_back(entry.path().string()).frames)) << entry.path();
  }
}

}  // namespace
}  // namespace vireo::deployment
