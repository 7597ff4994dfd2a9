// Streams that are watched over RTSP: by our own source, by several at once, by some who stop reading or vanish.

#include "app/deployment/rtsp_server.h"
#include "tests/deployment/harness.h"
#include "tests/support/rtsp_viewer.h"

namespace vireo::deployment {
namespace {

using tests::RtspViewer;

class RtspSink : public testing::Test {
 protected:
  void SetUp() override {
    load_elements();
    for (const char* needed : {"rtspsrc", "x264enc", "rtph264pay", "rtph264depay", "avdec_h264"})
      if (!has_element(needed)) GTEST_SKIP() << "GStreamer has no " << needed;
    if (const std::string why = why_no_rtsp_server(); !why.empty()) GTEST_SKIP() << why;
  }
  [[nodiscard]] std::string url(const std::string& path = "/north", const std::string& who = "") const {
    return "rtsp://" + who + "127.0.0.1:" + std::to_string(port_) + path;
  }
  static config::StreamConfig camera(const std::string& name, const std::string& sink) {
    config::StreamConfig stream = street(name, 0);
    stream.source.live = true;
    stream.source.fps = 10;
    add_sink(stream, sink);
    return stream;
  }
  static config::StreamConfig viewer(const std::string& name, const std::string& url) {
    config::StreamConfig stream = street(name, 0);
    stream.source = {};
    stream.source.uri = url;
    stream.source.stall_timeout_s = 20;
    return stream;
  }
  [[nodiscard]] StreamSnapshot now(const std::string& name) const { return find(deployment_.snapshot(), name); }
  [[nodiscard]] bool comes(const std::string& name) const {
    const std::uint64_t before = now(name).frames;
    return eventually([&] { return now(name).frames > before + 10; });
  }
  const int port_ = tests::free_port();
  Deployment deployment_;
};

TEST_F(RtspSink, IsWatchedBySeveralOfOurOwnSourcesAndOthersOfThePort) {
  config::DeploymentConfig config = only(camera("north", url("/north")));
  config.streams.push_back(camera("south", url("/south")));
  config.streams.back().source.width = 640;
  config.streams.back().source.height = 360;
  for (const char* way : {"tcp", "udp"}) {
    config.streams.push_back(viewer(way, url("/north")));
    set(config.streams.back().source.properties, "protocols", way);
  }
  config.streams.push_back(viewer("other", url("/south")));
  Scratch scratch;
  add_sink(config.streams.back(), scratch.file("south.mp4"));
  deployment_.apply(config);
  for (const char* name : {"tcp", "udp", "other"}) EXPECT_TRUE(comes(name)) << name;
  deployment_.stop();
  deployment_.wait();
  const VideoFacts facts = read_back(scratch.file("south.mp4"));
  EXPECT_EQ(facts.width, 640);
  EXPECT_EQ(facts.height, 360);
}

TEST_F(RtspSink, IsGoneWhenItsStreamHasEnded) {
  deployment_.apply(only(camera("north", url())));
  ASSERT_TRUE(comes("north"));
  {
    RtspViewer watching(port_);
    ASSERT_TRUE(watching.play("/north")) << watching.answer();
    EXPECT_TRUE(watching.read(2000));
    deployment_.stop();
    deployment_.wait();
    EXPECT_FALSE(watching.read(std::size_t(1) << 30)) << "the server has closed the connection";
  }
  EXPECT_FALSE(RtspViewer(port_).connected());
}

TEST_F(RtspSink, IsNotDelayedByThoseWhoStopReadingOrVanish) {
  deployment_.apply(only(camera("north", url())));
  ASSERT_TRUE(comes("north"));
  RtspViewer lazy(port_), good(port_);
  ASSERT_TRUE(lazy.play("/north")) << lazy.answer();
  ASSERT_TRUE(good.play("/north")) << good.answer();
  for (int i = 0; i < 5; ++i) {
    RtspViewer killed(port_);
    ASSERT_TRUE(killed.play("/north")) << killed.answer();
    EXPECT_TRUE(killed.read(500));
    killed.vanish();
    EXPECT_TRUE(good.read(5000)) << "others go on watching";
    EXPECT_TRUE(comes("north"));
  }
  const OutputStatus status = now("north").outputs.front();
  EXPECT_EQ(status.state, OutputState::open);
  EXPECT_EQ(status.problem, "");
}

TEST_F(RtspSink, EncodesOnlyWhileSomebodyWatches) {
  Ledger ledger;
  config::SinkConfig sink;
  const RtspAddress address = parse_rtsp(url());
  RtspMount mount("/north");
  mount.open([&] { return std::make_shared<RtspServer>(address); }, {});
  EXPECT_FALSE(mount.watched());
  std::atomic<bool> over{false};
  std::thread frames([&] {
    OwnedCaps caps(gst_caps_from_string("video/x-raw,format=I420,width=64,height=64,framerate=25/1"));
    for (GstClockTime time = 0; !over; time += 40 * GST_MSECOND) {
      GstBuffer* buffer = gst_buffer_new_allocate(nullptr, 64 * 64 * 3 / 2, nullptr);
      gst_buffer_memset(buffer, 0, 128, gsize(-1));
      OwnedSample sample(gst_sample_new(buffer, caps.get(), nullptr, nullptr));
      gst_buffer_unref(buffer);
      (void)mount.push(sample.get(), time);
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
  });
  for (int round = 0; round < 3; ++round) {
    RtspViewer watching(port_);
    EXPECT_TRUE(watching.play("/north")) << watching.answer();
    EXPECT_TRUE(watching.read(500));
    EXPECT_TRUE(mount.watched());
    watching.vanish();
    EXPECT_TRUE(eventually([&] { return !mount.watched(); }));
  }
  over = true;
  frames.join();
}

TEST_F(RtspSink, IsSeenAtOnceByWhoComesAfterSomebodyWhoWatchedForLong) {
  const RtspAddress address = parse_rtsp(url());
  RtspMount mount("/north");
  mount.open([&] { return std::make_shared<RtspServer>(address); }, {});
  std::atomic<bool> over{false};
  std::thread frames([&] {
    OwnedCaps caps(gst_caps_from_string("video/x-raw,format=I420,width=64,height=64,framerate=25/1"));
    for (GstClockTime time = 0; !over; time += 40 * GST_MSECOND) {
      GstBuffer* buffer = gst_buffer_new_allocate(nullptr, 64 * 64 * 3 / 2, nullptr);
      gst_buffer_memset(buffer, 0, guint8(time / GST_MSECOND), gsize(-1));
      OwnedSample sample(gst_sample_new(buffer, caps.get(), nullptr, nullptr));
      gst_buffer_unref(buffer);
      (void)mount.push(sample.get(), time);
      std::this_thread::sleep_for(std::chrono::milliseconds(40));
    }
  });
  {
    RtspViewer first_one(port_);
    EXPECT_TRUE(first_one.play("/north")) << first_one.answer();
    for (const auto until = Clock::now() + std::chrono::seconds(6); Clock::now() < until;)
      EXPECT_TRUE(first_one.read(200));
  }
  EXPECT_TRUE(eventually([&] { return !mount.watched(); }));
  RtspViewer next(port_);
  next.patience(3);
  EXPECT_TRUE(next.play("/north")) << next.answer();
  EXPECT_TRUE(next.read(500)) << "times of one watch are not those of the next";
  over = true;
  frames.join();
}

TEST_F(RtspSink, IsSeenByWhoComesInTheMomentTheLastOneGoes) {
  deployment_.apply(only(camera("north", url())));
  ASSERT_TRUE(comes("north"));
  for (int i = 0; i < 40; ++i) {
    RtspViewer viewer(port_);
    ASSERT_TRUE(viewer.play("/north")) << i << viewer.answer();
    ASSERT_TRUE(viewer.read(500)) << i;
  }
}

TEST_F(RtspSink, AnswersAlsoWhileItsStreamHasNoFramesAndHoldsUpNobody) {
  const RtspAddress address = parse_rtsp(url());
  const auto server = std::make_shared<RtspServer>(address);
  RtspMount still("/still"), other("/other");
  OwnedCaps caps(gst_caps_from_string("video/x-raw,format=I420,width=64,height=64,framerate=25/1"));
  GstBuffer* buffer = gst_buffer_new_allocate(nullptr, 64 * 64 * 3 / 2, nullptr);
  gst_buffer_memset(buffer, 0, 128, gsize(-1));
  OwnedSample sample(gst_sample_new(buffer, caps.get(), nullptr, nullptr));
  gst_buffer_unref(buffer);
  for (RtspMount* mount : {&still, &other}) {
    mount->open([&] { return server; }, {});
    (void)mount->push(sample.get(), 0);  // and no more
  }
  for (const char* path : {"/still", "/other"}) {
    RtspViewer viewer(port_);
    EXPECT_TRUE(viewer.play(path)) << viewer.answer();
  }
}

TEST_F(RtspSink, StaysWhileTheStreamBehindItIsMadeAnew) {
  config::DeploymentConfig config = only(camera("north", url()));
  deployment_.apply(config);
  ASSERT_TRUE(comes("north"));
  RtspViewer watching(port_);
  ASSERT_TRUE(watching.play("/north")) << watching.answer();
  for (const int width : {480, 200}) {
    first(config).source.width = width;
    deployment_.apply(config);
    ASSERT_TRUE(comes("north"));
    EXPECT_TRUE(watching.read(20000)) << "the connection is the same";
  }
}

TEST_F(RtspSink, AsksForThePasswordAndShowsItNowhere) {
  config::DeploymentConfig config = only(camera("north", url("/north", "viewer:s3cret%40x@")));
  config.streams.push_back(viewer("right", url("/north", "viewer:s3cret%40x@")));
  config.streams.push_back(viewer("wrong", url("/north", "viewer:guess-work@")));
  deployment_.apply(config);
  EXPECT_TRUE(comes("right"));
  ASSERT_TRUE(eventually([&] { return !now("wrong").problem.empty(); }));
  EXPECT_NE(now("wrong").problem.find("check user and password"), std::string::npos) << now("wrong").problem;
  EXPECT_EQ(now("wrong").frames, 0u);
  RtspViewer nobody(port_);
  EXPECT_FALSE(nobody.play("/north"));
  EXPECT_TRUE(nobody.answer().starts_with("RTSP/1.0 401")) << nobody.answer();
  config.streams.push_back(camera("other", url("/other", "somebody:else@")));
  deployment_.apply(config);
  ASSERT_TRUE(eventually([&] { return !now("other").outputs.front().problem.empty(); }));
  deployment_.stop();
  deployment_.wait();
  const std::string all = to_json(sum_up(deployment_.snapshot()));
  EXPECT_NE(all.find("another user or password"), std::string::npos) << all;
  for (const char* secret : {"s3cret", "guess-work", "viewer:", "somebody"})
    EXPECT_EQ(all.find(secret), std::string::npos) << all;
}

TEST_F(RtspSink, SaysWhenThePortIsTakenAndComesWhenItIsFree) {
  const int taken = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int yes = 1;
  ::setsockopt(taken, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(std::uint16_t(port_));
  ASSERT_EQ(::bind(taken, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  ASSERT_EQ(::listen(taken, 1), 0);
  deployment_.apply(only(camera("north", url())));
  ASSERT_TRUE(eventually([&] { return !now("north").outputs.front().problem.empty(); }));
  const std::string problem = now("north").outputs.front().problem;
  EXPECT_NE(problem.find("127.0.0.1:" + std::to_string(port_)), std::string::npos) << problem;
  EXPECT_NE(problem.find("in use"), std::string::npos) << problem;
  EXPECT_TRUE(comes("north")) << "the stream goes on";
  ::close(taken);
  EXPECT_TRUE(eventually([&] { return now("north").outputs.front().state == OutputState::open; }));
  EXPECT_TRUE(RtspViewer(port_).play("/north"));
}

TEST_F(RtspSink, RefusesAddressesThatNameNoPlaceAndPlacesThatAreTaken) {
  const auto said = [](const std::string& to) { return error_of(only(camera("north", to))); };
  for (const char* to : {"rtsp://127.0.0.1/north", "rtsp://:0/north", "rtsp://:70000/north", "rtsp://:8x/north",
                         "rtsp://:8554", "rtsp://:8554/", "rtsp://:@:8554/north"})
    EXPECT_NE(said(to).find("rtsp://[USER:PASSWORD@][HOST]:PORT/PATH"), std::string::npos) << said(to);
  EXPECT_EQ(said("rtsp://me:hidden@127.0.0.1/north").find("hidden"), std::string::npos);
  config::DeploymentConfig config = only(camera("north", "rtsp://:8554/x"));
  config.streams.push_back(camera("south", "rtsp://127.0.0.1:8554/x"));
  EXPECT_NE(error_of(config).find("is stream 'north's already"), std::string::npos) << error_of(config);
  for (config::StreamConfig& stream : config.streams) stream.sinks.front().shared = true;
  EXPECT_EQ(resolved(config).streams[1].sinks.front().to, "rtsp://127.0.0.1:8554/x-south");
  config = only(camera("north", url()));
  set(first(config).sinks.front().properties, "no-such-thing", "1");
  EXPECT_NE(error_of(config).find("no property 'no-such-thing'"), std::string::npos) << error_of(config);
}

TEST_F(RtspSink, ServesAFileAtItsSpeed) {
  config::DeploymentConfig config = only(street("street", 50));
  first(config).source.fps = 25;
  add_sink(first(config), url());
  const auto begin = Clock::now();
  const RunStats stats = run(config);
  EXPECT_EQ(stats.frames, 50u);
  EXPECT_TRUE(stats.failures.empty());
  EXPECT_GT(std::chrono::duration<double>(Clock::now() - begin).count(), 1.5);
}

}  // namespace
}  // namespace vireo::deployment
