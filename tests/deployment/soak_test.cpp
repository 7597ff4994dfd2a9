// Sixteen cameras to which everything happens that happens to cameras, at random: servers die and come back, packets
// stop, turn to noise, sizes change. Streams go on, memory stays, and every frame that came in came out or was counted.
// VIREO_SOAK_SECONDS says how long (default 75), VIREO_SOAK_SEED how, VIREO_SOAK_JSON where the curve goes;
// bench/pipeline/soak.py draws it.

#include <malloc.h>

#include <cstdlib>
#include <map>
#include <random>
#include <utility>

#include "tests/deployment/harness.h"
#include "tests/support/rtsp_server.h"

namespace vireo::deployment {
namespace {

using tests::RtspServer;

constexpr int kCameras = 16;

double number_from(const char* name, double usual) {
  const char* text = std::getenv(name);
  return text ? std::atof(text) : usual;
}

std::string media(int width, int height, int rate) {
  return "videotestsrc is-live=true ! capsfilter name=size caps=video/x-raw,width=" + std::to_string(width) +
         ",height=" + std::to_string(height) + ",framerate=" + std::to_string(rate) +
         "/1 ! x264enc tune=zerolatency speed-preset=ultrafast key-int-max=5 threads=1 ! "
         "rtph264pay config-interval=-1 pt=96";
}

/// What happens to one camera; it is mended some steps later.
struct Camera {
  std::unique_ptr<RtspServer> server;
  int mend_at = -1;
  bool down = false;

