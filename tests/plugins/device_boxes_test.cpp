// Suppression of boxes on a device against the CPU's, where the two could differ.

#include <filesystem>

#include "engine/api/tensor_file.h"
#include "tests/plugins/device_cells_checks.h"

namespace vireo::decode {
namespace {

class DeviceBoxesOf : public DeviceCellsOf {};

TEST_F(DeviceBoxesOf, BoxesInOnePlaceWithEqualScoresLeaveTheFirst) {
  const Family& family = kFamilies[0];
  std::vector<float> data = random_output(family, 3, 0, 20);
  for (std::size_t image = 0; image < 3; ++image)
    for (std::size_t cell = 100; cell < 1100; ++cell) {
      float* at = data.data() + image * 84 * 2100 + cell;
      at[0] = at[2100] = 100, at[2 * 2100] = at[3 * 2100] = 50;
      at[(4 + (image == 1 ? cell % 7 : 0)) * 2100] = 0.5f;
    }
  const Counts counts =
      check(family, data, {{{"score", "0.3"}}, {{"score", "0.3"}}, {{"score", "0.3"}, {"max_detections", "1"}}});
  EXPECT_EQ(counts.suppressed, 3);
  EXPECT_EQ(counts.detections, 1u + 7 + 1);
  EXPECT_EQ(counts.cells, counts.detections);
}

TEST_F(DeviceBoxesOf, BoxesThatOverlapByJustTheThresholdAreDecidedAsByTheCpu) {
  // Corners on a coarse grid: many pairs whose overlap is the threshold, or next to it.
  const Family family{"yolov8", {1, 4 + 3, 2100 * 4}, {4, 7}, {{"class_count", "3"}}};
  const std::size_t cells = 2100 * 4;
  std::mt19937 random(21);
  const char* const thresholds[] = {"0.5", "0.33333334", "0.25", "0.2", "0.45", "0.6666667", "0.14285715", "1"};
  for (const double step : {8.0, 7.3, 0.37}) {
    std::vector<float> data(8 * 7 * cells);
    std::vector<sdk::Params> settings;
    for (std::size_t image = 0; image < 8; ++image) {
      settings.push_back({{"score", "0.3"},
                          {"iou", thresholds[image]},
                          {"agnostic", image % 2 ? "true" : "false"},
                          {"max_detections", "250"}});
      for (int k = 0; k < 900; ++k) {
        float* at = data.data() + image * 7 * cells + random() % cells;
        const double x = random() % 12, y = random() % 3, w = 1 + random() % 6, h = 1 + random() % 2;
        at[0] = float((x + w / 2) * step), at[cells] = float((y + h / 2) * step);
        at[2 * cells] = float(w * step), at[3 * cells] = float(h * step);
        at[(4 + random() % 3) * cells] = 0.3f + float(random() % 16) / 32;
      }
    }
    const Counts counts = check(family, data, settings);
    EXPECT_EQ(counts.suppressed, 8);
    EXPECT_GT(counts.detections, 100u);
  }
}

TEST_F(DeviceBoxesOf, MoreBoxesThanComeAtOnceAreFetchedAndMoreThanThereIsRoomForAreSuppressedByTheCpu) {
  const Counts some = check(kFamilies[0], 0.3, {{{"score", "0.5"}, {"iou", "0.9"}, {"max_detections", "120"}}}, 22);
  EXPECT_EQ(some.suppressed, 1);
  EXPECT_EQ(some.cells, 120u);
  const Counts many = check(kFamilies[0], 0.9,
                            {{{"score", "0.05"}, {"iou", "1"}, {"max_detections", "1000"}},
                             {{"score", "0.9"}, {"iou", "1"}, {"max_detections", "5"}}},
                            23);
  EXPECT_EQ(many.complete, 2);
  EXPECT_EQ(many.suppressed, 1);
  EXPECT_EQ(many.detections, 1005u);
}

TEST_F(DeviceBoxesOf, ValuesThatAreNoBoxesAndThoseFarAwayEndAsOnTheCpu) {
  const Family& family = kFamilies[0];
  const float odd[] = {NAN, INFINITY, -INFINITY, 0.0f, -20.0f, 1e30f, 1e-30f, 3e6f};
  for (const float value : odd) {
    std::vector<float> data = random_output(family, 4, 0.05, 24);
    for (std::size_t image = 0; image < 4; ++image)
      for (std::size_t cell = 0; cell < 2100; cell += 5) data[(image * 84 + image) * 2100 + cell] = value;
    const std::vector<sdk::Params> settings(4, {{"score", "0.3"}});
    EXPECT_EQ(check(family, data, settings).complete, 4);
  }
  std::vector<float> data = random_output(family, 1, 0.05, 25);
  for (std::size_t cell = 0; cell < 2100; cell += 3) data[(4 + cell % 80) * 2100 + cell] = cell % 2 ? NAN : INFINITY;
  EXPECT_EQ(check(family, data, {{{"score", "0.3"}}}).complete, 1);
}

TEST_F(DeviceBoxesOf, ThresholdsAtTheirEndsAreTheCpus) {
  const Counts counts =
      check(kFamilies[0], 0.02, {{{"score", "0.3"}, {"iou", "0"}}, {{"score", "0.3"}, {"iou", "1"}}}, 26);
  EXPECT_EQ(counts.complete, 2);
  EXPECT_EQ(counts.suppressed, 1);
}

TEST_F(DeviceBoxesOf, RawExponentsMakeTheSameBoxes) {
  const Family& family = kFamilies[6];
  for (unsigned seed = 30; seed < 34; ++seed) {
    std::vector<float> data = random_output(family, 2, 0.1, seed);
    std::mt19937 random(seed);
    std::uniform_real_distribution<float> size(seed == 33 ? -100.0f : -2.0f, seed == 33 ? 100.0f : 3.5f);
    for (std::size_t row = 0; row < 2 * 2100; ++row)
      for (int v = 2; v < 4; ++v) data[row * 11 + std::size_t(v)] = size(random);
    const Counts counts = check(family, data, {{{"score", "0.3"}, {"iou", "0.3"}}, {{"score", "0.5"}}});
    EXPECT_EQ(counts.complete, 2);
    if (seed < 33) EXPECT_EQ(counts.suppressed, 2);
  }
}

TEST_F(DeviceBoxesOf, FewerImagesThanThereIsRoomForRunBesideStaleOnes) {
  const Family& family = kFamilies[0];
  DeviceCells cells(kDevice, {"out", DataType::float32, family.dims, {}}, 3);
  Stream stream = engine_->create_stream();
  const std::vector<float> data = random_output(family, 3, 0.05, 40);
  const Buffer output = Buffer::on(kDevice, MemoryKind::device, data.size() * sizeof(float));
  output.write(data.data(), data.size() * sizeof(float));
  const Choice choice = choose_decoder(describe(family), family.name);
  const auto decoder = create_decoder(choice, describe(family), {{"score", "0.3"}});
  for (const int images : {3, 1, 2}) {
    if (images == 3)
      for (int i = 0; i < 3; ++i) ASSERT_TRUE(cells.filter(i, decoder->filter()));
    ASSERT_TRUE(cells.enqueue(stream, output, images).ok());
    ASSERT_TRUE(stream.synchronize().ok());
    for (int i = 0; i < images; ++i) {
      const sdk::TensorView whole{"out", DataType::float32, family.dims, data.data() + std::size_t(i) * 84 * 2100};
      ASSERT_TRUE(cells.suppressed(i));
      const sdk::TensorView view = cells.cells(i, whole, stream);
      expect_same(decoded(*decoder, whole), decoded(*decoder, view));
    }
  }
}

TEST_F(DeviceBoxesOf, RecordedOutputsOfRealModelsDecodeToTheSame) {
  const std::filesystem::path root = std::filesystem::path(VIREO_SOURCE_DIR) / "../shared/assets/onnx";
  int models = 0;
  for (const char* name : {"detect/yolox_nano_416", "detect/hyperlpr_y5fu_320"}) {
    const auto folder = root / (std::string(name) + ".ref/test_data_set_0");
    if (!std::filesystem::exists(folder)) continue;
    SCOPED_TRACE(name);
    const HostTensor input = read_tensor(folder / "input_0.pb"), output = read_tensor(folder / "output_0.pb");
    sdk::ModelDescription d;
    d.inputs.push_back({"in", input.dtype, input.dims, {}});
    d.outputs.push_back({"out", output.dtype, output.dims, {}});
    const TensorInfo info{"out", output.dtype, output.dims, {}};
    if (!DeviceCells::takes(info, 1)) continue;
    ++models;
    const sdk::TensorView whole{"out", output.dtype, output.dims, output.data.data()};
    const int size = int(input.dims[2]);
    const sdk::Geometry geometry{
        .network_width = size, .network_height = size, .frame_width = size, .frame_height = size};
    for (const char* score : {"0.6", "0.3", "0.05", "0.01"}) {
      const auto decoder = create_decoder(choose_decoder(d), d, {{"score", score}});
      sdk::FrameResult wanted, result;
      decoder->decode({&whole, 1}, geometry, wanted);
      wanted = {};
      decoder->decode({&whole, 1}, geometry, wanted);
      DeviceCells cells(kDevice, info, 1);
      ASSERT_TRUE(cells.filter(0, decoder->filter()));
      Stream stream = engine_->create_stream();
      const Buffer memory = Buffer::on(kDevice, MemoryKind::device, output.data.size());
      memory.write(output.data.data(), output.data.size());
      ASSERT_TRUE(cells.enqueue(stream, memory, 1).ok());
      ASSERT_TRUE(stream.synchronize().ok());
      EXPECT_TRUE(cells.suppressed(0));
      const sdk::TensorView view = cells.cells(0, whole, stream);
      decoder->decode({&view, 1}, geometry, result);
      expect_same(wanted, result);
      EXPECT_FALSE(wanted.detections.empty());
    }
  }
  if (models == 0) GTEST_SKIP() << "the assets are not here";
}

}  // namespace
}  // namespace vireo::decode
