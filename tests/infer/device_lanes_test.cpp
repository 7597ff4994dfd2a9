// Lanes on a device whose memory the host can't see, against a lane on the CPU and against themselves: whatever way an
// image goes in and whatever is wanted of the outputs, the values are the same.

#include <gtest/gtest.h>

#include <algorithm>
#include <future>
#include <random>

#include "engine/api/builder.h"
#include "engine/runtime/engine_state.h"
#include "plugins/decode/decoders.h"
#include "plugins/decode/device_cells.h"
#include "plugins/infer/engine_backend.h"
#include "plugins/preprocess/device_preprocessor.h"
#include "plugins/preprocess/preprocess.h"
#include "tests/support/opencl_here.h"

namespace vireo::infer {
namespace {

constexpr int kWidth = 256, kHeight = 128, kValues = 84, kCells = 32 * 16, kBatch = 5;
const Device kDevice{"opencl:0"};

/// [batch,3,128,256] → cells [batch,84,512] as YOLOv8 has them, and rows [batch,512,84]; and the mean of each channel.
Network cells_network() {
  Network network;
  std::mt19937 random(5);
  std::normal_distribution<float> normal(0, 0.18f);
  std::vector<float> weights(kValues * 3 * 8 * 8), bias(kValues);
  for (float& value : weights) value = normal(random);
  for (std::size_t i = 0; i < bias.size(); ++i) bias[i] = i < 4 ? 0.0f : -4.0f;
  auto x = network.add_input("image", DataType::float32, {kUnknown, 3, kHeight, kWidth});
  x = network.add_convolution(
      x, network.add_constant("w", DataType::float32, {kValues, 3, 8, 8}, weights.data(), weights.size() * 4),
      network.add_constant("b", DataType::float32, {kValues}, bias.data(), bias.size() * 4), {.strides = {8, 8}});
  x = network.add_layer("unary", {x}, {{"function", std::string("sigmoid")}})[0];
  const std::int64_t axes[] = {2, 3};
  const auto mean =
      network.add_layer("reduce", {x, network.add_constant("axes", DataType::int64, {2}, axes, sizeof axes)},
                        {{"mode", std::string("mean")}, {"keepdims", std::int64_t{0}}})[0];
  const std::int64_t shape[] = {0, kValues, kCells};
  x = network.add_layer("reshape", {x, network.add_constant("shape", DataType::int64, {3}, shape, sizeof shape)})[0];
  network.mark_output(x, "cells");
  network.mark_output(mean, "means");
  return network;
}

sdk::InputSpec picture() {
  sdk::InputSpec spec;
  spec.name = "image";
  spec.width = kWidth;
  spec.height = kHeight;
  return spec;
}

struct Frame {
  sdk::Image image;
  std::vector<std::uint8_t> bytes;
  explicit Frame(int number) {
    image.format = number % 2 ? sdk::PixelFormat::nv12 : sdk::PixelFormat::bgr;
    image.width = 200 + 31 * (number % 4);
    image.height = 150;
    const int row = image.width * sdk::bytes_per_pixel(image.format), half = (image.width + 1) / 2;
    bytes.resize(std::size_t(row * image.height + 2 * half * 75));
    std::mt19937 random(static_cast<unsigned>(number));
    for (auto& byte : bytes) byte = static_cast<std::uint8_t>(random() % 256);
    image.planes[0] = {bytes.data(), row};
    image.planes[1] = {bytes.data() + row * image.height, 2 * half};
  }
};

std::vector<float> values_of(const sdk::TensorView& view) {
  const float* begin = view.as<float>();
  return {begin, begin + element_count(view.dims)};
}

class DeviceLanes : public testing::WithOpencl {
 protected:
  void SetUp() override {
    testing::WithOpencl::SetUp();
    if (IsSkipped()) return;
    BuildOptions options;
    options.budget_s = 0;
    options.devices = {"cpu", kDevice.name};
    options.profiles.push_back(
        {{"image", {1, 3, kHeight, kWidth}, {kBatch, 3, kHeight, kWidth}, {kBatch, 3, kHeight, kWidth}}});
    plan_ = std::make_unique<Plan>(build(cells_network(), options));
    const Plan& plan = *plan_;
    cpu_ = std::make_unique<EngineBackend>(std::vector{Engine::load(plan)}, picture(),
                                           EngineBackendOptions{kBatch, 1, {"cpu"}});
    device_ = std::make_unique<EngineBackend>(std::vector{Engine::load(plan, kDevice)}, picture(),
                                              EngineBackendOptions{kBatch, 2, {kDevice.name}});
    ASSERT_EQ(device_->max_batch(), kBatch) << device_->batch_note();
    device_->warm_up();
  }

