// Frames that a device converts against what the CPU's preprocessor makes of them: every format, style and layout,
// sizes that are odd, larger and smaller than the input, rows longer than needed.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <thread>
#include <vector>

#include "engine/api/half.h"
#include "plugins/preprocess/device_preprocessor.h"
#include "plugins/preprocess/preprocess.h"
#include "tests/runtime/networks.h"
#include "tests/support/opencl_here.h"

namespace vireo::preprocess {
namespace {

using sdk::PixelFormat;

constexpr PixelFormat kFormats[] = {PixelFormat::nv12, PixelFormat::i420, PixelFormat::bgr,
                                    PixelFormat::rgb,  PixelFormat::bgra, PixelFormat::rgba,
                                    PixelFormat::bgrx, PixelFormat::rgbx, PixelFormat::gray8};
const Device kDevice{"opencl:0"};

/// Noise on waves: neighbours differ, so that a sample or weight that is off shows.
struct Picture {
  sdk::Image image;
  std::vector<std::uint8_t> memory[3];

  Picture(PixelFormat format, int width, int height, unsigned seed, int padding = 13) {
    image.format = format;
    image.width = width;
    image.height = height;
    std::mt19937 random(seed);
    for (int plane = 0; plane < sdk::plane_count(format); ++plane) {
      const int w = plane == 0 ? width : (width + 1) / 2, h = plane == 0 ? height : (height + 1) / 2;
      const int samples = plane == 0 ? sdk::bytes_per_pixel(format) : format == PixelFormat::nv12 ? 2 : 1;
      const int stride = w * samples + padding;
      auto& bytes = memory[plane];
      bytes.resize(std::size_t(stride) * std::size_t(h));
      for (std::size_t i = 0; i < bytes.size(); ++i)
        bytes[i] =
            std::uint8_t(std::clamp(128 + 90 * std::sin(double(i) * 0.013) + double(random() % 90) - 45, 0.0, 255.0));
      image.planes[std::size_t(plane)] = {bytes.data(), stride};
    }
  }
};

sdk::InputSpec spec_of(int width, int height, DataType dtype = DataType::float32,
                       sdk::Layout layout = sdk::Layout::nchw, sdk::ColorOrder color = sdk::ColorOrder::rgb) {
  sdk::InputSpec spec;
  spec.name = "in";
  spec.dtype = dtype;
  spec.layout = layout;
  spec.width = width;
  spec.height = height;
  spec.style.color = color;
  spec.channels = color == sdk::ColorOrder::gray ? 1 : 3;
  spec.style.mean = {123.7f, 116.3f, 103.5f};
  spec.style.scale = {0.0171f, 0.0175f, 0.0174f};
  if (dtype == DataType::uint8) {
    spec.style.mean = {0, 0, 0};
    spec.style.scale = {1, 1, 1};
  }
  return spec;
}

/// Elements as 8-bit steps before normalisation.
std::vector<double> steps(const sdk::InputSpec& spec, const std::vector<std::byte>& bytes) {
  const std::size_t count = std::size_t(spec.width) * std::size_t(spec.height) * std::size_t(spec.channels);
  const std::size_t pixels = std::size_t(spec.width) * std::size_t(spec.height);
  std::vector<double> values(count);
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t channel = spec.layout == sdk::Layout::nchw ? i / pixels : i % std::size_t(spec.channels);
    double value = 0;
    switch (spec.dtype) {
      case DataType::float32: value = double(reinterpret_cast<const float*>(bytes.data())[i]); break;
      case DataType::float16:
        value = double(half_to_float(reinterpret_cast<const std::uint16_t*>(bytes.data())[i]));
        break;
      default: value = double(reinterpret_cast<const std::uint8_t*>(bytes.data())[i]);
    }
    values[i] = value / double(spec.style.scale[channel]) + double(spec.style.mean[channel]);
  }
  return values;
}

class DevicePreprocess : public testing::WithOpencl {
 protected:
  void SetUp() override {
    testing::WithOpencl::SetUp();
    if (IsSkipped()) return;
    engine_ = Engine::load(testing_networks::quick_plan(testing_networks::branches(1)), kDevice);
  }

