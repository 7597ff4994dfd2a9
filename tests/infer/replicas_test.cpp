// One model on several OpenCL devices behind one batcher. PoCL, the implementation on the processor, makes two devices
// of one machine when it is asked before it starts; elsewhere this is skipped.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <mutex>
#include <random>

#include "engine/api/builder.h"
#include "engine/api/device.h"
#include "plugins/infer/model.h"

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
  void prepare(void* slot, int) override {
    std::mt19937 random{static_cast<unsigned>(seed)};
    for (std::size_t i = 0; i < kPixels; ++i)
      static_cast<float*>(slot)[i] = static_cast<float>(random() % 1000) / 500 - 1;
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

}  // namespace
}  // namespace vireo::infer

int main(int argc, char** argv) {
  setenv("POCL_DEVICES", "pthread pthread", 0);  // before anybody asks which devices there are
  testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