  /// All outputs for each image, by the CPU.
  std::vector<std::vector<std::vector<float>>> wanted(int first, int count) {
    preprocess::Preprocessor preprocessor(picture());
    for (int i = 0; i < count; ++i) {
      const Frame frame(first + i);
      (void)preprocessor.run(frame.image, cpu_->slot(0, i));
    }
    EXPECT_TRUE(cpu_->run(0, count).ok());
    std::vector<std::vector<std::vector<float>>> all;
    for (int i = 0; i < count; ++i) {
      auto& own = all.emplace_back();
      for (const sdk::TensorView& view : cpu_->outputs(0, i, count)) own.push_back(values_of(view));
    }
    return all;
  }

  static void expect_near(const std::vector<float>& a, const std::vector<float>& b) {
    ASSERT_EQ(a.size(), b.size());
    for (std::size_t i = 0; i < a.size(); ++i) ASSERT_NEAR(a[i], b[i], 1e-4) << i;
  }

  std::unique_ptr<Plan> plan_;
  std::unique_ptr<EngineBackend> cpu_, device_;
};

TEST_F(DeviceLanes, GiveWhatTheCpuGivesForEveryNumberOfImages) {
  for (const int count : {1, 2, 3, 4, 5, 3, 1}) {
    const auto expected = wanted(10 * count, count);
    Lane& lane = device_->lane(count % 2);
    for (int i = 0; i < count; ++i) ASSERT_TRUE(lane.put(i, picture(), Frame(10 * count + i).image).has_value());
    ASSERT_TRUE(lane.run(count).ok());
    for (int i = 0; i < count; ++i) {
      const auto views = lane.outputs(i);
      ASSERT_EQ(views.size(), 2u);
      for (std::size_t k = 0; k < 2; ++k) expect_near(values_of(views[k]), expected[std::size_t(i)][k]);
    }
  }
}

TEST_F(DeviceLanes, TakeImagesThatTheHostWroteBesideFrames) {
  const auto expected = wanted(0, 4);
  preprocess::Preprocessor preprocessor(picture());
  Lane& lane = device_->lane(0);
  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < 4; ++i) {
      const Frame frame(i);
      if ((i + round) % 2) (void)preprocessor.run(frame.image, lane.memory(i));
      else ASSERT_TRUE(lane.put(i, picture(), frame.image));
    }
    ASSERT_TRUE(lane.run(4).ok());
    for (int i = 0; i < 4; ++i) expect_near(values_of(lane.outputs(i)[0]), expected[std::size_t(i)][0]);
  }
}

TEST_F(DeviceLanes, HandOverWhatEachImagesDecoderWants) {
  sdk::ModelDescription description{device_->image_inputs(), device_->image_outputs(), {}, {}};
  description.outputs.resize(1);  // the means are no decoder's
  const decode::Choice choice = decode::choose_decoder(description, "yolov8");
  const sdk::Geometry geometry{
      .network_width = kWidth, .network_height = kHeight, .frame_width = kWidth, .frame_height = kHeight};
  Lane& lane = device_->lane(1);
  const char* const scores[] = {"0.3", "0.6", "0", "0.9", "0.45"};
  std::size_t found = 0;
  for (int round = 0; round < 4; ++round) {
    std::vector<std::unique_ptr<sdk::Decoder>> decoders;
    for (int i = 0; i < kBatch; ++i)
      decoders.push_back(decode::create_decoder(
          choice, description, {{"score", scores[(i + round) % 5]}, {"class_count", "80"}, {"iou", "0.9"}}));
    const auto decoded = [&](bool filtered) {
      std::vector<sdk::FrameResult> results(kBatch);
      for (int i = 0; i < kBatch; ++i) {
        EXPECT_TRUE(lane.put(i, picture(), Frame(i).image));
        // Every third is wanted as a whole, as with raw tensors.
        if (filtered && (i + round) % 3) lane.want(i, decoders[std::size_t(i)]->filter());
      }
      EXPECT_TRUE(lane.run(kBatch).ok());
      for (int i = 0; i < kBatch; ++i) {
        const auto views = lane.outputs(i);
        const bool cells = views[0].cells != nullptr;
        EXPECT_EQ(cells, filtered && (i + round) % 3 != 0) << i;
        results[std::size_t(i)].width = kWidth;
        results[std::size_t(i)].height = kHeight;
        decoders[std::size_t(i)]->decode({views.data(), 1}, geometry, results[std::size_t(i)]);
      }
      return results;
    };
    const auto whole = decoded(false), by_cells = decoded(true);
    for (std::size_t i = 0; i < kBatch; ++i) {
      const auto &a = whole[i].detections, &b = by_cells[i].detections;
      ASSERT_EQ(a.size(), b.size()) << round << " " << i;
      found += a.size();
      for (std::size_t k = 0; k < a.size(); ++k) {
        ASSERT_EQ(a[k].score, b[k].score);
        ASSERT_EQ(a[k].x, b[k].x);
        ASSERT_EQ(a[k].class_id, b[k].class_id);
      }
    }
  }
  EXPECT_GT(found, 20u);
}