  /// Puts the frame into the second of three images and looks at all of them.
  double worst(const Picture& picture, const sdk::InputSpec& spec) {
    DevicePreprocessor device(kDevice, spec, 3);
    Stream stream = engine_->create_stream();
    const std::size_t bytes = spec.image_bytes();
    const Buffer input = Buffer::on(kDevice, MemoryKind::device, 3 * bytes);
    const sdk::Geometry found = device.run(spec, picture.image, 1, {&input, bytes}, stream);
    EXPECT_TRUE(stream.synchronize().ok());
    std::vector<std::byte> slot(bytes), got(3 * bytes);
    const sdk::Geometry wanted = Preprocessor(spec).run(picture.image, slot.data());
    input.read(got.data(), got.size());
    EXPECT_EQ(found.scale_x, wanted.scale_x);
    EXPECT_EQ(found.scale_y, wanted.scale_y);
    EXPECT_EQ(found.pad_x, wanted.pad_x);
    EXPECT_EQ(found.pad_y, wanted.pad_y);
    EXPECT_EQ(found.origin_x, wanted.origin_x);
    EXPECT_EQ(found.origin_y, wanted.origin_y);
    for (std::size_t i = 0; i < bytes; ++i) {
      if (got[i] != std::byte{0} || got[2 * bytes + i] != std::byte{0}) return INFINITY;  // not its image
    }
    const std::vector<double> a = steps(spec, slot),
                              b = steps(spec, {got.begin() + std::ptrdiff_t(bytes), got.end() - std::ptrdiff_t(bytes)});
    double most = 0;
    for (std::size_t i = 0; i < a.size(); ++i) most = std::max(most, std::abs(a[i] - b[i]));
    return most;
  }

