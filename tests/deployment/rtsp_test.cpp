// Cameras over RTSP, on loopback: what goes wrong with them is seen, told and mended, and nobody else notices.

#include "app/deployment/address.h"
#include "tests/deployment/harness.h"
#include "tests/support/rtsp_server.h"

namespace vireo::deployment {
namespace {

using tests::RtspServer;

class Rtsp : public testing::Test {
 protected:
  void SetUp() override {
    load_elements();
    for (const char* needed : {"rtspsrc", "x264enc", "rtph264pay", "rtph264depay", "avdec_h264"})
      if (!has_element(needed)) GTEST_SKIP() << "GStreamer has no " << needed;
  }
  /// Stalls are seen in a second here.
  static config::StreamConfig camera(const std::string& name, const std::string& url) {
    config::StreamConfig stream = street(name, 0);
    stream.source = {};
    stream.source.uri = url;
    stream.source.stall_timeout_s = 2;
    return stream;
  }
  [[nodiscard]] StreamSnapshot now(const std::string& name) const { return find(deployment_.snapshot(), name); }
  [[nodiscard]] bool comes(const std::string& name) const {
    const std::uint64_t before = now(name).frames;
    return eventually([&] { return now(name).frames > before + 3; });
  }
  Deployment deployment_;
};

TEST_F(Rtsp, ComesBackWhenTheServerIsKilledAndStartedAgain) {
  RtspServer lost, kept;
  config::DeploymentConfig config = only(camera("lost", lost.url()));
  config.streams.push_back(camera("kept", kept.url()));
  deployment_.apply(config);
  ASSERT_TRUE(comes("lost") && comes("kept"));
  for (int round = 0; round < 2; ++round) {
    lost.kill();
    ASSERT_TRUE(eventually([&] { return now("lost").state == StreamState::waiting; }));
    const StreamSnapshot away = now("lost");
    EXPECT_NE(away.problem.find(lost.url()), std::string::npos) << away.problem;
    EXPECT_TRUE(comes("kept")) << "others go on";
    EXPECT_EQ(now("kept").state, StreamState::playing);
    lost.start();
    EXPECT_TRUE(comes("lost"));
    EXPECT_TRUE(eventually([&] { return now("lost").problem.empty(); }));
  }
  EXPECT_GE(now("lost").restarts, 2u);
  EXPECT_EQ(now("kept").restarts, 0u);
  deployment_.stop();
  deployment_.wait();
  EXPECT_TRUE(sum_up(deployment_.snapshot()).failures.empty());
}

TEST_F(Rtsp, WaitsForAServerThatIsNotThereYetAndSaysSo) {
  RtspServer server;
  server.kill();
  deployment_.apply(only(camera("camera", server.url())));
  ASSERT_TRUE(eventually([&] { return now("camera").state == StreamState::waiting; }));
  EXPECT_NE(now("camera").problem.find("check address and port"), std::string::npos) << now("camera").problem;
  server.start();
  EXPECT_TRUE(comes("camera"));
}

TEST_F(Rtsp, OpensACameraThatStallsAnew) {
  RtspServer server;
  deployment_.apply(only(camera("camera", server.url())));
  ASSERT_TRUE(comes("camera"));
  server.stall(true);
  ASSERT_TRUE(eventually([&] { return now("camera").restarts > 0; }));
  EXPECT_NE(now("camera").problem.find("no frame has come"), std::string::npos) << now("camera").problem;
  const int plays = server.plays();
  server.stall(false);
  EXPECT_TRUE(comes("camera"));
  EXPECT_GE(server.plays(), plays);
}

TEST_F(Rtsp, IsDownInTheEndIfItIsDownWhenStopped) {
  RtspServer server;
  deployment_.apply(only(camera("camera", server.url())));
  ASSERT_TRUE(comes("camera"));
  server.kill();
  ASSERT_TRUE(eventually([&] { return now("camera").state == StreamState::waiting; }));
  deployment_.stop();
  deployment_.wait();
  EXPECT_EQ(sum_up(deployment_.snapshot()).failures.size(), 1u);
}

TEST_F(Rtsp, TellsWrongCredentialsAndShowsNone) {
  RtspServer::Options options;
  options.user = "admin";
  options.password = "right-one";
  RtspServer server(options);
  config::DeploymentConfig config = only(camera("wrong", server.url("/live", "admin:wrong-one")));
  config.streams.push_back(camera("right", server.url("/live", "admin:right-one")));
  config.streams.push_back(camera("lost", server.url("/nothing", "admin:right-one")));
  deployment_.apply(config);
  EXPECT_TRUE(comes("right"));
  ASSERT_TRUE(eventually([&] { return !now("wrong").problem.empty() && !now("lost").problem.empty(); }));
  EXPECT_NE(now("wrong").problem.find("check user and password"), std::string::npos) << now("wrong").problem;
  EXPECT_NE(now("lost").problem.find("check the path"), std::string::npos) << now("lost").problem;
  deployment_.stop();
  deployment_.wait();
  const std::string all = to_json(sum_up(deployment_.snapshot()));
  for (const char* secret : {"wrong-one", "right-one", "admin"}) EXPECT_EQ(all.find(secret), std::string::npos) << all;
}

TEST_F(Rtsp, RecordsBFramesWithTheirTimesAndASlateWhileTheCameraIsAway) {
  Scratch scratch;
  RtspServer::Options options;
  options.media =
      "videotestsrc is-live=true ! video/x-raw,width=320,height=240,framerate=25/1 ! x264enc bframes=2 b-adapt=false "
      "speed-preset=ultrafast rc-lookahead=4 key-int-max=10 ! h264parse ! rtph264pay config-interval=-1 pt=96";
  RtspServer server(options);
  config::DeploymentConfig config = only(camera("camera", server.url()));
  add_sink(first(config), scratch.file("out.mp4"));
  deployment_.apply(config);
  ASSERT_TRUE(comes("camera"));
  server.kill();
  ASSERT_TRUE(eventually([&] { return now("camera").state == StreamState::waiting; }));
  // The recording goes on: its part grows by slates.
  const auto size = [&] {
    std::error_code failed;
    const auto bytes = fs::file_size(scratch.path / "out.mp4.part", failed);
    return failed ? 0 : bytes;
  };
  const auto before = size();
  EXPECT_TRUE(eventually([&] { return size() > before; }));
  server.start();
  ASSERT_TRUE(comes("camera"));
  deployment_.stop();
  deployment_.wait();
  const RunStats stats = sum_up(deployment_.snapshot());
  EXPECT_TRUE(stats.failures.empty()) << stats.failures[0];
  const VideoFacts facts = read_back(scratch.file("out.mp4"));
  EXPECT_TRUE(facts.ordered);
  EXPECT_GT(facts.frames, stats.frames - stats.streams[0].outputs[0].dropped) << "frames and slates";
}

TEST_F(Rtsp, TakesAnotherSizeAndRateAndKeepsThoseOfItsRecording) {
  Scratch scratch;
  RtspServer server;
  config::DeploymentConfig config = only(camera("camera", server.url()));
  add_sink(first(config), scratch.file("out.mp4"));
  deployment_.apply(config);
  ASSERT_TRUE(comes("camera"));
  server.set_media(
      "videotestsrc is-live=true ! video/x-raw,width=480,height=360,framerate=15/1 ! x264enc tune=zerolatency "
      "speed-preset=ultrafast key-int-max=10 ! rtph264pay config-interval=-1 pt=96");
  server.kill();
  server.start();
  ASSERT_TRUE(eventually([&] { return now("camera").restarts > 0; }));
  EXPECT_TRUE(comes("camera"));
  deployment_.stop();
  deployment_.wait();
  const RunStats stats = sum_up(deployment_.snapshot());
  EXPECT_TRUE(stats.failures.empty()) << stats.failures[0];
  const VideoFacts facts = read_back(scratch.file("out.mp4"));
  EXPECT_EQ(facts.width, 320);
  EXPECT_TRUE(facts.ordered);
  EXPECT_GE(facts.frames, stats.streams[0].outputs[0].frames);
}

TEST_F(Rtsp, FollowsAnotherSizeAndRateInTheMiddleOfAStream) {
  RtspServer server;
  std::atomic<int> width{0};
  Deployment deployment([&](const FrameView& frame) { width = frame.result ? frame.result->width : 0; });
  deployment.apply(only(camera("camera", server.url())));
  ASSERT_TRUE(eventually([&] { return width == 320; }));
  for (const auto& [caps, wanted] : {std::pair("video/x-raw,width=480,height=360,framerate=15/1", 480),
                                     std::pair("video/x-raw,width=160,height=120,framerate=30/1", 160)}) {
    server.change_size(caps);
    EXPECT_TRUE(eventually([&] { return width == wanted; })) << caps;
  }
  EXPECT_EQ(find(deployment.snapshot(), "camera").restarts, 0u) << "it is the same stream";
}

TEST_F(Rtsp, OutlivesGarbageOnTheWire) {
  RtspServer noisy, clean;
  config::DeploymentConfig config = only(camera("noisy", noisy.url()));
  config.streams.push_back(camera("clean", clean.url()));
  deployment_.apply(config);
  ASSERT_TRUE(comes("noisy") && comes("clean"));
  noisy.garble(true);
  ASSERT_TRUE(eventually([&] { return now("noisy").restarts > 0; })) << "noise is no picture";
  EXPECT_FALSE(now("noisy").problem.empty());
  EXPECT_TRUE(comes("clean"));
  noisy.garble(false);
  EXPECT_TRUE(comes("noisy"));
  EXPECT_EQ(now("clean").restarts, 0u);
}

TEST_F(Rtsp, LeaksNothingOverManyReconnects) {
  RtspServer server;
  config::StreamConfig stream = camera("camera", server.url());
  stream.source.retry_max_s = 0.05;
  deployment_.apply(only(stream));
  const auto files = [] { return std::distance(fs::directory_iterator("/proc/self/fd"), fs::directory_iterator{}); };
  const auto threads = [] {
    return std::distance(fs::directory_iterator("/proc/self/task"), fs::directory_iterator{});
  };
  constexpr int kRounds = 30;
  std::ptrdiff_t first_files = 0, first_threads = 0;
  for (int round = 0, plays = 0; round < kRounds; ++round) {
    // Frames of the connection before may still be on their way: the next one has to be there, too.
    ASSERT_TRUE(eventually([&] { return server.plays() > plays; })) << round;
    plays = server.plays();
    ASSERT_TRUE(comes("camera")) << round;
    if (round == 5) first_files = files(), first_threads = threads();
    if (round == kRounds - 1) break;
    server.kill();
    server.start();
    ASSERT_TRUE(eventually([&] { return now("camera").restarts > std::uint64_t(round); })) << round;
  }
  EXPECT_TRUE(eventually([&] { return files() <= first_files + 2; })) << files() << " after " << first_files;
  EXPECT_TRUE(eventually([&] { return threads() <= first_threads + 2; })) << threads() << " after " << first_threads;
}

TEST(Address, IsShownWithoutItsSecrets) {
  EXPECT_EQ(safe_address("rtsp://admin:s3cret@10.0.0.7:554/h264?token=1"), "rtsp://10.0.0.7:554/h264");
  EXPECT_EQ(safe_address("rtsp://user:p@ss@host/a@b"), "rtsp://host/a@b");
  EXPECT_EQ(safe_address("https://host/v.mp4?sig=abc"), "https://host/v.mp4");
  EXPECT_EQ(safe_address("/a/b?c.mp4"), "/a/b?c.mp4");
  EXPECT_EQ(safe_address("v4l2:///dev/video0"), "v4l2:///dev/video0");
  EXPECT_EQ(without_secrets("can't open rtsp://u:pass1@h/x: pass1 is wrong", "rtsp://u:pass1@h/x"),
            "can't open rtsp://h/x: *** is wrong");
  EXPECT_EQ(safe_address("screen://:1"), "screen://:1");
  EXPECT_TRUE(kind_of("rtsp://h/x", false).live);
  EXPECT_TRUE(kind_of("screen", false).live);
  EXPECT_TRUE(kind_of("screen://:1", false).live);
  EXPECT_TRUE(kind_of("http://h/camera", true).live) << "said so";
  EXPECT_TRUE(kind_of("/dev/video0", false).live);
  EXPECT_FALSE(kind_of("https://h/v.mp4", false).live);
  EXPECT_FALSE(kind_of("v.mp4", false).live);
}

}  // namespace
}  // namespace vireo::deployment
