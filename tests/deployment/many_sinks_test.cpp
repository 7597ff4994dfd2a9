// Sixteen streams that are recorded and served at once: what they hold does not grow.

#include <malloc.h>

#include "app/deployment/rtsp_server.h"
#include "tests/deployment/harness.h"
#include "tests/support/rtsp_viewer.h"

namespace vireo::deployment {
namespace {

std::size_t resident_kb() {
  ::malloc_trim(0);
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;)
    if (word == "VmRSS:") {
      std::size_t kb = 0;
      status >> kb;
      return kb;
    }
  return 0;
}

TEST(ManySinks, OfSixteenStreamsHoldNoMoreWithTime) {
  load_elements();
  for (const char* needed : {"x264enc", "rtph264pay"})
    if (!has_element(needed)) GTEST_SKIP() << "GStreamer has no " << needed;
  const bool served = why_no_rtsp_server().empty();
  Scratch scratch;
  const int port = tests::free_port();
  config::DeploymentConfig config;
  for (int i = 0; i < 16; ++i) {
    const std::string name = "s" + std::to_string(i);
    config::StreamConfig stream = street(name, 0);
    stream.source.live = true;
    stream.source.fps = 10;
    stream.source.width = 160;
    stream.source.height = 120;
    add_sink(stream, scratch.file((name + "-%05d.mp4").c_str()));
    set(stream.sinks.back().properties, "segment", "2s");
    set(stream.sinks.back().properties, "keep", "2");
    if (served) add_sink(stream, "rtsp://:" + std::to_string(port) + "/" + name);
    config.streams.push_back(stream);
  }
  Deployment deployment;
  deployment.apply(config);
  const auto all_have = [&](std::uint64_t frames) {
    return eventually(
        [&] {
          for (const StreamSnapshot& stream : deployment.snapshot().streams)
            if (stream.frames < frames) return false;
          return true;
        },
        240);
  };
  ASSERT_TRUE(all_have(10));
  std::vector<std::unique_ptr<tests::RtspViewer>> lazy;  // who never read
  for (int i = 0; served && i < 8; ++i) {
    lazy.push_back(std::make_unique<tests::RtspViewer>(port));
    EXPECT_TRUE(lazy.back()->play("/s" + std::to_string(i))) << lazy.back()->answer();
  }
  ASSERT_TRUE(all_have(60));
  const std::size_t early = resident_kb();
  ASSERT_TRUE(all_have(200));
  const std::size_t late = resident_kb();
  EXPECT_LT(late, early + 16 * 1024) << "a stream's sinks may not gather a megabyte in fourteen seconds";
  deployment.stop();
  deployment.wait();
  EXPECT_TRUE(sum_up(deployment.snapshot()).failures.empty());
  std::size_t segments = 0;
  for (const auto& entry : fs::directory_iterator(scratch.path))
    if (entry.path().extension() == ".mp4") ++segments;
  EXPECT_EQ(segments, 32u) << "two of each stream are kept";
  RecordProperty("resident_kb", std::to_string(early) + " then " + std::to_string(late));
}

}  // namespace
}  // namespace vireo::deployment
