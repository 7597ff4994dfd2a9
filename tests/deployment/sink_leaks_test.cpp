// GStreamer's leaks tracer on the sinks: whoever watched, whatever was written, no object is left.

#include "app/deployment/rtsp_server.h"
#include "tests/deployment/harness.h"
#include "tests/support/live_objects.h"
#include "tests/support/rtsp_viewer.h"

namespace vireo::deployment {
namespace {

void use_all_sinks() {
  Scratch scratch;
  const int port = tests::free_port();
  config::DeploymentConfig config = only(street("street", 0));
  config::StreamConfig& stream = first(config);
  stream.source.live = true;
  for (const char* to : {"one.mp4", "one.mkv", "rec-%05d.mp4", "clip:clip-%05d.mp4", "snapshot:view-%05d.jpg"}) {
    add_sink(stream, to);
    stream.sinks.back().folder = scratch.path.string();
  }
  set(stream.sinks[2].properties, "segment", "1s");
  set(stream.sinks[3].properties, "when", "*");
  set(stream.sinks[3].properties, "at-most", "6s");
  const bool served = why_no_rtsp_server().empty();
  if (served) add_sink(stream, "rtsp://:" + std::to_string(port) + "/street");
  Deployment deployment;
  deployment.apply(config);
  ASSERT_TRUE(eventually([&] { return find(deployment.snapshot(), "street").frames > 10; }));
  for (int i = 0; served && i < 4; ++i) {
    tests::RtspViewer viewer(port);
    EXPECT_TRUE(viewer.play("/street")) << viewer.answer();
    EXPECT_TRUE(viewer.read(2000));
  }
  tests::RtspViewer last(port);
  if (served) EXPECT_TRUE(last.play("/street")) << last.answer();
  ASSERT_TRUE(eventually([&] { return find(deployment.snapshot(), "street").frames > 60; }));
  deployment.stop();
  deployment.wait();
}

TEST(Sinks, LeaveNoObjectBehind) {
  load_elements();
  if (!has_element("x264enc")) GTEST_SKIP() << "GStreamer has no x264enc";
  use_all_sinks();  // what is made once for the process
  const std::map<std::string, int> before = tests::live_objects();
  if (before.empty()) GTEST_SKIP() << "GStreamer was built without its leaks tracer";
  for (int i = 0; i < 3; ++i) use_all_sinks();
  const auto grown = [&] {
    std::string types;
    for (const auto& [type, count] : tests::live_objects()) {
      const auto then = before.find(type);
      const int more = count - (then == before.end() ? 0 : then->second);
      if (more > 0) types += type + " +" + std::to_string(more) + " ";
    }
    return types;
  };
  EXPECT_TRUE(eventually([&] { return grown().empty(); }, 20)) << grown();
}

}  // namespace
}  // namespace vireo::deployment

int main(int argc, char** argv) {
  setenv("GST_TRACERS", "leaks", 1);  // before GStreamer starts
  testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
