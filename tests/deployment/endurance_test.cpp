// What a deployment lives through in weeks, in two minutes: cameras that are lost and come back hundreds of times,
// streams that come and go while others run. Nothing is left of what went: no object (GStreamer's leaks tracer), no
// file, no thread, and memory does not grow.

#include <malloc.h>

#include <cstdlib>

#include "tests/deployment/harness.h"
#include "tests/support/live_objects.h"
#include "tests/support/rtsp_server.h"

namespace vireo::deployment {
namespace {

using tests::live_objects;
using tests::RtspServer;

/// What the process holds.
struct Held {
  std::ptrdiff_t files = 0, threads = 0;
  double megabytes = 0;

  static Held now() {
    malloc_trim(0);
    Held held;
    held.files = std::distance(fs::directory_iterator("/proc/self/fd"), fs::directory_iterator{});
    held.threads = std::distance(fs::directory_iterator("/proc/self/task"), fs::directory_iterator{});
    std::ifstream file("/proc/self/statm");
    double all = 0, resident = 0;
    file >> all >> resident;
    held.megabytes = resident * 4096 / 1e6;
    return held;
  }
};

/// Megabytes for each further round, by least squares over the rounds.
double slope(const std::vector<double>& megabytes) {
  const auto n = double(megabytes.size());
  double x = 0, y = 0, xx = 0, xy = 0;
  for (std::size_t i = 0; i < megabytes.size(); ++i) {
    x += double(i);
    y += megabytes[i];
    xx += double(i) * double(i);
    xy += double(i) * megabytes[i];
  }
  return (n * xy - x * y) / (n * xx - x * x);
}

/// Tasks of GStreamer let go of themselves in threads of their own, some time after the pipeline is gone.
void expect_no_more_than(const std::map<std::string, int>& before) {
  const auto left = [&] {
    std::string more;
    for (const auto& [type, count] : live_objects()) {
      const auto known = before.find(type);
      if (count > (known == before.end() ? 0 : known->second)) more += type + " " + std::to_string(count) + "\n";
    }
    return more;
  };
  (void)eventually([&] { return left().empty(); });
  EXPECT_EQ(left(), "");
}

std::uint64_t frames_of(const Deployment& deployment, const std::string& name) {
  return find(deployment.snapshot(), name).frames;
}

/// A camera whose server dies `rounds` times; what is held after each return.
std::vector<Held> reconnect(int rounds) {
  RtspServer server;
  config::StreamConfig stream = street("camera", 0);
  stream.source = {};
  stream.source.uri = server.url();
  stream.source.stall_timeout_s = 5;
  stream.source.retry_max_s = 0.02;
  Deployment deployment;
  deployment.apply(only(stream));
  std::vector<Held> held;
  for (int round = 0, plays = 0; round <= rounds; ++round) {
    // Frames of the connection before may still be on their way: the next one has to be there, too.
    EXPECT_TRUE(eventually([&] { return server.plays() > plays; })) << round;
    plays = server.plays();
    const std::uint64_t before = frames_of(deployment, "camera");
    EXPECT_TRUE(eventually([&] { return frames_of(deployment, "camera") > before + 1; })) << round;
    held.push_back(Held::now());
    if (round == rounds) break;
    server.kill();
    server.start();
  }
  EXPECT_GE(find(deployment.snapshot(), "camera").restarts, std::uint64_t(rounds));
  deployment.stop();
  deployment.wait();
  return held;
}

TEST(Endurance, TwoHundredReconnectsLeaveNothingBehind) {
  load_elements();
  for (const char* needed : {"rtspsrc", "x264enc", "rtph264pay", "rtph264depay", "avdec_h264"})
    if (!has_element(needed)) GTEST_SKIP() << "GStreamer has no " << needed;
  (void)reconnect(3);  // what is made once for the process is there now
  const auto before = live_objects();
  if (before.empty()) GTEST_SKIP() << "GStreamer was built without its leaks tracer";
  const std::vector<Held> held = reconnect(200);
  expect_no_more_than(before);
  EXPECT_LE(held.back().files, held[20].files + 2);
  EXPECT_LE(held.back().threads, held[20].threads + 4);
  std::vector<double> megabytes;
  for (std::size_t i = 40; i < held.size(); ++i) megabytes.push_back(held[i].megabytes);
  EXPECT_LE(slope(megabytes) * 160, 8) << "from " << megabytes.front() << " to " << megabytes.back() << " MB";
}

/// Streams come and go `rounds` times beside one that stays.
std::vector<Held> come_and_go(int rounds) {
  Deployment deployment;
  const auto live = [](const std::string& name) {
    config::StreamConfig stream = street(name, 0);
    stream.source.live = true;
    return stream;
  };
  config::DeploymentConfig config = only(live("stays"));
  deployment.apply(config);
  std::vector<Held> held;
  std::uint64_t frames = 0;
  for (int i = 0; i < rounds; ++i) {
    if (i % 2 == 0) config.streams.push_back(live("guest" + std::to_string(i)));
    else config.streams.pop_back();
    deployment.apply(config);
    if (i % 20 > 0) continue;  // most go before they have come
    const std::string guest = config.streams.back().name;
    EXPECT_TRUE(eventually([&] { return frames_of(deployment, guest) > 0; })) << guest;
    EXPECT_TRUE(eventually([&] { return frames_of(deployment, "stays") > frames; }));
    frames = frames_of(deployment, "stays");
    held.push_back(Held::now());
  }
  const Snapshot snapshot = deployment.snapshot();
  EXPECT_EQ(find(snapshot, "stays").state, StreamState::playing);
  deployment.stop();
  deployment.wait();
  EXPECT_TRUE(sum_up(deployment.snapshot()).failures.empty());
  return held;
}

TEST(Endurance, FiveHundredStreamsComeAndGoAndLeaveNothingBehind) {
  load_elements();
  (void)come_and_go(20);
  const auto before = live_objects();
  if (before.empty()) GTEST_SKIP() << "GStreamer was built without its leaks tracer";
  const std::vector<Held> held = come_and_go(1000);  // 500 come, 500 go
  expect_no_more_than(before);
  EXPECT_LE(held.back().files, held[5].files + 2);
  EXPECT_LE(held.back().threads, held[5].threads + 4);
  std::vector<double> megabytes;
  for (std::size_t i = 10; i < held.size(); ++i) megabytes.push_back(held[i].megabytes);
  EXPECT_LE(slope(megabytes) * double(megabytes.size()), 8)
      << "from " << megabytes.front() << " to " << megabytes.back() << " MB";
}

}  // namespace
}  // namespace vireo::deployment

int main(int argc, char** argv) {
  setenv("GST_TRACERS", "leaks", 1);  // before GStreamer starts
  testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
