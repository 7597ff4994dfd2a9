#pragma once
// Decoders on the cells that a device handed over against the same decoders on whole outputs: the same detections, to
// the last bit and in the same order.

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <random>

#include "engine/api/half.h"
#include "plugins/decode/decoders.h"
#include "plugins/decode/device_cells.h"
#include "tests/runtime/networks.h"
#include "tests/support/opencl_here.h"

namespace vireo::decode {

inline const Device kDevice{"opencl:0"};
constexpr int kSize = 320;  // of the picture: 2100 cells

/// An output of one family as it may be, for several images.
struct Family {
  const char* name;
  Dims dims;               ///< of one image
  std::vector<int> tests;  ///< values that are probabilities: [from, to)
  sdk::Params params;      ///< beside the thresholds
};

inline const Family kFamilies[] = {
    {"yolov8", {1, 4 + 80, 2100}, {4, 84}, {}},
    {"yolov8", {1, 4 + 1 + 51, 2100}, {4, 5}, {{"class_count", "1"}, {"keypoints", "17"}, {"keypoint_values", "3"}}},
    {"yolov8", {1, 4 + 15 + 1, 2100}, {4, 19}, {{"class_count", "15"}, {"angle", "true"}, {"keypoints", "0"}}},
    {"yolov5", {1, 6300, 85}, {4, 85}, {{"keypoints", "0"}}},
    {"yolov5", {1, 6300, 16}, {4, 5}, {{"keypoints", "4"}}},
    {"yolox", {1, 2100, 85}, {4, 85}, {{"raw", "false"}}},
    {"yolox", {1, 2100, 11}, {4, 11}, {{"raw", "true"}}},
};

/// Each cell's class scores: mostly low. `busy`: share of the cells with one that may pass.
inline std::vector<float> random_output(const Family& family, int images, double busy, unsigned seed) {
  std::mt19937 random(seed);
  std::uniform_real_distribution<float> unit(0, 1);
  const bool columns = std::string(family.name) == "yolov8", raw = family.params.text("raw") == "true";
  const std::int64_t rows = family.dims[1], width = family.dims[2];
  const std::int64_t cells = columns ? width : rows, values = columns ? rows : width;
  std::vector<float> data(std::size_t(images * rows * width));
  for (int image = 0; image < images; ++image)
    for (std::int64_t cell = 0; cell < cells; ++cell) {
      const bool may = unit(random) < busy;
      const auto hot =
          std::int64_t(family.tests[0]) + std::int64_t(random() % unsigned(family.tests[1] - family.tests[0]));
      for (std::int64_t v = 0; v < values; ++v) {
        float value = 0.02f * unit(random);
        if (v < 2) value = raw ? unit(random) : unit(random) * kSize;
        else if (v < 4) value = raw ? unit(random) : 8 + unit(random) * 60;
        else if (v >= family.tests[1]) value = unit(random) * 3;
        // Scores on a coarse grid, so that ties are decided by the cell's number.
        if (may && (v == hot || (v == 4 && !columns))) value = std::round(unit(random) * 20) / 20;
        const std::int64_t at = columns ? v * width + cell : cell * width + v;
        data[std::size_t(image * rows * width + at)] = value;
      }
    }
  return data;
}

inline sdk::ModelDescription describe(const Family& family) {
  sdk::ModelDescription d;
  d.inputs.push_back({"in", DataType::float32, {1, 3, kSize, kSize}, {}});
  d.outputs.push_back({"out", DataType::float32, family.dims, {}});
  return d;
}

inline sdk::FrameResult decoded(sdk::Decoder& decoder, const sdk::TensorView& view) {
  const sdk::Geometry geometry{
      .network_width = kSize, .network_height = kSize, .frame_width = kSize, .frame_height = kSize};
  sdk::FrameResult result;
  result.width = result.height = kSize;
  decoder.decode({&view, 1}, geometry, result);
  return result;
}

inline void expect_same(const sdk::FrameResult& a, const sdk::FrameResult& b) {
  ASSERT_EQ(a.detections.size(), b.detections.size());
  for (std::size_t i = 0; i < a.detections.size(); ++i) {
    const sdk::Detection &x = a.detections[i], &y = b.detections[i];
    ASSERT_EQ(x.class_id, y.class_id) << i;
    ASSERT_EQ(x.score, y.score) << i;
    ASSERT_EQ(x.x, y.x) << i;
    ASSERT_EQ(x.y, y.y) << i;
    ASSERT_EQ(x.width, y.width) << i;
    ASSERT_EQ(x.height, y.height) << i;
    ASSERT_EQ(x.keypoints.size(), y.keypoints.size());
    for (std::size_t k = 0; k < x.keypoints.size(); ++k) {
      ASSERT_EQ(x.keypoints[k].x, y.keypoints[k].x);
      ASSERT_EQ(x.keypoints[k].score, y.keypoints[k].score);
    }
  }
}

class DeviceCellsOf : public testing::WithOpencl {
 protected:
  void SetUp() override {
    testing::WithOpencl::SetUp();
    if (IsSkipped()) return;
    engine_ = Engine::load(testing_networks::quick_plan(testing_networks::branches(1)), kDevice);
  }