  void fault(std::mt19937& random, int step, std::map<std::string, int>& faults) {
    if (mend_at >= 0) return;
    mend_at = step + 1 + int(random() % 4);
    switch (random() % 5) {
      case 0:
        server->kill();
        down = true;
        ++faults["killed"];
        break;
      case 1:
        server->stall(true);
        ++faults["stalled"];
        break;
      case 2:
        server->garble(true);
        ++faults["noise"];
        break;
      case 3:
        server->kill();  // and at once
        server->start();
        mend_at = -1;
        ++faults["restarted"];
        break;
      default: {
        const int width = 96 + 32 * int(random() % 4);
        server->change_size("video/x-raw,width=" + std::to_string(width) +
                            ",height=96,framerate=" + std::to_string(4 + random() % 6) + "/1");
        mend_at = -1;
        ++faults["resized"];
      }
    }
  }
  void mend(int step) {
    if (mend_at < 0 || step < mend_at) return;
    mend_at = -1;
    server->stall(false);
    server->garble(false);
    if (std::exchange(down, false)) server->start();
  }
};

/// The state of everything at one moment.
struct Moment {
  double seconds, megabytes;
  std::uint64_t in = 0, out = 0, dropped = 0, restarts = 0;
  int playing = 0;
};

Moment moment(const Deployment& deployment, double seconds) {
  malloc_trim(0);
  std::ifstream file("/proc/self/statm");
  double all = 0, resident = 0;
  file >> all >> resident;
  Moment now{seconds, resident * 4096 / 1e6};
  for (const StreamSnapshot& stream : deployment.snapshot().streams) {
    now.in += stream.frames_in;
    now.out += stream.frames;
    now.dropped += stream.dropped + stream.late;
    now.restarts += stream.restarts;
    now.playing += stream.state == StreamState::playing;
  }
  return now;
}

/// Megabytes an hour, by least squares.
double slope(const std::vector<Moment>& moments, std::size_t from) {
  double n = 0, x = 0, y = 0, xx = 0, xy = 0;
  for (std::size_t i = from; i < moments.size(); ++i, ++n) {
    x += moments[i].seconds;
    y += moments[i].megabytes;
    xx += moments[i].seconds * moments[i].seconds;
    xy += moments[i].seconds * moments[i].megabytes;
  }
  return 3600 * (n * xy - x * y) / (n * xx - x * x);
}

void write_json(const char* path, const std::vector<Moment>& moments, const std::map<std::string, int>& faults,
                const RunStats& stats) {
  std::ofstream file(path);
  file << "{\"faults\": {";
  const char* comma = "";
  for (const auto& [kind, count] : faults) {
    file << comma << '"' << kind << "\": " << count;
    comma = ", ";
  }
  file << "},\n\"moments\": [";
  comma = "\n";
  for (const Moment& m : moments) {
    file << comma << "{\"s\": " << m.seconds << ", \"rss_mb\": " << m.megabytes << ", \"in\": " << m.in
         << ", \"out\": " << m.out << ", \"dropped\": " << m.dropped << ", \"restarts\": " << m.restarts
         << ", \"playing\": " << m.playing << "}";
    comma = ",\n";
  }
  file << "],\n\"end\": " << to_json(stats) << "}\n";
}

TEST(Soak, LosesNoFrameUncountedAndKeepsItsMemoryWhateverHappensToItsCameras) {
  load_elements();
  for (const char* needed : {"rtspsrc", "x264enc", "rtph264pay", "rtph264depay", "avdec_h264"})
    if (!has_element(needed)) GTEST_SKIP() << "GStreamer has no " << needed;
  const double length = number_from("VIREO_SOAK_SECONDS", 75);
  const auto seed = std::mt19937::result_type(number_from("VIREO_SOAK_SEED", 1));
  RecordProperty("seed", int(seed));
  std::mt19937 random(seed);
  std::vector<Camera> cameras(kCameras);
  config::DeploymentConfig config;
  for (int i = 0; i < kCameras; ++i) {
    RtspServer::Options options;
    options.media = media(128, 96, 5);
    cameras[std::size_t(i)].server = std::make_unique<RtspServer>(options);
    config::StreamConfig stream = street("camera" + std::to_string(i), 0);
    stream.source = {};
    stream.source.uri = cameras[std::size_t(i)].server->url();
    stream.source.stall_timeout_s = 2;
    stream.source.retry_max_s = 2;
    config.streams.push_back(stream);
  }
  Deployment deployment;
  deployment.apply(config);
  std::vector<Moment> moments;
  std::map<std::string, int> faults;
  const auto start = Clock::now();
  const auto seconds = [&] { return std::chrono::duration<double>(Clock::now() - start).count(); };
  for (int step = 0; seconds() < length; ++step) {
    std::this_thread::sleep_until(start + std::chrono::seconds(step));
    for (Camera& camera : cameras) camera.mend(step);
    if (step > 5 && seconds() < length - 10) cameras[random() % kCameras].fault(random, step, faults);
    moments.push_back(moment(deployment, seconds()));
  }
  for (Camera& camera : cameras) camera.mend(1 << 30);
  for (const config::StreamConfig& stream : config.streams) {
    const std::uint64_t before = find(deployment.snapshot(), stream.name).frames;
    EXPECT_TRUE(eventually([&] { return find(deployment.snapshot(), stream.name).frames > before; })) << stream.name;
  }
  deployment.stop();
  deployment.wait();
  const RunStats stats = sum_up(deployment.snapshot());
  for (const StreamSnapshot& stream : stats.streams) {
    EXPECT_EQ(stream.frames_in, stream.frames + stream.dropped + stream.late) << stream.name;
    EXPECT_GT(stream.frames, 10u) << stream.name;
  }
  EXPECT_GT(stats.restarts, 0u);
  if (const char* path = std::getenv("VIREO_SOAK_JSON")) write_json(path, moments, faults, stats);
  const std::size_t warm = moments.size() / 3;
  const double grown = slope(moments, warm) * (moments.back().seconds - moments[warm].seconds) / 3600;
  EXPECT_LE(grown, 12) << "megabytes, from " << moments[warm].megabytes << " to " << moments.back().megabytes;
}

}  // namespace
}  // namespace vireo::deployment
