// One model on several OpenCL devices behind one batcher. PoCL, the implementation on the processor, makes two devices
// of one machine when it is asked before it starts; elsewhere this is skipped.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <mutex>
#include <random>
#include <thread>

#include "engine/api/builder.h"
#include "engine/api/device.h"
#include "plugins/infer/model.h"
#include "plugins/infer/session.h"

namespace vireo::infer {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kPixels = 3 * 32 * 24;

Network small_network() {
  Network network;
  std::mt19937 random(11);
  std::uniform_real_distribution<float> uniform(-0.5f, 0.5f);
  std::vector<float> values(8 * 3 * 3 * 3);
  for (float& value : values) value = uniform(random);
  auto x = network.add_input("image", DataType::float32, {kUnknown, 3, 32, 24});
  x = network.add_convolution(
      x, network.add_constant("w", DataType::float32, {8, 3, 3, 3}, values.data(), values.size() * sizeof(float)), {},
      {.strides = {2, 2}, .pads = {1, 1, 1, 1}});
  network.mark_output(x, "scores");
  return network;
}

struct PictureJob : Job {
  explicit PictureJob(int number) : seed(number) {}
  void prepare(const Slot& slot, int) override {
    std::mt19937 random{static_cast<unsigned>(seed)};
    for (std::size_t i = 0; i < kPixels; ++i)
      static_cast<float*>(slot.memory())[i] = static_cast<float>(random() % 1000) / 500 - 1;
  }
  void decode(std::span<const sdk::TensorView> outputs, int own_lane) override {
    const auto count = static_cast<std::size_t>(element_count(outputs[0].dims));
    out.assign(outputs[0].as<float>(), outputs[0].as<float>() + count);
    lane = own_lane;
  }
  int seed, lane = -1;
  std::vector<float> out;
};

/// By frame.
std::vector<PictureJob> run_all(Model& model, int frames) {
  std::vector<PictureJob> done;
  std::mutex mutex;
  auto stream = model.batcher().open({.max_inflight = 32}, [&](std::unique_ptr<Job> job, const Outcome& outcome) {
    const std::lock_guard lock(mutex);
    EXPECT_EQ(outcome.fate, Fate::inferred) << outcome.message;
    done.push_back(static_cast<PictureJob&>(*job));
  });
  for (int i = 0; i < frames; ++i) stream->submit(std::make_unique<PictureJob>(i));
  stream->drain();
  return done;
}

TEST(Replicas, OnAllDevicesShareTheFramesAndGiveThemBackInOrder) {
  std::vector<std::string> devices;
  for (const DeviceInfo& info : list_devices())
    if (info.name.rfind("opencl:", 0) == 0 && info.type == "cpu") devices.push_back(info.name);
  if (devices.size() < 2) GTEST_SKIP() << "no two OpenCL devices on the processor";
  std::string folder = (fs::temp_directory_path() / "vireo-replicas-XXXXXX").string();
  ASSERT_TRUE(mkdtemp(folder.data()));
  const fs::path plan = fs::path(folder) / "net.plan";
  BuildOptions build_options;
  build_options.devices = {"cpu", devices.front()};
  build_options.budget_s = 0;
  build_options.profiles.push_back({{"image", {1, 3, 32, 24}, {4, 3, 32, 24}, {4, 3, 32, 24}}});
  build(small_network(), build_options).save(plan);

  ModelOptions options;
  options.path = plan;
  options.batch = 2;
  options.contexts = 2;
  Model cpu(options);
  options.device = "opencl:all";
  EXPECT_GE(options.devices().size(), 1u);
  Model all(options);
  EXPECT_EQ(all.backend().lanes(), 2 * static_cast<int>(options.devices().size()));

  const std::vector<PictureJob> expected = run_all(cpu, 40), found = run_all(all, 40);
  ASSERT_EQ(found.size(), 40u);
  for (std::size_t i = 0; i < found.size(); ++i) {
    EXPECT_EQ(found[i].seed, static_cast<int>(i));
    ASSERT_EQ(found[i].out.size(), expected[i].out.size());
    for (std::size_t k = 0; k < found[i].out.size(); ++k) ASSERT_NEAR(found[i].out[k], expected[i].out[k], 1e-4);
  }
  fs::remove_all(folder);
}

/// A picture that differs from frame to frame, in one of the formats.
struct Frame {
  sdk::Image image;
  std::vector<std::uint8_t> bytes;
  Frame(int stream, int number) {
    static constexpr sdk::PixelFormat kFormats[] = {sdk::PixelFormat::nv12, sdk::PixelFormat::bgr,
                                                    sdk::PixelFormat::i420, sdk::PixelFormat::rgba};
    image.format = kFormats[stream % 4];
    image.width = 320 + 37 * stream;
    image.height = 240 - 11 * stream;
    const int half = (image.width + 1) / 2, lines = (image.height + 1) / 2;
    const int row = image.width * sdk::bytes_per_pixel(image.format);
    bytes.resize(std::size_t(row * image.height + 2 * half * lines));
    std::mt19937 random{static_cast<unsigned>(stream * 1000 + number)};
    for (std::size_t i = 0; i < bytes.size(); ++i)
      bytes[i] = static_cast<std::uint8_t>(i / 7 * static_cast<std::size_t>(number + 3) + random() % 60);
    const std::uint8_t* chroma = bytes.data() + row * image.height;
    image.planes[0] = {bytes.data(), row};
    image.planes[1] = {chroma, image.format == sdk::PixelFormat::nv12 ? 2 * half : half};
    image.planes[2] = {chroma + half * lines, half};
  }
};

struct FrameJob : Job {
  FrameJob(Session& own_session, int own_stream, int own_number)
      : session(own_session), frame(own_stream, own_number), number(own_number) {}
  void prepare(const Slot& slot, int worker) override {
    geometry = session.prepare(frame.image, slot, worker);
    result.width = frame.image.width;
    result.height = frame.image.height;
  }
  void decode(std::span<const sdk::TensorView> outputs, int lane) override {
    session.decode(outputs, geometry, result, lane);
  }
  Session& session;
  Frame frame;
  int number;
  sdk::Geometry geometry;
  sdk::FrameResult result;
};

/// By stream and frame: each stream with a threshold of its own, all at once or one after the other.
std::vector<std::vector<sdk::FrameResult>> results_of(const std::shared_ptr<Model>& model, int streams, int frames,
                                                      bool at_once) {
  std::vector<std::vector<sdk::FrameResult>> results(static_cast<std::size_t>(streams));
  std::vector<std::unique_ptr<Session>> sessions;
  std::vector<std::unique_ptr<Batcher::Stream>> open;
  for (int s = 0; s < streams; ++s) {
    const char* const scores[] = {"0.05", "0.2", "0", "0.1"};
    sessions.push_back(std::make_unique<Session>(model, "yolox", sdk::Params{{"score", scores[s % 4]}}));
    open.push_back(
        model->batcher().open({.max_inflight = 6}, [&results, s](std::unique_ptr<Job> job, const Outcome& outcome) {
          EXPECT_EQ(outcome.fate, Fate::inferred) << outcome.message;
          auto& own = static_cast<FrameJob&>(*job);
          EXPECT_EQ(own.number, static_cast<int>(results[std::size_t(s)].size()));
          results[std::size_t(s)].push_back(std::move(own.result));
        }));
  }
  const auto submit = [&](int s) {
    for (int i = 0; i < frames; ++i) {
      open[std::size_t(s)]->submit(std::make_unique<FrameJob>(*sessions[std::size_t(s)], s, i));
      if (!at_once) open[std::size_t(s)]->drain();
    }
    open[std::size_t(s)]->drain();
  };
  std::vector<std::thread> threads;
  for (int s = 0; s < streams; ++s) {
    if (at_once) threads.emplace_back(submit, s);
    else submit(s);
  }
  for (std::thread& thread : threads) thread.join();
  return results;
}

TEST(Replicas, TakeFramesOfManyStreamsAtOnceAndMixNoneUp) {
  std::vector<std::string> devices;
  for (const DeviceInfo& info : list_devices())
    if (info.name.rfind("opencl:", 0) == 0 && info.type == "cpu") devices.push_back(info.name);
  if (devices.empty()) GTEST_SKIP() << "no OpenCL device on the processor";
  ModelOptions options;
  options.path = VIREO_SOURCE_DIR "/config/models/demo/street.onnx";
  options.device = "opencl:all";
  options.batch = 4;
  options.contexts = 2;
  options.build_budget_s = 0;
  const auto model = Model::open(options);
  constexpr int kStreams = 4, kFrames = 6;
  const auto alone = results_of(model, kStreams, kFrames, false), together = results_of(model, kStreams, kFrames, true);
  std::size_t found = 0;
  for (std::size_t s = 0; s < kStreams; ++s) {
    ASSERT_EQ(together[s].size(), std::size_t(kFrames));
    for (std::size_t i = 0; i < kFrames; ++i) {
      const auto &a = alone[s][i].detections, &b = together[s][i].detections;
      found += a.size();
      ASSERT_EQ(a.size(), b.size()) << s << " " << i;
      for (std::size_t k = 0; k < a.size(); ++k) {
        ASSERT_EQ(a[k].class_id, b[k].class_id) << s << " " << i << " " << k;
        ASSERT_NEAR(a[k].score, b[k].score, 1e-5);
        ASSERT_NEAR(a[k].x, b[k].x, 1e-2);
        ASSERT_NEAR(a[k].width, b[k].width, 1e-2);
      }
    }
  }
  EXPECT_GT(found, 100u);
}

}  // namespace
}  // namespace vireo::infer

int main(int argc, char** argv) {
  setenv("POCL_DEVICES", "pthread pthread", 0);  // before anybody asks which devices there are
  testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