  std::shared_ptr<Engine> engine_;
};

TEST_F(DevicePreprocess, GivesWhatTheCpuGivesForEveryFormatAndSize) {
  double most = 0;
  for (const PixelFormat format : kFormats)
    for (const auto& [width, height] :
         {std::pair{320, 180}, {97, 211}, {96, 64}, {641, 35}, {7, 5}, {1, 1}, {192, 128}, {63, 1}}) {
      const double found = worst(Picture(format, width, height, 3), spec_of(96, 64));
      EXPECT_LE(found, 0.01) << sdk::to_string(format) << " " << width << "x" << height;
      most = std::max(most, found);
    }
  RecordProperty("most", std::to_string(most));
}

TEST_F(DevicePreprocess, WritesEveryLayoutTypeAndOrderOfChannels) {
  for (const PixelFormat format :
       {PixelFormat::nv12, PixelFormat::i420, PixelFormat::bgr, PixelFormat::rgba, PixelFormat::gray8})
    for (const DataType dtype : {DataType::float32, DataType::float16, DataType::uint8})
      for (const sdk::Layout layout : {sdk::Layout::nchw, sdk::Layout::nhwc})
        for (const sdk::ColorOrder color : {sdk::ColorOrder::rgb, sdk::ColorOrder::bgr, sdk::ColorOrder::gray}) {
          // A half holds a step of 1/58 in 11 bits; a byte may be rounded the other way.
          const double tolerance = dtype == DataType::float32 ? 0.01 : dtype == DataType::float16 ? 0.2 : 1;
          EXPECT_LE(worst(Picture(format, 75, 51, 5), spec_of(48, 40, dtype, layout, color)), tolerance)
              << sdk::to_string(format) << " " << to_string(dtype) << " " << int(layout) << " " << int(color);
        }
}

TEST_F(DevicePreprocess, FitsTheFrameInAsTheStyleSays) {
  for (const PixelFormat format : {PixelFormat::nv12, PixelFormat::bgr})
    for (const sdk::Resize resize : {sdk::Resize::letterbox, sdk::Resize::stretch, sdk::Resize::crop})
      for (const sdk::Align align : {sdk::Align::center, sdk::Align::top_left})
        for (const auto& [width, height] : {std::pair{333, 111}, {111, 333}, {50, 50}}) {
          sdk::InputSpec spec = spec_of(64, 80);
          spec.style.resize = resize;
          spec.style.align = align;
          spec.style.pad = 7;
          spec.style.crop_percent = 87;
          EXPECT_LE(worst(Picture(format, width, height, 9), spec), 0.01)
              << sdk::to_string(format) << " " << int(resize) << int(align) << " " << width << "x" << height;
        }
}

TEST_F(DevicePreprocess, KnowsMatrixAndRange) {
  for (const PixelFormat format : {PixelFormat::nv12, PixelFormat::i420})
    for (const sdk::ColorMatrix matrix : {sdk::ColorMatrix::bt601, sdk::ColorMatrix::bt709, sdk::ColorMatrix::bt2020})
      for (const sdk::ColorRange range : {sdk::ColorRange::limited, sdk::ColorRange::full}) {
        Picture picture(format, 100, 60, 1);
        picture.image.matrix = matrix;
        picture.image.range = range;
        EXPECT_LE(worst(picture, spec_of(64, 64)), 0.01) << int(matrix) << int(range);
      }
}

TEST_F(DevicePreprocess, TakesFrameAfterFrameOfChangingSizesAndStylesFromSeveralThreads) {
  const sdk::InputSpec plain = spec_of(64, 48);
  sdk::InputSpec other = plain;
  other.style.resize = sdk::Resize::stretch;
  other.style.color = sdk::ColorOrder::bgr;
  other.style.scale = {1, 1, 1};
  const std::size_t bytes = plain.image_bytes();
  DevicePreprocessor device(kDevice, plain, 4);
  Stream stream = engine_->create_stream();
  const Buffer input = Buffer::on(kDevice, MemoryKind::device, 4 * bytes);
  for (int round = 0; round < 6; ++round) {
    const auto picture_of = [&](int image) {
      const PixelFormat format = kFormats[(round * 4 + image) % std::size(kFormats)];
      return Picture(format, 40 + 37 * ((round + image) % 3), 90 - 20 * image, unsigned(round * 10 + image), image);
    };
    std::vector<std::thread> threads;
    for (int image = 0; image < 4; ++image)
      threads.emplace_back([&, image] {
        const Picture picture = picture_of(image);
        (void)device.run((round + image) % 2 ? other : plain, picture.image, image,
                         {&input, std::size_t(image) * bytes}, stream);
      });
    for (std::thread& thread : threads) thread.join();
    ASSERT_TRUE(stream.synchronize().ok());
    for (int image = 0; image < 4; ++image) {
      const sdk::InputSpec& spec = (round + image) % 2 ? other : plain;
      std::vector<std::byte> slot(bytes), got(bytes);
      const Picture picture = picture_of(image);
      (void)Preprocessor(spec).run(picture.image, slot.data());
      input.read(got.data(), bytes, std::size_t(image) * bytes);
      const std::vector<double> a = steps(spec, slot), b = steps(spec, got);
      for (std::size_t i = 0; i < a.size(); ++i) ASSERT_NEAR(a[i], b[i], 0.01) << round << " " << image << " " << i;
    }
  }
}

TEST_F(DevicePreprocess, RefusesWhatTheCpuRefuses) {
  sdk::InputSpec spec = spec_of(16, 16);
  DevicePreprocessor device(kDevice, spec, 1);
  Stream stream = engine_->create_stream();
  const Buffer input = Buffer::on(kDevice, MemoryKind::device, spec.image_bytes());
  Picture torn(PixelFormat::nv12, 16, 16, 0);
  torn.image.planes[1].data = nullptr;
  EXPECT_THROW((void)device.run(spec, torn.image, 0, {&input}, stream), Error);
  spec.dtype = DataType::int64;
  EXPECT_THROW(DevicePreprocessor(kDevice, spec, 1), Error);
  EXPECT_THROW(DevicePreprocessor({"cpu"}, spec_of(16, 16), 1), Error);
}

}  // namespace
}  // namespace vireo::preprocess
