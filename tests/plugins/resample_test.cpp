// Rows of the resized picture against plain loops and against OpenCV's resize; then whole frames, at random sizes,
// strides, crops and styles, against the same loops with colours converted in double precision.

#include "plugins/preprocess/resample.h"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstring>
#include <numeric>
#include <opencv2/imgproc.hpp>
#include <random>
#include <thread>
#include <vector>

#include "plugins/preprocess/column_table.h"
#include "plugins/preprocess/letterbox.h"
#include "plugins/preprocess/preprocess.h"

namespace vireo::preprocess {
namespace {

using Random = std::mt19937;
using sdk::PixelFormat;

int between(Random& random, int low, int high) { return std::uniform_int_distribution(low, high)(random); }

/// Bytes that end where the process has no memory: who reads behind them is found out.
class Bytes {
 public:
  explicit Bytes(std::size_t size) {
    const std::size_t page = std::size_t(sysconf(_SC_PAGESIZE)), used = (size + page - 1) / page * page;
    mapped_ = used + page;
    memory_ =
        static_cast<std::uint8_t*>(mmap(nullptr, mapped_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    if (memory_ == MAP_FAILED || mprotect(memory_ + used, page, PROT_NONE) != 0) std::abort();
    data_ = memory_ + used - size;
  }
  ~Bytes() { munmap(memory_, mapped_); }
  Bytes(Bytes&& other) noexcept : memory_(other.memory_), data_(other.data_), mapped_(other.mapped_) {
    other.mapped_ = 0;
    other.memory_ = nullptr;
  }
  Bytes& operator=(Bytes&&) = delete;
  [[nodiscard]] std::uint8_t* data() const { return data_; }

 private:
  std::uint8_t *memory_, *data_;
  std::size_t mapped_;
};

/// A plane whose last row ends with its last sample.
struct Plane {
  int width, height, step, stride;
  Bytes bytes;
  Plane(int w, int h, int samples, int padding, Random& random)
      : width(w),
        height(h),
        step(samples),
        stride(w * samples + padding),
        bytes(std::size_t(stride) * std::size_t(h - 1) + std::size_t(w) * std::size_t(samples)) {
    const std::size_t size = std::size_t(stride) * std::size_t(h - 1) + std::size_t(w) * std::size_t(samples);
    for (std::size_t i = 0; i < size; ++i) bytes.data()[i] = std::uint8_t(random());
  }
};

struct Tap {
  int first, weight;
};

/// Half-pixel centres, weights of 11 bits.
Tap tap_of(int from, int to, int i, bool column) {
  float f = float((i + 0.5) * (1.0 / (double(to) / from)) - 0.5);
  int first = int(std::floor(f));
  f -= float(first);
  if (column && (first < 0 || first >= from - 1)) return {std::clamp(first, 0, from - 1), 0};
  return {first, int(std::lrintf(f * 2048))};
}

/// Sample `channel` of pixel (x, y) of a plane's region, resized.
int plain_sample(const std::uint8_t* data, std::ptrdiff_t stride, int step, int channel, int w, int h, int to_w,
                 int to_h, int x, int y) {
  const Tap column = tap_of(w, to_w, x, true), row = tap_of(h, to_h, y, false);
  const auto line = [&](int number) {
    const std::uint8_t* at = data + std::clamp(number, 0, h - 1) * stride + channel;
    return at[column.first * step] * (2048 - column.weight) +
           at[std::min(column.first + 1, w - 1) * step] * column.weight;
  };
  const int above = (2048 - row.weight) * (line(row.first) >> 4) >> 16;
  const int below = row.weight * (line(row.first + 1) >> 4) >> 16;
  return (above + below + 2) >> 2;
}

RowPair rows_of(const Plane& plane, int to_h, int y) {
  const Tap tap = tap_of(plane.height, to_h, y, false);
  const auto line = [&](int number) {
    return plane.bytes.data() + std::clamp(number, 0, plane.height - 1) * plane.stride;
  };
  return {line(tap.first), line(tap.first + 1), 2048 - tap.weight, tap.weight};
}

/// The resized plane, its samples side by side.
std::vector<std::uint8_t> resized(const ResampleKernels& kernels, const Plane& plane, int to_w, int to_h) {
  const ColumnTable table(plane.width, to_w, plane.step);
  const auto padded = std::size_t(to_w + kResampleBlock - 1) / kResampleBlock * kResampleBlock;
  std::vector<std::uint8_t> a(padded * 4), b(padded), all;
  for (int y = 0; y < to_h; ++y) {
    const RowPair pair = rows_of(plane, to_h, y);
    if (plane.step == 1) kernels.samples(table.taps(), pair, a.data());
    else if (plane.step == 2) kernels.pairs(table.taps(), pair, a.data(), b.data());
    else kernels.pixels(table.taps(), pair, a.data());
    for (int x = 0; x < to_w; ++x) {
      const auto i = std::size_t(x);
      if (plane.step <= 2) all.push_back(a[i]);
      if (plane.step == 2) all.push_back(b[i]);
      if (plane.step > 2) all.insert(all.end(), &a[4 * i], &a[4 * i + std::size_t(plane.step)]);
    }
  }
  return all;
}

TEST(Resample, EveryKernelGivesWhatPlainLoopsAndOpenCvGive) {
  Random random(1);
  std::vector<std::array<int, 4>> sizes{{1280, 24, 416, 9}, {1920, 12, 320, 5}, {640, 20, 640, 20}, {1, 1, 40, 3},
                                        {4, 3, 33, 7},      {16, 2, 15, 9},     {3840, 4, 100, 2}};
  for (int i = 0; i < 60; ++i)
    sizes.push_back({between(random, 1, 300), between(random, 1, 12), between(random, 1, 120), between(random, 1, 12)});
  for (const auto& [w, h, to_w, to_h] : sizes) {
    for (int step = 1; step <= 4; ++step) {
      const Plane plane(w, h, step, between(random, 0, 40), random);
      std::vector<std::uint8_t> wanted;
      for (int y = 0; y < to_h; ++y)
        for (int x = 0; x < to_w * step; ++x)
          wanted.push_back(std::uint8_t(
              plain_sample(plane.bytes.data(), plane.stride, step, x % step, w, h, to_w, to_h, x / step, y)));
      for (const ResampleKernels* kernels : all_resample())
        ASSERT_EQ(resized(*kernels, plane, to_w, to_h), wanted)
            << kernels->name << " " << w << "x" << h << " to " << to_w << "x" << to_h << ", step " << step;
      cv::Mat theirs;
      cv::resize(cv::Mat(h, w, CV_8UC(step), plane.bytes.data(), std::size_t(plane.stride)), theirs,
                 cv::Size(to_w, to_h), 0, 0, cv::INTER_LINEAR);
      for (std::size_t i = 0; i < wanted.size(); ++i)
        ASSERT_NEAR(wanted[i], theirs.data[i], 1)
            << w << "x" << h << " to " << to_w << "x" << to_h << ", step " << step;
    }
  }
}

/// A frame of random samples with odd strides.
struct Picture {
  sdk::Image image;
  std::vector<Plane> planes;
  Picture(PixelFormat format, int width, int height, Random& random) {
    image.format = format;
    image.width = width;
    image.height = height;
    image.matrix = sdk::ColorMatrix(between(random, 0, 2));
    image.range = sdk::ColorRange(between(random, 0, 1));
    for (int k = 0; k < sdk::plane_count(format); ++k) {
      const int w = k == 0 ? width : (width + 1) / 2, h = k == 0 ? height : (height + 1) / 2;
      const int samples = k == 0 ? sdk::bytes_per_pixel(format) : format == PixelFormat::nv12 ? 2 : 1;
      planes.emplace_back(w, h, samples, between(random, 0, 40), random);
      image.planes[std::size_t(k)] = {planes.back().bytes.data(), planes.back().stride};
    }
  }
};

using Pixel = std::array<double, 3>;

Pixel rgb_from_yuv(const sdk::Image& image, double y, double u, double v) {
  static constexpr double kRed[] = {0.299, 0.2126, 0.2627}, kBlue[] = {0.114, 0.0722, 0.0593};
  const double kr = kRed[int(image.matrix)], kb = kBlue[int(image.matrix)];
  const bool full = image.range == sdk::ColorRange::full;
  const double luma = full ? y : (y - 16) * 255 / 219, c = full ? 1 : 255.0 / 224;
  const double r = luma + 2 * (1 - kr) * c * (v - 128), b = luma + 2 * (1 - kb) * c * (u - 128);
  return {r, (luma - kr * r - kb * b) / (1 - kr - kb), b};
}

/// Red, green and blue, or gray three times, of pixel (x, y) of the filled rectangle.
Pixel plain_pixel(const sdk::Image& image, const Placement& p, bool gray, int x, int y) {
  const bool yuv = image.format == PixelFormat::nv12 || image.format == PixelFormat::i420;
  const auto sample = [&](int plane, int channel, int step) {
    const int half = plane > 0 ? 2 : 1;
    const sdk::Plane& from = image.planes[std::size_t(plane)];
    return double(plain_sample(from.data + p.region_y / half * from.stride + p.region_x / half * step, from.stride,
                               step, channel, (p.region_width + half - 1) / half, (p.region_height + half - 1) / half,
                               p.width, p.height, x, y));
  };
  Pixel rgb{};
  if (yuv && !gray) {
    const bool nv12 = image.format == PixelFormat::nv12;
    rgb = rgb_from_yuv(image, sample(0, 0, 1), sample(1, 0, nv12 ? 2 : 1), nv12 ? sample(1, 1, 2) : sample(2, 0, 1));
  } else if (yuv) {
    rgb.fill(rgb_from_yuv(image, sample(0, 0, 1), 128, 128)[0]);
  } else if (image.format == PixelFormat::gray8) {
    rgb.fill(sample(0, 0, 1));
  } else {
    const bool bgr =
        image.format == PixelFormat::bgr || image.format == PixelFormat::bgra || image.format == PixelFormat::bgrx;
    const int step = sdk::bytes_per_pixel(image.format);
    rgb = {sample(0, bgr ? 2 : 0, step), sample(0, 1, step), sample(0, bgr ? 0 : 2, step)};
    if (gray) rgb.fill(0.299 * rgb[0] + 0.587 * rgb[1] + 0.114 * rgb[2]);
  }
  for (double& value : rgb) value = std::clamp(value, 0.0, 255.0);
  return rgb;
}

sdk::InputSpec any_spec(Random& random) {
  sdk::InputSpec spec;
  spec.width = between(random, 1, 90);
  spec.height = between(random, 1, 90);
  spec.dtype = between(random, 0, 2) == 0 ? DataType::uint8 : DataType::float32;
  spec.layout = sdk::Layout(between(random, 0, 1));
  spec.style.color = sdk::ColorOrder(between(random, 0, 2));
  spec.channels = spec.style.color == sdk::ColorOrder::gray ? 1 : 3;
  spec.style.resize = sdk::Resize(between(random, 0, 2));
  spec.style.align = sdk::Align(between(random, 0, 1));
  spec.style.crop_percent = between(random, 60, 100);
  spec.style.mean = {0, 0, 0};
  spec.style.scale = {1, 1, 1};
  if (spec.dtype == DataType::float32) {
    spec.style.mean = {123.7f, 116.3f, 103.5f};
    spec.style.scale = {0.0171f, 0.25f, 2};
  }
  return spec;
}

/// Greatest distance from the plain loops on the 0..255 scale.
double worst(const Picture& picture, const sdk::InputSpec& spec, const std::vector<std::byte>& slot) {
  const Placement p = place_picture(spec, picture.image.width, picture.image.height);
  const bool gray = spec.channels == 1;
  double most = 0;
  for (int y = 0; y < spec.height; ++y) {
    for (int x = 0; x < spec.width; ++x) {
      const bool inside = x >= p.x && x < p.x + p.width && y >= p.y && y < p.y + p.height;
      Pixel want{};
      want.fill(spec.style.pad);
      if (inside) want = plain_pixel(picture.image, p, gray, x - p.x, y - p.y);
      if (spec.style.color == sdk::ColorOrder::bgr) std::swap(want[0], want[2]);
      for (int c = 0; c < spec.channels; ++c) {
        const int pixel = y * spec.width + x;
        const auto at = std::size_t(spec.layout == sdk::Layout::nchw ? c * spec.width * spec.height + pixel
                                                                     : pixel * spec.channels + c);
        double got = double(std::to_integer<int>(slot[at]));
        if (spec.dtype == DataType::float32) got = double(reinterpret_cast<const float*>(slot.data())[at]);
        const auto channel = std::size_t(c);
        got = got / double(spec.style.scale[channel]) + double(spec.style.mean[channel]);
        most = std::max(most, std::abs(got - want[channel]));
      }
    }
  }
  return most;
}

/// As an engine's workers do it.
void in_threads(int parts, const std::function<void(int)>& body) {
  std::atomic<int> next{0};
  const auto work = [&] {
    for (int part = next++; part < parts; part = next++) body(part);
  };
  std::thread other(work);
  work();
  other.join();
}

TEST(Preprocess, IsWhatPlainLoopsGiveForRandomFramesAndNetworks) {
  const unsigned seed = 7;
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  Random random(seed);
  constexpr PixelFormat kFormats[] = {PixelFormat::nv12, PixelFormat::i420, PixelFormat::bgr,
                                      PixelFormat::rgb,  PixelFormat::bgra, PixelFormat::rgba,
                                      PixelFormat::bgrx, PixelFormat::rgbx, PixelFormat::gray8};
  for (int round = 0; round < 60; ++round) {
    const sdk::InputSpec spec = any_spec(random);
    Preprocessor preprocessor(spec);
    for (const PixelFormat format : kFormats) {
      const Picture picture(format, between(random, 1, 250), between(random, 1, 120), random);
      std::vector<std::byte> slot(spec.image_bytes(), std::byte{0xff}), parts = slot;
      preprocessor.run(picture.image, slot.data());
      preprocessor.run(picture.image, parts.data(), in_threads);
      // Bytes are rounded.
      ASSERT_LT(worst(picture, spec, slot), spec.dtype == DataType::uint8 ? 0.51 : 0.01)
          << sdk::to_string(format) << " " << picture.image.width << "x" << picture.image.height << " into "
          << spec.width << "x" << spec.height << ", round " << round;
      ASSERT_EQ(slot, parts);
    }
  }
}

TEST(Preprocess, WritesAroundThePictureOnlyWhatIsNotThereYet) {
  Random random(3);
  sdk::InputSpec spec;
  spec.width = spec.height = 40;
  Preprocessor preprocessor(spec);
  const Picture wide(PixelFormat::nv12, 80, 30, random), tall(PixelFormat::nv12, 30, 80, random);
  std::vector<float> slot(spec.image_bytes() / sizeof(float)), again;
  Padding known;
  preprocessor.run(wide.image, slot.data(), {}, &known);
  slot[0] = 7;  // above the picture
  preprocessor.run(wide.image, slot.data(), {}, &known);
  EXPECT_EQ(slot[0], 7);
  const auto fresh = [&](const sdk::Image& image, Preprocessor& by) {
    again.assign(slot.size(), -1);
    by.run(image, again.data());
    return again;
  };
  preprocessor.run(tall.image, slot.data(), {}, &known);
  EXPECT_EQ(slot, fresh(tall.image, preprocessor));
  spec.style.pad = 9;  // another stream's settings, in the same slot
  Preprocessor other(spec);
  other.run(tall.image, slot.data(), {}, &known);
  EXPECT_EQ(slot, fresh(tall.image, other));
  known = {};
  slot[39] = 7;
  other.run(tall.image, slot.data(), {}, &known);
  EXPECT_EQ(slot, fresh(tall.image, other));
}

}  // namespace
}  // namespace vireo::preprocess
