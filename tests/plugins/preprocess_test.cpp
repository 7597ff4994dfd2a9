// The preprocessor against an obvious double-precision reference: bilinear with half-pixel centres, each sample rounded
// to 8 bits, then converted and normalised.

#include "plugins/preprocess/preprocess.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

#include "engine/api/error.h"
#include "engine/api/half.h"
#include "plugins/preprocess/input_guess.h"
#include "plugins/preprocess/letterbox.h"
#include "plugins/preprocess/rows.h"

namespace vireo::preprocess {
namespace {

using sdk::PixelFormat;

constexpr PixelFormat kFormats[] = {PixelFormat::nv12, PixelFormat::i420, PixelFormat::bgr,
                                    PixelFormat::rgb,  PixelFormat::bgra, PixelFormat::rgba,
                                    PixelFormat::bgrx, PixelFormat::rgbx, PixelFormat::gray8};

/// Planes of smooth colours with rows longer than needed, so that a stride mistake shows.
struct Picture {
  sdk::Image image;
  std::vector<std::uint8_t> memory[3];

  Picture(PixelFormat format, int width, int height, unsigned seed) {
    image.format = format;
    image.width = width;
    image.height = height;
    std::mt19937 random(seed);
    for (int plane = 0; plane < sdk::plane_count(format); ++plane) {
      const int w = plane == 0 ? width : (width + 1) / 2, h = plane == 0 ? height : (height + 1) / 2;
      const int samples = plane == 0 ? sdk::bytes_per_pixel(format) : format == PixelFormat::nv12 ? 2 : 1;
      const int stride = w * samples + 13;
      auto& bytes = memory[plane];
      bytes.resize(std::size_t(stride) * std::size_t(h));
      for (auto& byte : bytes) byte = std::uint8_t(random() % 200);
      for (int y = 0; y < h; ++y) {
        for (int x = 0; x < w * samples; ++x) {
          const double wave = std::sin(x / samples * 0.11 + y * 0.07 + (x % samples) * 2 + plane);
          bytes[std::size_t(y * stride + x)] = std::uint8_t(128 + 100 * wave + double(random() % 20));
        }
      }
      image.planes[std::size_t(plane)] = {bytes.data(), stride};
    }
  }
};

/// The sample of a plane at network pixel (x, y) of the filled rectangle, as one 8-bit resize gives it.
double resized(const sdk::Plane& plane, int channel, int step, int w, int h, int x, int y, int out_w, int out_h) {
  const auto at = [&](int px, int py) {
    px = std::clamp(px, 0, w - 1);
    py = std::clamp(py, 0, h - 1);
    return double(plane.data[py * plane.stride + px * step + channel]);
  };
  const double sx = (x + 0.5) * w / out_w - 0.5, sy = (y + 0.5) * h / out_h - 0.5;
  const int ix = int(std::floor(sx)), iy = int(std::floor(sy));
  const double fx = sx - ix, fy = sy - iy;
  const double value = (1 - fy) * ((1 - fx) * at(ix, iy) + fx * at(ix + 1, iy)) +
                       fy * ((1 - fx) * at(ix, iy + 1) + fx * at(ix + 1, iy + 1));
  return std::floor(value + 0.5);
}

struct Rgb {
  double r, g, b;
};

Rgb reference_pixel(const sdk::Image& image, int x, int y, int out_w, int out_h) {
  const int w = image.width, h = image.height, cw = (w + 1) / 2, ch = (h + 1) / 2;
  const auto sample = [&](int plane, int channel, int step, int pw, int ph) {
    return resized(image.planes[std::size_t(plane)], channel, step, pw, ph, x, y, out_w, out_h);
  };
  const int bytes = sdk::bytes_per_pixel(image.format);
  if (image.format == PixelFormat::gray8) {
    const double v = sample(0, 0, 1, w, h);
    return {v, v, v};
  }
  if (image.format == PixelFormat::nv12 || image.format == PixelFormat::i420) {
    const bool nv12 = image.format == PixelFormat::nv12;
    const double Y = sample(0, 0, 1, w, h);
    const double u = sample(1, 0, nv12 ? 2 : 1, cw, ch) - 128;
    const double v = (nv12 ? sample(1, 1, 2, cw, ch) : sample(2, 0, 1, cw, ch)) - 128;
    const bool hd = image.matrix == sdk::ColorMatrix::bt709, full = image.range == sdk::ColorRange::full;
    const double kr = hd ? 0.2126 : 0.299, kb = hd ? 0.0722 : 0.114;
    const double luma = full ? Y : (Y - 16) * 255 / 219, c = full ? 1 : 255.0 / 224;
    const double r = luma + 2 * (1 - kr) * c * v, b = luma + 2 * (1 - kb) * c * u;
    const double g = (luma - kr * r - kb * b) / (1 - kr - kb);
    const auto clip = [](double value) { return std::clamp(value, 0.0, 255.0); };
    return {clip(r), clip(g), clip(b)};
  }
  const bool bgr =
      image.format == PixelFormat::bgr || image.format == PixelFormat::bgra || image.format == PixelFormat::bgrx;
  return {sample(0, bgr ? 2 : 0, bytes, w, h), sample(0, 1, bytes, w, h), sample(0, bgr ? 0 : 2, bytes, w, h)};
}

sdk::InputSpec usual_spec(int width, int height) {
  sdk::InputSpec spec;
  spec.width = width;
  spec.height = height;
  spec.style.mean = {10, 20, 30};
  spec.style.scale = {0.5f, 0.25f, 2};
  return spec;
}

double value_at(const std::vector<float>& slot, const sdk::InputSpec& spec, int c, int y, int x) {
  const std::size_t index =
      spec.layout == sdk::Layout::nchw
          ? (std::size_t(c) * std::size_t(spec.height) + std::size_t(y)) * std::size_t(spec.width) + std::size_t(x)
          : (std::size_t(y) * std::size_t(spec.width) + std::size_t(x)) * std::size_t(spec.channels) + std::size_t(c);
  return slot[index];
}

/// Greatest difference from the reference on the 0..255 scale.
double worst_difference(const Picture& picture, const sdk::InputSpec& spec) {
  std::vector<float> slot(spec.image_bytes() / sizeof(float), NAN);
  Preprocessor(spec).run(picture.image, slot.data());
  const Placement p = place_picture(spec, picture.image.width, picture.image.height);
  double worst = 0;
  for (int y = 0; y < spec.height; ++y) {
    for (int x = 0; x < spec.width; ++x) {
      const bool inside = x >= p.x && x < p.x + p.width && y >= p.y && y < p.y + p.height;
      const double pad = spec.style.pad;
      Rgb want{pad, pad, pad};
      if (inside) want = reference_pixel(picture.image, x - p.x, y - p.y, p.width, p.height);
      double planes[3] = {want.r, want.g, want.b};
      if (spec.style.color == sdk::ColorOrder::bgr) std::swap(planes[0], planes[2]);
      for (int c = 0; c < spec.channels; ++c) {
        const auto i = std::size_t(c);
        const double got = value_at(slot, spec, c, y, x) / spec.style.scale[i] + spec.style.mean[i];
        if (std::isnan(got)) return INFINITY;
        worst = std::max(worst, std::abs(got - planes[c]));
      }
    }
  }
  return worst;
}

TEST(Preprocess, KeepsEverySampleWhenNoResizeIsNeeded) {
  for (const auto format : kFormats) {
    if (format == PixelFormat::nv12 || format == PixelFormat::i420) continue;  // their chroma is always resized
    const Picture picture(format, 61, 37, 1);
    EXPECT_LT(worst_difference(picture, usual_spec(61, 37)), 1e-3) << sdk::to_string(format);
  }
}

TEST(Preprocess, AgreesWithTheReferenceForEveryPixelFormat) {
  for (const auto format : kFormats) {
    for (const auto& size : {std::pair{320, 180}, {97, 211}, {64, 64}, {640, 34}}) {
      const bool yuv = format == PixelFormat::nv12 || format == PixelFormat::i420;
      const Picture picture(format, size.first, size.second, 2);
      // One level from rounding in the resize; colour conversion amplifies it.
      EXPECT_LT(worst_difference(picture, usual_spec(96, 64)), yuv ? 3.5 : 1.01)
          << sdk::to_string(format) << " " << size.first << "x" << size.second;
    }
  }
}

TEST(Preprocess, KnowsMatrixAndRangeOfYuv) {
  for (const auto matrix : {sdk::ColorMatrix::bt601, sdk::ColorMatrix::bt709}) {
    for (const auto range : {sdk::ColorRange::limited, sdk::ColorRange::full}) {
      Picture picture(PixelFormat::nv12, 64, 48, 3);
      picture.image.matrix = matrix;
      picture.image.range = range;
      EXPECT_LT(worst_difference(picture, usual_spec(64, 48)), 2.6);
    }
  }
  Picture white(PixelFormat::i420, 16, 16, 0);
  for (auto& byte : white.memory[0]) byte = 235;
  for (auto& byte : white.memory[1]) byte = 128;
  for (auto& byte : white.memory[2]) byte = 128;
  sdk::InputSpec spec = usual_spec(16, 16);
  spec.style.mean = {0, 0, 0};
  spec.style.scale = {1, 1, 1};
  std::vector<float> slot(spec.image_bytes() / 4);
  Preprocessor(spec).run(white.image, slot.data());
  for (const float value : slot) ASSERT_NEAR(value, 255, 1e-3);
}

TEST(Preprocess, KnowsThePrimariesOfBt2020) {
  Picture red(PixelFormat::i420, 16, 16, 0);
  red.image.matrix = sdk::ColorMatrix::bt2020;
  red.image.range = sdk::ColorRange::full;
  // R = 255, G = B = 0: luma is Kr, Cb is -Kr/2(1-Kb), Cr is 1/2.
  for (auto& byte : red.memory[0]) byte = std::uint8_t(std::lround(255 * 0.2627));
  for (auto& byte : red.memory[1]) byte = std::uint8_t(std::lround(128 - 255 * 0.2627 / (2 * (1 - 0.0593))));
  for (auto& byte : red.memory[2]) byte = 255;
  sdk::InputSpec spec = usual_spec(16, 16);
  spec.style.mean = {0, 0, 0};
  spec.style.scale = {1, 1, 1};
  std::vector<float> slot(spec.image_bytes() / 4);
  Preprocessor(spec).run(red.image, slot.data());
  for (std::size_t i = 0; i < slot.size(); ++i) ASSERT_NEAR(slot[i], i < 256 ? 255 : 0, 1.5) << i;
}

TEST(Preprocess, WritesHalvesOfWhatItWritesAsFloats) {
  const Picture picture(PixelFormat::nv12, 61, 37, 6);
  for (const auto layout : {sdk::Layout::nchw, sdk::Layout::nhwc}) {
    sdk::InputSpec spec = usual_spec(40, 48);
    spec.layout = layout;
    std::vector<float> floats(spec.image_bytes() / sizeof(float));
    Preprocessor(spec).run(picture.image, floats.data());
    spec.dtype = DataType::float16;
    ASSERT_EQ(spec.image_bytes(), floats.size() * 2);
    std::vector<std::uint16_t> halves(floats.size());
    Preprocessor(spec).run(picture.image, halves.data());
    for (std::size_t i = 0; i < floats.size(); ++i) ASSERT_EQ(halves[i], half_from_float(floats[i])) << i;
  }
}

TEST(Preprocess, WritesBothLayoutsColoursAndAlignments) {
  const Picture picture(PixelFormat::rgb, 120, 50, 4);
  for (const auto layout : {sdk::Layout::nchw, sdk::Layout::nhwc}) {
    for (const auto color : {sdk::ColorOrder::rgb, sdk::ColorOrder::bgr}) {
      for (const auto align : {sdk::Align::center, sdk::Align::top_left}) {
        sdk::InputSpec spec = usual_spec(80, 75);
        spec.layout = layout;
        spec.style.color = color;
        spec.style.align = align;
        EXPECT_LT(worst_difference(picture, spec), 1.01);
      }
    }
  }
}

TEST(Preprocess, WritesBytesWhereTheNetworkTakesBytes) {
  const Picture picture(PixelFormat::bgr, 40, 30, 5);
  for (const auto layout : {sdk::Layout::nchw, sdk::Layout::nhwc}) {
    sdk::InputSpec spec = usual_spec(40, 30);
    spec.dtype = DataType::uint8;
    spec.layout = layout;
    spec.style.mean = {0, 0, 0};
    spec.style.scale = {1, 1, 1};
    std::vector<std::uint8_t> slot(spec.image_bytes());
    Preprocessor(spec).run(picture.image, slot.data());
    const bool planar = layout == sdk::Layout::nchw;
    const auto& plane = picture.image.planes[0];
    for (int y = 0; y < 30; ++y) {
      for (int x = 0; x < 40; ++x) {
        ASSERT_EQ(slot[std::size_t(planar ? y * 40 + x : (y * 40 + x) * 3)], plane.data[y * plane.stride + 3 * x + 2]);
      }
    }
  }
}

TEST(Preprocess, MakesGrayFromLumaOrFromColour) {
  sdk::InputSpec spec = usual_spec(32, 32);
  spec.channels = 1;
  spec.style.color = sdk::ColorOrder::gray;
  spec.style.mean = {0, 0, 0};
  spec.style.scale = {1, 1, 1};
  std::vector<float> slot(spec.image_bytes() / 4);
  Picture color(PixelFormat::rgb, 32, 32, 6);
  Preprocessor(spec).run(color.image, slot.data());
  const auto* px = color.image.planes[0].data;
  EXPECT_NEAR(slot[0], 0.299 * px[0] + 0.587 * px[1] + 0.114 * px[2], 1e-3);
  Picture video(PixelFormat::nv12, 32, 32, 7);
  video.image.range = sdk::ColorRange::full;
  Preprocessor(spec).run(video.image, slot.data());
  EXPECT_NEAR(slot[5], video.image.planes[0].data[5], 1e-3);
}

TEST(Preprocess, RefusesImagesThatCannotBe) {
  Preprocessor preprocessor(usual_spec(32, 32));
  std::vector<float> slot(3 * 32 * 32);
  Picture picture(PixelFormat::nv12, 32, 32, 8);
  auto broken = picture.image;
  broken.planes[1].data = nullptr;
  EXPECT_THROW(preprocessor.run(broken, slot.data()), Error);
  broken = picture.image;
  broken.planes[0].stride = 31;
  EXPECT_THROW(preprocessor.run(broken, slot.data()), Error);
  broken = picture.image;
  broken.width = 0;
  EXPECT_THROW(preprocessor.run(broken, slot.data()), Error);
  sdk::InputSpec wrong = usual_spec(32, 32);
  wrong.channels = 4;
  EXPECT_THROW(Preprocessor{wrong}, Error);
}

TEST(Rows, TheVectorFormsGiveThePortableResults) {
  const RowKernels& plain = *all_rows().front();
  std::mt19937 random(9);
  for (const RowKernels* fast : all_rows()) {
    for (const int count : {0, 1, 7, 8, 9, 31, 32, 33, 640}) {
      std::vector<std::uint8_t> src(std::size_t(count) * 4 + 4);
      for (auto& byte : src) byte = std::uint8_t(random());
      std::vector<float> a(std::size_t(count) * 3 + 1, -1), b = a;
      const auto n = std::size_t(count);
      const YuvCoefficients k{16, 1.164f, 1.596f, -0.392f, -0.813f, 2.017f};
      for (const int step : {3, 4}) {
        fast->load_pixels(src.data(), step, count, a.data(), a.data() + n, a.data() + 2 * n);
        plain.load_pixels(src.data(), step, count, b.data(), b.data() + n, b.data() + 2 * n);
        EXPECT_EQ(a, b);
      }
      const std::uint8_t *y = src.data(), *u = y + n, *v = u + n;
      fast->load_yuv(y, u, v, count, k, a.data(), a.data() + n, a.data() + 2 * n);
      plain.load_yuv(y, u, v, count, k, b.data(), b.data() + n, b.data() + 2 * n);
      // Fused multiply-add rounds once less.
      for (std::size_t i = 0; i < a.size(); ++i) EXPECT_NEAR(a[i], b[i], 1e-3) << fast->name;
      const float mean[] = {10, 20, 30}, scale[] = {0.5f, 0.25f, 2};
      std::vector<float> c(a.size(), -1);
      fast->yuv_to_planes(y, u, v, count, k, mean, scale, c.data(), c.data() + n, c.data() + 2 * n);
      for (std::size_t i = 0; i < 3 * n; ++i)
        EXPECT_NEAR(c[i], (b[i] - mean[i / n]) * scale[i / n], 2e-3) << fast->name;
      EXPECT_EQ(c.back(), -1);  // nothing behind the row
      std::vector<std::uint8_t> bytes(n + 1), wanted(n + 1);
      fast->store_bytes(b.data(), count, 3, 1.5f, bytes.data(), 1);
      plain.store_bytes(b.data(), count, 3, 1.5f, wanted.data(), 1);
      EXPECT_EQ(bytes, wanted);
    }
  }
}

TensorInfo input_of(Dims dims, DataType dtype = DataType::float32) { return {"input", dtype, std::move(dims), {}}; }

TEST(GuessInput, ReadsLayoutAndSizeFromTheShape) {
  auto spec = guess_input({input_of({1, 3, 480, 640})}, {});
  EXPECT_EQ(spec.layout, sdk::Layout::nchw);
  EXPECT_EQ(spec.width, 640);
  EXPECT_EQ(spec.height, 480);
  spec = guess_input({input_of({1, 192, 256, 3})}, {});
  EXPECT_EQ(spec.layout, sdk::Layout::nhwc);
  EXPECT_EQ(spec.width, 256);
  spec = guess_input({input_of({-1, 1, 28, 28})}, {});
  EXPECT_EQ(spec.channels, 1);
  EXPECT_EQ(spec.style.color, sdk::ColorOrder::gray);
  spec = guess_input({input_of({1, 300, 300, 3}, DataType::uint8)}, {});
  EXPECT_EQ(spec.style.scale[0], 1);
}

TEST(GuessInput, GivesOpenInputsTheWantedSize) {
  auto spec = guess_input({input_of({-1, 3, -1, -1})}, {});
  EXPECT_EQ(spec.width, 640);
  spec = guess_input({input_of({-1, 3, -1, -1})}, {}, {{"size", "512x320"}});
  EXPECT_EQ(spec.width, 512);
  EXPECT_EQ(spec.height, 320);
  EXPECT_THROW((void)guess_input({input_of({-1, 3, -1, -1})}, {}, {{"size", "12q"}}), Error);
}

TEST(GuessInput, LetsTheUserOverride) {
  const auto spec =
      guess_input({input_of({1, 3, 32, 32})}, {},
                  {{"color", "bgr"}, {"mean", "1,2,3"}, {"std", "2"}, {"resize", "stretch"}, {"pad", "7"}});
  EXPECT_EQ(spec.style.color, sdk::ColorOrder::bgr);
  EXPECT_EQ(spec.style.mean[1], 2);
  EXPECT_EQ(spec.style.scale[2], 0.5f);
  EXPECT_EQ(spec.style.resize, sdk::Resize::stretch);
  EXPECT_EQ(spec.style.pad, 7);
  EXPECT_THROW((void)guess_input({input_of({1, 3, 32, 32})}, {}, {{"color", "pink"}}), Error);
  EXPECT_THROW((void)guess_input({input_of({1, 3, 32, 32})}, {}, {{"std", "0"}}), Error);
}

TEST(GuessInput, SaysWhatWasFoundWhenNoInputIsAPicture) {
  try {
    (void)guess_input({input_of({5268, 20, 10})}, {});
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::unsupported);
    EXPECT_NE(std::string(error.what()).find("5268x20x10"), std::string::npos);
  }
}

}  // namespace
}  // namespace vireo::preprocess