  struct Counts {
    int complete = 0, second = 0, overflowed = 0, suppressed = 0;
    std::size_t detections = 0, cells = 0;
  };
  enum class Boxes { suppressed, all };

  /// Through random outputs.
  Counts check(const Family& family, double busy, const std::vector<sdk::Params>& settings, unsigned seed,
               DataType dtype = DataType::float32, Boxes boxes = Boxes::suppressed) {
    return check(family, random_output(family, int(settings.size()), busy, seed), settings, dtype, boxes);
  }

  /// Every image through a decoder with its own settings, whole and by cells.
  Counts check(const Family& family, const std::vector<float>& data, const std::vector<sdk::Params>& settings,
               DataType dtype = DataType::float32, Boxes boxes = Boxes::suppressed) {
    Counts counts;
    const int images = int(settings.size());
    std::vector<std::uint16_t> halves;
    for (const float value : data) halves.push_back(half_from_float(value));
    const TensorInfo info{"out", dtype, family.dims, {}};
    EXPECT_TRUE(DeviceCells::takes(info, images));
    DeviceCells cells(kDevice, info, images);
    Stream stream = engine_->create_stream();
    const std::size_t elements = data.size() / std::size_t(images), bytes = data.size() * size_of(dtype);
    const Buffer output = Buffer::on(kDevice, MemoryKind::device, bytes);
    const void* from = data.data();
    if (dtype == DataType::float16) from = halves.data();
    output.write(from, bytes);
    const Choice choice = choose_decoder(describe(family), family.name);
    std::vector<std::unique_ptr<sdk::Decoder>> decoders;
    for (int i = 0; i < images; ++i) {
      sdk::Params params = family.params;
      params.merge(settings[std::size_t(i)]);
      decoders.push_back(create_decoder(choice, describe(family), params));
      const auto* begin = static_cast<const std::byte*>(from) + std::size_t(i) * elements * size_of(dtype);
      (void)decoded(*decoders.back(), {"out", dtype, family.dims, begin});  // the first frame shows what the values are
      std::optional<sdk::CellFilter> filter = decoders.back()->filter();
      if (boxes == Boxes::all) filter->boxes.reset();
      EXPECT_TRUE(cells.filter(i, filter)) << family.name;
    }
    EXPECT_TRUE(cells.enqueue(stream, output, images).ok());
    EXPECT_TRUE(stream.synchronize().ok());
    for (int i = 0; i < images; ++i) {
      const auto* begin = static_cast<const std::byte*>(from) + std::size_t(i) * elements * size_of(dtype);
      const sdk::TensorView whole{"out", dtype, family.dims, begin};
      if (!cells.complete(i)) {
        ++counts.overflowed;
        continue;
      }
      ++counts.complete;
      const sdk::TensorView view = cells.cells(i, whole, stream);
      const std::int64_t count = view.dims[family.name == std::string("yolov8") ? 2 : 1];
      counts.second += count > DeviceCells::kNear ? 1 : 0;
      EXPECT_LT(count, view.all_cells);
      if (cells.suppressed(i)) {
        ++counts.suppressed;
        EXPECT_LE(count, DeviceCells::kNear);
      }
      counts.cells += std::size_t(count);
      const sdk::FrameResult wanted = decoded(*decoders[std::size_t(i)], whole);
      expect_same(wanted, decoded(*decoders[std::size_t(i)], view));
      counts.detections += wanted.detections.size();
    }
    return counts;
  }

  std::shared_ptr<Engine> engine_;
};

}  // namespace vireo::decode
