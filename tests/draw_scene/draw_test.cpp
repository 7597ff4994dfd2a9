// Drawing into frames: every format shows the same picture, nothing outside the planes is touched whatever the
// coordinates, and nothing is allocated once a size has been seen.

#include "plugins/draw/draw.h"

#include <gtest/gtest.h>

#include <atomic>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <new>

#include "engine/api/error.h"
#include "plugins/draw/font.h"
#include "plugins/draw/palette.h"

namespace {
std::atomic<long> allocations{0};
}
// Not inlined: the compiler would warn that a freed pointer came from operator new.
[[gnu::noinline]] void* operator new(std::size_t size) {
  ++allocations;
  if (void* p = std::malloc(size ? size : 1)) return p;
  throw std::bad_alloc();
}
[[gnu::noinline]] void operator delete(void* p) noexcept { std::free(p); }
[[gnu::noinline]] void operator delete(void* p, std::size_t) noexcept { std::free(p); }

namespace vireo::draw {
namespace {

using sdk::PixelFormat;
constexpr PixelFormat kFormats[] = {PixelFormat::nv12, PixelFormat::i420, PixelFormat::bgr,
                                    PixelFormat::rgb,  PixelFormat::bgra, PixelFormat::rgba,
                                    PixelFormat::bgrx, PixelFormat::rgbx, PixelFormat::gray8};
constexpr std::uint8_t kGuard = 0x5C;

/// A frame whose rows and planes lie between guard bytes.
struct GuardedFrame {
  struct Part {
    std::vector<std::uint8_t> memory;
    int row_bytes, rows, stride;
  };
  std::vector<Part> parts;
  sdk::Image image;

