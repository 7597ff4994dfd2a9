// What is recorded is not lost: files of earlier runs, of streams that begin again, of times that jump.

#include <gst/app/gstappsrc.h>
#include <gst/video/video.h>

#include <fstream>

#include "app/deployment/frame_gate.h"
#include "app/deployment/recording_file.h"
#include "app/deployment/sinks.h"
#include "tests/deployment/harness.h"

namespace vireo::deployment {
namespace {

std::string text_of(const fs::path& file) {
  std::ifstream stream(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

TEST(Recordings, AreLeftAloneByAStartThatFails) {
  Scratch scratch;
  for (const char* name : {"old.mp4", "old.mkv", "old.jsonl"}) std::ofstream(scratch.path / name) << "an old recording";
  config::DeploymentConfig config = scene(5);
  for (const char* name : {"old.mp4", "old.mkv"}) add_sink(first(config), scratch.file(name));
  add_sink(first(config), "jsonl:" + scratch.file("old.jsonl"));
  std::ofstream(scratch.path / "bad.onnx") << "no model";
  set(infer(config), "model", scratch.file("bad.onnx"));
  EXPECT_NE(error_of(config), "no error");
  for (const char* name : {"old.mp4", "old.mkv", "old.jsonl"})
    EXPECT_EQ(text_of(scratch.path / name), "an old recording") << name;
  EXPECT_EQ(std::distance(fs::directory_iterator(scratch.path), {}), 4) << "and nothing new";
}

TEST(Recordings, AppearUnderTheirNameWhenTheyAreWhole) {
  Scratch scratch;
  std::ofstream(scratch.path / "out.mp4") << "the old one";
  config::DeploymentConfig config = only(street("street", 0));
  first(config).source.live = true;
  add_sink(first(config), scratch.file("out.mp4"));
  Deployment deployment;
  deployment.apply(config);
  ASSERT_TRUE(eventually([&] { return find(deployment.snapshot(), "street").frames > 40; }));
  EXPECT_EQ(text_of(scratch.path / "out.mp4"), "the old one");
  EXPECT_TRUE(fs::exists(scratch.path / "out.mp4.part"));
  deployment.stop();
  deployment.wait();
  EXPECT_GT(read_back(scratch.file("out.mp4")).frames, 40u);
  EXPECT_FALSE(fs::exists(scratch.path / "out.mp4.part"));
}

TEST(Recordings, AreNotReplacedByAStreamThatBeginsAnew) {
  Scratch scratch;
  config::DeploymentConfig config = only(street("street", 0));
  first(config).source.live = true;
  add_sink(first(config), scratch.file("out.mp4"));
  add_sink(first(config), "jsonl:" + scratch.file("out.jsonl"));
  std::ofstream(scratch.path / "out.jsonl") << "a line of an earlier run\n";
  Deployment deployment;
  for (const char* seed : {"1", "2", "3"}) {
    set(first(config).source.properties, "seed", seed);
    deployment.apply(config);
    ASSERT_TRUE(eventually([&] { return find(deployment.snapshot(), "street").frames > 5; }));
  }
  deployment.stop();
  deployment.wait();
  std::uint64_t frames = 0;
  for (const char* name : {"out.mp4", "out-2.mp4", "out-3.mp4"}) frames += read_back(scratch.file(name)).frames;
  const RunStats stats = sum_up(deployment.snapshot());
  EXPECT_EQ(frames, stats.frames);
  EXPECT_EQ(lines_of(scratch.file("out.jsonl")), stats.inferred) << "all of this run, none of the one before";
}

TEST(Recordings, OfKilledProcessesAreKeptAndThoseOfRunningOnesRefused) {
  Scratch scratch;
  const fs::path target = scratch.path / "out.mp4";
  std::ofstream(scratch.path / "out.mp4.part") << "what was there at the end";
  {
    RecordingFile file(target);
    EXPECT_EQ(file.part(), scratch.path / "out.mp4.part");
    EXPECT_EQ(text_of(scratch.path / "out-recovered.mp4"), "what was there at the end");
    EXPECT_THROW(RecordingFile second(target), Error) << "two write one file";
    std::ofstream(file.part()) << "new";
    EXPECT_FALSE(fs::exists(target));
    file.complete();
  }
  EXPECT_EQ(text_of(target), "new");
  { RecordingFile empty(target); }
  EXPECT_FALSE(fs::exists(scratch.path / "out.mp4.part")) << "nothing was written";
  fs::create_symlink(target, scratch.path / "link.mp4");
  {
    RecordingFile file(scratch.path / "link.mp4");
    std::ofstream(file.part()) << "newer";
    file.complete();
  }
  EXPECT_TRUE(fs::is_symlink(scratch.path / "link.mp4"));
  EXPECT_EQ(text_of(target), "newer");
}

TEST(Recordings, GoOnWithoutASinkThatFails) {
  Scratch scratch;
  config::DeploymentConfig config = scene(60);
  add_sink(first(config), scratch.file("out.mp4"));
  add_sink(first(config), "jsonl:/dev/full");
  const RunStats stats = run(config);
  EXPECT_EQ(stats.frames, 60u);
  EXPECT_EQ(read_back(scratch.file("out.mp4")).frames, 60u);
  ASSERT_EQ(stats.failures.size(), 1u);
  EXPECT_NE(stats.failures[0].find("No space left"), std::string::npos) << stats.failures[0];
  config = scene(0);
  add_sink(first(config), "jsonl:/dev/full");
  EXPECT_NE(error_of(config), "no error") << "a scene without end is not played for nobody";
}

// ---- times ---------------------------------------------------------------------------------------------------------

/// Frames with these times (milliseconds, -1: none; a line each) through a gate, and into a recording.
struct Journey {
  std::vector<GstClockTime> running;
  std::uint64_t recorded = 0;
};
Journey send(const std::vector<std::vector<int>>& runs, bool live) {
  Scratch scratch;
  load_elements();
  Journey journey;
  OwnedPipeline pipeline = new_pipeline("behind"), input = new_pipeline("input");
  GstElement* appsrc = add_element(GST_BIN(pipeline.get()), "appsrc");
  GstElement* end = add_element(GST_BIN(pipeline.get()), "fakesink");
  g_object_set(end, "sync", FALSE, "async", FALSE, nullptr);
  link(appsrc, end);
  config::SinkConfig sink;
  sink.to = scratch.file("out.mp4");
  Ledger ledger;
  const OutputContext context{"s", false, true, &ledger, {}};
  const std::unique_ptr<Output> output = sink_row(sink).create(sink, context);
  FrameGate gate(pipeline.get(), appsrc, {live, true, 0});
  struct Seen {
    Journey& journey;
    Output& output;
  } seen{journey, *output};
  Owned<GstPad> pad(gst_element_get_static_pad(end, "sink"));
  gst_pad_add_probe(
      pad.get(), GST_PAD_PROBE_TYPE_BUFFER,
      [](GstPad* at, GstPadProbeInfo* info, gpointer data) {
        auto& to = *static_cast<Seen*>(data);
        GstEvent* event = gst_pad_get_sticky_event(at, GST_EVENT_SEGMENT, 0);
        GstSegment segment;
        gst_event_copy_segment(event, &segment);
        gst_event_unref(event);
        GstBuffer* buffer = GST_PAD_PROBE_INFO_BUFFER(info);
        to.journey.running.push_back(gst_segment_to_running_time(&segment, GST_FORMAT_TIME, GST_BUFFER_PTS(buffer)));
        OwnedCaps caps(gst_pad_get_current_caps(at));
        OwnedSample sample(gst_sample_new(buffer, caps.get(), &segment, nullptr));
        to.output.push(sample.get(), Output::Frame::own);
        return GST_PAD_PROBE_OK;
      },
      &seen, nullptr);
  gst_element_set_state(pipeline.get(), GST_STATE_PLAYING);
  GstVideoInfo video;
  gst_video_info_set_format(&video, GST_VIDEO_FORMAT_I420, 64, 64);
  OwnedCaps caps(gst_video_info_to_caps(&video));
  gst_element_set_base_time(input.get(), gst_element_get_base_time(pipeline.get()));
  for (const std::vector<int>& times : runs) {
    gate.begin(input.get());
    GstSegment segment;
    gst_segment_init(&segment, GST_FORMAT_TIME);
    for (const int ms : times) {
      GstBuffer* buffer = gst_buffer_new_allocate(nullptr, video.size, nullptr);
      gst_buffer_memset(buffer, 0, 128, video.size);
      if (ms >= 0) GST_BUFFER_PTS(buffer) = GstClockTime(ms) * GST_MSECOND;
      OwnedSample sample(gst_sample_new(buffer, caps.get(), &segment, nullptr));
      gst_buffer_unref(buffer);
      EXPECT_TRUE(gate.push(sample.get()));
    }
  }
  gate.end();
  Owned<GstBus> bus(gst_element_get_bus(pipeline.get()));
  OwnedMessage eos(gst_bus_timed_pop_filtered(bus.get(), 30 * GST_SECOND, GST_MESSAGE_EOS));
  EXPECT_TRUE(eos);
  output->end();
  EXPECT_TRUE(eventually([&] {
    output->poll();
    return output->done();
  }));
  gate.close();
  EXPECT_EQ(output->status().problem, "");
  EXPECT_EQ(output->status().frames, journey.running.size());
  journey.recorded = read_back(sink.to).frames;
  return journey;
}

std::vector<double> in_ms(const std::vector<GstClockTime>& times) {
  std::vector<double> ms;
  for (const GstClockTime time : times) ms.push_back(double(time) / GST_MSECOND);
  return ms;
}

TEST(Times, OfTheFileStayAndMissingOnesAreFilledIn) {
  const Journey journey = send({{0, 40, 80, -1, -1, 200, 240}}, false);
  EXPECT_EQ(in_ms(journey.running), (std::vector<double>{0, 40, 80, 120, 160, 200, 240}));
  EXPECT_EQ(journey.recorded, 7u);
}

TEST(Times, OnlyGoForwardWhenTheyRestart) {
  const Journey journey = send({{0, 40, 5000, 5040, 0, 40, 80}}, false);
  for (std::size_t i = 1; i < journey.running.size(); ++i) EXPECT_GT(journey.running[i], journey.running[i - 1]);
  EXPECT_EQ(journey.running.back() - journey.running[4], 80 * GST_MSECOND) << "the new times count as they are";
  EXPECT_EQ(journey.recorded, 7u);
}

TEST(Times, OfASecondRunFollowThoseOfTheFirst) {
  const Journey journey = send({{0, 40, 80}, {0, 40, 80}, {1000, 1040}}, false);
  for (std::size_t i = 1; i < journey.running.size(); ++i)
    EXPECT_EQ(journey.running[i] - journey.running[i - 1], 40 * GST_MSECOND) << i;
  EXPECT_EQ(journey.recorded, 8u);
}

TEST(Times, ThatDontGrowAreSpreadOut) {
  for (const bool live : {false, true}) {
    const Journey journey = send({{0, 40, 40, 30, 80, 120}}, live);
    for (std::size_t i = 1; i < journey.running.size(); ++i)
      EXPECT_GT(journey.running[i], journey.running[i - 1]) << live << i;
    EXPECT_EQ(journey.recorded, 6u);
  }
}

}  // namespace
}  // namespace vireo::deployment