TEST_F(DeviceLanes, LeaveOutWhatNoDecoderLooksAt) {
  Lane& lane = device_->lane(0);
  for (const bool alone : {true, false}) {
    for (int i = 0; i < 2; ++i) {
      ASSERT_TRUE(lane.put(i, picture(), Frame(40 + i + (alone ? 0 : 2)).image));
      lane.want(i, sdk::CellFilter{.columns = true, .first_class = 4, .classes = 80, .score = 0.3f, .alone = alone});
    }
    ASSERT_TRUE(lane.run(2).ok());
    const auto expected = wanted(40 + (alone ? 0 : 2), 2);
    const auto means = values_of(lane.outputs(1)[1]);
    if (!alone) expect_near(means, expected[1][1]);
  }
}

/// Holds a queue until it is let go.
class Gate final : public device::HostWork {
 public:
  Status run() noexcept override {
    opened_.get_future().wait();
    return {};
  }
  void open() { opened_.set_value(); }

 private:
  std::promise<void> opened_;
};

TEST_F(DeviceLanes, AreEnqueuedWhileTheDeviceIsBusyWithSomethingElse) {
  // What a lane does with a frame, in a stream that stands still: a call that waited for the device would never return.
  const auto expected = wanted(7, 1);
  const auto engine = Engine::load(*plan_, kDevice);
  Stream stream = engine->create_stream();
  const auto context = engine->create_context();
  context->set_shape("image", {1, 3, kHeight, kWidth});
  const std::size_t bytes = std::size_t(kValues) * kCells * sizeof(float);
  const Buffer input = Buffer::on(kDevice, MemoryKind::device, picture().image_bytes()),
               cells = Buffer::on(kDevice, MemoryKind::device, bytes),
               means = Buffer::on(kDevice, MemoryKind::device, kValues * sizeof(float)),
               back = Buffer::on(kDevice, MemoryKind::pinned, bytes);
  context->bind("image", input);
  context->bind("cells", cells);
  context->bind("means", means);
  preprocess::DevicePreprocessor preprocessor(kDevice, picture(), 1);
  decode::DeviceCells selected(kDevice, {"cells", DataType::float32, {1, kValues, kCells}, {}}, 1);
  const Frame frame(7);
  for (int round = 0; round < 3; ++round) {
    const auto gate = std::make_shared<Gate>();
    stream.state().queue->run(gate);
    (void)preprocessor.run(picture(), frame.image, 0, {&input}, stream);
    EXPECT_TRUE(context->enqueue(stream).ok());
    EXPECT_TRUE(selected.filter(0, sdk::CellFilter{.columns = true, .classes = 80, .score = 0.5f}));
    EXPECT_TRUE(selected.enqueue(stream, cells, 1).ok());
    EXPECT_TRUE(enqueue_copy(stream, {&back}, {&cells}, bytes).ok());
    const Event done = stream.record();
    EXPECT_FALSE(done.done());
    gate->open();
    ASSERT_TRUE(stream.synchronize().ok());
    expect_near({back.as<float>(), back.as<float>() + kValues * kCells}, expected[0][0]);
  }
}

TEST_F(DeviceLanes, GoOnAfterAFrameThatCantBeTaken) {
  const auto expected = wanted(3, 1);
  Lane& lane = device_->lane(0);
  Frame torn(3);
  torn.image.planes[1].data = nullptr;
  torn.image.format = sdk::PixelFormat::nv12;
  EXPECT_THROW((void)lane.put(0, picture(), torn.image), Error);
  ASSERT_TRUE(lane.put(0, picture(), Frame(3).image));
  ASSERT_TRUE(lane.run(1).ok());
  expect_near(values_of(lane.outputs(0)[0]), expected[0][0]);
}

}  // namespace
}  // namespace vireo::infer