  GuardedFrame(PixelFormat format, int width, int height) {
    image.format = format;
    image.width = width;
    image.height = height;
    const int cw = (width + 1) / 2, ch = (height + 1) / 2;
    add(width * sdk::bytes_per_pixel(format), height);
    if (format == PixelFormat::nv12) add(cw * 2, ch);
    if (format == PixelFormat::i420) add(cw, ch), add(cw, ch);
    for (std::size_t i = 0; i < parts.size(); ++i)
      image.planes[i] = {parts[i].memory.data() + kMargin * parts[i].stride, parts[i].stride};
  }
  static constexpr int kMargin = 3;
  void add(int row_bytes, int rows) {
    const int stride = row_bytes + 11;
    parts.push_back({std::vector<std::uint8_t>(static_cast<std::size_t>(stride * (rows + 2 * kMargin)), kGuard),
                     row_bytes, rows, stride});
  }
  /// Fills every pixel with the grey or colour whose samples are `values` (R G B A, or Y Cb Cr).
  void paint(int a, int b, int c) {
    for (std::size_t i = 0; i < parts.size(); ++i)
      for (int y = 0; y < parts[i].rows; ++y)
        for (int x = 0; x < parts[i].row_bytes; ++x) {
          const int step = sdk::bytes_per_pixel(image.format);
          const bool swap = image.format == PixelFormat::bgr || image.format == PixelFormat::bgra ||
                            image.format == PixelFormat::bgrx;
          const int packed[4] = {swap ? c : a, b, swap ? a : c, 255};
          int value = step >= 3 ? packed[x % step] : a;
          if (step < 3 && i > 0) value = image.format == PixelFormat::nv12 ? (x % 2 ? c : b) : (i == 1 ? b : c);
          at(i, x, y) = static_cast<std::uint8_t>(value);
        }
  }
  std::uint8_t& at(std::size_t part, int x, int y) {
    return parts[part].memory[static_cast<std::size_t>((y + kMargin) * parts[part].stride + x)];
  }
  int touched_guards() const {
    int n = 0;
    for (const Part& p : parts)
      for (int y = -kMargin; y < p.rows + kMargin; ++y)
        for (int x = 0; x < p.stride; ++x)
          if (y < 0 || y >= p.rows || x >= p.row_bytes)
            n += p.memory[static_cast<std::size_t>((y + kMargin) * p.stride + x)] != kGuard;
    return n;
  }
};

sdk::Detection detection(float x, float y, float w, float h, int class_id, std::string label, float rotation = 0) {
  sdk::Detection d;
  d.x = x, d.y = y, d.width = w, d.height = h;
  d.score = 0.87f;
  d.class_id = class_id;
  d.label = std::move(label);
  d.rotation = rotation;
  return d;
}

/// One of everything.
sdk::FrameResult everything(int width, int height) {
  sdk::FrameResult r;
  const auto w = static_cast<float>(width), h = static_cast<float>(height);
  r.detections.push_back(detection(w * 0.2f, h * 0.3f, w * 0.3f, h * 0.4f, 0, "car"));
  r.detections.push_back(detection(w * 0.55f, h * 0.5f, w * 0.2f, h * 0.2f, 1, "truck", 0.5f));
  sdk::Detection person = detection(w * 0.7f, h * 0.1f, w * 0.2f, h * 0.6f, 2, "person");
  for (int i = 0; i < 17; ++i)
    person.keypoints.push_back(
        {w * (0.72f + 0.009f * static_cast<float>(i)), h * (0.15f + 0.03f * static_cast<float>(i)), 0.9f});
  person.track_id = 12;
  r.detections.push_back(person);
  r.classes.push_back({4, "street scene", 0.93f});
  sdk::ClassMap map{.width = 7, .height = 5};
  map.class_ids.resize(35);
  for (std::size_t i = 20; i < 30; ++i) map.class_ids[i] = 3;
  r.maps.push_back(map);
  return r;
}

void to_yuv(const double rgb[3], bool hd, bool full, double out[3]) {
  const double kr = hd ? 0.2126 : 0.299, kb = hd ? 0.0722 : 0.114;
  const double y = kr * rgb[0] + (1 - kr - kb) * rgb[1] + kb * rgb[2];
  const double cb = (rgb[2] - y) / (2 * (1 - kb)), cr = (rgb[0] - y) / (2 * (1 - kr));
  out[0] = full ? y : 16 + y * 219 / 255;
  out[1] = 128 + cb * (full ? 1 : 224.0 / 255);
  out[2] = 128 + cr * (full ? 1 : 224.0 / 255);
}

class EveryFormat : public testing::TestWithParam<PixelFormat> {};
INSTANTIATE_TEST_SUITE_P(Draw, EveryFormat, testing::ValuesIn(kFormats),
                         [](const auto& i) { return std::string(sdk::to_string(i.param)); });

TEST_P(EveryFormat, ShowsThePictureThatRgbShows) {
  for (const auto& [width, height] : {std::pair{320, 240}, {321, 243}}) {
    for (int variant = 0; variant < 4; ++variant) {
      const bool hd = variant & 1, full = variant & 2;
      const PixelFormat format = GetParam();
      const bool yuv = format == PixelFormat::nv12 || format == PixelFormat::i420, grey = format == PixelFormat::gray8;
      if (!yuv && variant > 0) continue;
      const double ground[3] = {60, 120, 90};
      double samples[3] = {60, 120, 90};
      if (yuv) to_yuv(ground, hd, full, samples);
      if (grey) to_yuv(ground, false, true, samples);
      GuardedFrame reference(PixelFormat::rgb, width, height), frame(format, width, height);
      frame.image.matrix = hd ? sdk::ColorMatrix::bt709 : sdk::ColorMatrix::bt601;
      frame.image.range = full ? sdk::ColorRange::full : sdk::ColorRange::limited;
      reference.paint(60, 120, 90);
      frame.paint(static_cast<int>(std::lround(samples[0])), static_cast<int>(std::lround(samples[1])),
                  static_cast<int>(std::lround(samples[2])));
      Renderer renderer;
      renderer.draw(reference.image, everything(width, height), "25.0 fps  8.1 ms");
      renderer.draw(frame.image, everything(width, height), "25.0 fps  8.1 ms");
      int worst = 0, changed = 0;
      for (int y = 0; y < height; ++y)
        for (int x = 0; x < width; ++x) {
          double rgb[3];
          for (int c = 0; c < 3; ++c) rgb[c] = reference.at(0, x * 3 + c, y);
          changed += rgb[0] != 60 || rgb[1] != 120 || rgb[2] != 90;
          if (yuv || grey) {
            double want[3];
            to_yuv(rgb, hd && yuv, full || grey, want);
            worst = std::max(worst, static_cast<int>(std::fabs(want[0] - frame.at(0, x, y))));
          } else {
            const int step = sdk::bytes_per_pixel(format);
            const bool swap = format == PixelFormat::bgr || format == PixelFormat::bgra || format == PixelFormat::bgrx;
            for (int c = 0; c < 3; ++c)
              worst =
                  std::max(worst, std::abs(static_cast<int>(rgb[c]) - frame.at(0, x * step + (swap ? 2 - c : c), y)));
          }
        }
      EXPECT_GT(changed, width * height / 10);
      EXPECT_LE(worst, yuv || grey ? 3 : 0) << sdk::to_string(format) << " variant " << variant;
      EXPECT_EQ(frame.touched_guards(), 0);
      if (!yuv) continue;
      // Chroma: the mean of its pixels. Shapes that meet within one sample blend one after the other, so a few may
      // differ.
      int off = 0, cells = 0;
      for (int cy = 0; cy < (height + 1) / 2; ++cy)
        for (int cx = 0; cx < (width + 1) / 2; ++cx, ++cells) {
          double mean[3] = {0, 0, 0};
          int n = 0;
          for (int y = 2 * cy; y < std::min(height, 2 * cy + 2); ++y)
            for (int x = 2 * cx; x < std::min(width, 2 * cx + 2); ++x, ++n) {
              double rgb[3], one[3];
              for (int c = 0; c < 3; ++c) rgb[c] = reference.at(0, x * 3 + c, y);
              to_yuv(rgb, hd, full, one);
              mean[1] += one[1], mean[2] += one[2];
            }
          const bool semi = format == PixelFormat::nv12;
          const int cb = semi ? frame.at(1, 2 * cx, cy) : frame.at(1, cx, cy),
                    cr = semi ? frame.at(1, 2 * cx + 1, cy) : frame.at(2, cx, cy);
          off += std::fabs(mean[1] / n - cb) > 10 || std::fabs(mean[2] / n - cr) > 10;
        }
      EXPECT_LE(off, cells / 50) << sdk::to_string(format) << " " << width << "x" << height;
    }
  }
}

TEST_P(EveryFormat, NothingOutsideThePlanesIsTouchedWhateverTheCoordinates) {
  const float nan = std::nanf(""), inf = std::numeric_limits<float>::infinity();
  const float odd[] = {nan, inf, -inf, 1e30f, -1e30f, 0, -0.5f, -7, 3.49f, 16, 31.5f, 1000, -1000, 2147483648.0f};
  for (const auto& [width, height] : {std::pair{1, 1}, {2, 1}, {1, 7}, {17, 31}, {64, 48}}) {
    GuardedFrame frame(GetParam(), width, height);
    frame.paint(90, 120, 130);
    for (int thickness : {0, 1, 7, 64}) {
      DrawStyle style;
      style.thickness = thickness;
      style.text_size = thickness == 7 ? 96 : 0;
      style.fill = 0.3f;
      Renderer renderer(style);
      for (std::size_t a = 0; a < std::size(odd); ++a) {
        sdk::FrameResult result;
        for (std::size_t b = 0; b < std::size(odd); ++b) {
          sdk::Detection d = detection(odd[a], odd[b], odd[(a + b) % std::size(odd)], odd[(a * 3 + b) % std::size(odd)],
                                       static_cast<int>(b) - 2, "label \xC3\xA9 ,;|_gj", b % 3 ? 0 : odd[b]);
          d.score = odd[(a + 2 * b) % std::size(odd)];
          for (int k = 0; k < 4; ++k)
            d.keypoints.push_back({odd[(a + static_cast<std::size_t>(k)) % std::size(odd)],
                                   odd[(b + static_cast<std::size_t>(k)) % std::size(odd)], 1});
          result.detections.push_back(d);
        }
        result.classes.push_back({-5, std::string(3000, 'w'), nan});
        result.maps.push_back({.width = 3, .height = 2, .class_ids = {1, 2, 3, 0, 250, 1}});
        result.maps.push_back({.width = 1000, .height = 1000, .class_ids = {1}});  // fewer values than it says
        renderer.draw(frame.image, result, std::string(2000, 'm'));
      }
    }
    EXPECT_EQ(frame.touched_guards(), 0) << width << "x" << height;
  }
}

TEST_P(EveryFormat, AnEmptyResultLeavesTheFrameAlone) {
  GuardedFrame frame(GetParam(), 33, 21);
  frame.paint(10, 20, 30);
  const auto before = frame.parts[0].memory;
  Renderer().draw(frame.image, {});
  EXPECT_EQ(frame.parts[0].memory, before);
}

/// How many pixels of an RGB frame have (nearly) this colour.
int count(GuardedFrame& frame, Colour c, int x0, int y0, int x1, int y1) {
  int n = 0;
  for (int y = std::max(0, y0); y < std::min(y1, frame.image.height); ++y)
    for (int x = std::max(0, x0); x < std::min(x1, frame.image.width); ++x)
      n += std::abs(frame.at(0, x * 3, y) - c.r) < 30 && std::abs(frame.at(0, x * 3 + 1, y) - c.g) < 30 &&
           std::abs(frame.at(0, x * 3 + 2, y) - c.b) < 30;
  return n;
}

TEST(Draw, ABoxIsDrawnOnItsEdges) {
  GuardedFrame frame(PixelFormat::rgb, 200, 150);
  frame.paint(20, 20, 20);
  DrawStyle style{.thickness = 3, .labels = false};
  sdk::FrameResult result;
  result.detections.push_back(detection(40, 30, 100, 80, 0, "car"));
  Renderer(style).draw(frame.image, result);
  const Colour c = palette_colour(0);
  EXPECT_EQ(count(frame, c, 39, 29, 141, 31), 102 * 2);
  EXPECT_EQ(count(frame, c, 39, 110, 141, 111), 102);
  EXPECT_EQ(count(frame, c, 45, 35, 135, 105), 0);
}

TEST(Draw, CoordinatesOfAnotherFrameSizeAreScaled) {
  GuardedFrame frame(PixelFormat::rgb, 200, 150);
  frame.paint(20, 20, 20);
  sdk::FrameResult result;
  result.width = 400, result.height = 300;
  result.detections.push_back(detection(80, 60, 200, 160, 0, "car"));
  Renderer(DrawStyle{.thickness = 3, .labels = false}).draw(frame.image, result);
  EXPECT_EQ(count(frame, palette_colour(0), 39, 29, 141, 31), 102 * 2);
}

TEST(Draw, LabelsOfBoxesAtTheEdgesStayInTheFrame) {
  constexpr int kWidth = 240, kHeight = 160;
  const std::pair<float, float> corners[] = {{-20, -20}, {210, -15}, {-15, 140}, {215, 145}, {-300, 60}, {0, 0}};
  for (const auto& [x, y] : corners) {
    GuardedFrame frame(PixelFormat::rgb, kWidth, kHeight);
    frame.paint(20, 20, 20);
    sdk::FrameResult result;
    result.detections.push_back(detection(x, y, x < -100 ? 700.0f : 50.0f, 40, 5, "label"));
    Renderer renderer(DrawStyle{.boxes = false});
    renderer.draw(frame.image, result);
    const Font font(7);
    // The whole plate, seen as its colour and the text in it.
    const int plate = count(frame, palette_colour(5), 0, 0, kWidth, kHeight);
    EXPECT_GT(plate, font.width("label") * font.capital() / 2) << x << ", " << y;
    EXPECT_EQ(frame.touched_guards(), 0);
  }
}

TEST(Draw, NothingIsAllocatedAfterTheFirstFrames) {
  GuardedFrame frame(PixelFormat::nv12, 640, 480);
  frame.paint(90, 120, 130);
  const auto result = everything(640, 480);
  Renderer renderer;
  renderer.draw(frame.image, result, "30.0 fps  11.1 ms");
  const long before = allocations;
  for (int i = 0; i < 5; ++i) renderer.draw(frame.image, result, "30.0 fps  11.1 ms");
  EXPECT_EQ(allocations, before);
}

TEST(Draw, LowScoresCanBeHidden) {
  GuardedFrame frame(PixelFormat::rgb, 64, 48);
  frame.paint(20, 20, 20);
  const auto before = frame.parts[0].memory;
  sdk::FrameResult result;
  result.detections.push_back(detection(10, 10, 20, 20, 0, "car"));
  Renderer(DrawStyle{.min_score = 0.9f}).draw(frame.image, result);
  EXPECT_EQ(frame.parts[0].memory, before);
}

TEST(Draw, AFrameWithoutPlanesIsRefused) {
  sdk::Image image{.format = PixelFormat::bgr, .width = 10, .height = 10};
  EXPECT_THROW(Renderer().draw(image, {}), Error);
}

TEST(Palette, NeighboursAreFarApartAndTextIsReadable) {
  for (int i = 0; i < 300; ++i) {
    const Colour a = palette_colour(i), b = palette_colour(i + 1), text = readable_on(a);
    EXPECT_GT(std::abs(a.r - b.r) + std::abs(a.g - b.g) + std::abs(a.b - b.b), 60) << i;
    EXPECT_GT(std::abs(a.r - text.r) + std::abs(a.g - text.g) + std::abs(a.b - text.b), 250) << i;
  }
}

TEST(Font, EveryCharacterHasInkAndWidth) {
  const Font font(10);
  for (char c = '!'; c <= '~'; ++c) {
    GuardedFrame frame(PixelFormat::gray8, 40, 40);
    frame.paint(0, 0, 0);
    Surface surface(frame.image);
    font.draw(surface, 10, 25, std::string(1, c), surface.ink({255, 255, 255}), 256);
    int bright = 0;
    for (int y = 0; y < 40; ++y)
      for (int x = 0; x < 40; ++x) bright += frame.at(0, x, y) > 120;
    EXPECT_GT(bright, 1) << c;
    EXPECT_GT(font.width(std::string(1, c)), 1) << c;
  }
  EXPECT_EQ(font.width("caf\xC3\xA9"), font.width("caf?"));
}

/// Two pixels of a row share their chroma; luma is that of any other YCbCr format.
TEST(PackedYuv, HasTheLumaOfPlanarFramesAndItsOwnChroma) {
  for (const bool luma_first : {true, false}) {
    for (const int width : {96, 97}) {
      constexpr int kHeight = 64;
      const int stride = (width + 1) / 2 * 4 + 6;
      std::vector<std::uint8_t> bytes(static_cast<std::size_t>(stride * kHeight), 128);
      sdk::Image packed{
          .format = luma_first ? PixelFormat::yuy2 : PixelFormat::uyvy, .width = width, .height = kHeight};
      packed.planes[0] = {bytes.data(), stride};
      GuardedFrame planar(PixelFormat::i420, width, kHeight);
      planar.paint(128, 128, 128);
      sdk::FrameResult result = everything(width, kHeight);
      result.detections[0].mask = {10, 10, 40, 30, 4, 3, std::vector<std::uint8_t>(12, 255)};
      Renderer({.fill = 0.5f}).draw(packed, result);
      Renderer({.fill = 0.5f}).draw(planar.image, result);
      int coloured = 0;
      for (int y = 0; y < kHeight; ++y) {
        const std::uint8_t* row = bytes.data() + y * stride;
        for (int x = 0; x < width; ++x)
          ASSERT_EQ(row[2 * x + (luma_first ? 0 : 1)], planar.at(0, x, y)) << x << "," << y;
        for (int x = 0; x < width; x += 2) coloured += row[2 * x + (luma_first ? 1 : 0)] != 128;
        for (int x = (width + 1) / 2 * 4; x < stride; ++x) ASSERT_EQ(row[x], 128) << "behind the row";
      }
      EXPECT_GT(coloured, 100);
    }
  }
}

}  // namespace
}  // namespace vireo::draw
