#include "plugins/sdk/frame.h"

#include <string>
#include <utility>

#include "engine/api/error.h"

namespace vireo::sdk {
namespace {

constexpr std::pair<PixelFormat, std::string_view> kNames[] = {
    {PixelFormat::nv12, "nv12"}, {PixelFormat::i420, "i420"}, {PixelFormat::bgr, "bgr"},
    {PixelFormat::rgb, "rgb"},   {PixelFormat::bgra, "bgra"}, {PixelFormat::rgba, "rgba"},
    {PixelFormat::bgrx, "bgrx"}, {PixelFormat::rgbx, "rgbx"}, {PixelFormat::gray8, "gray8"},
    {PixelFormat::yuy2, "yuy2"}, {PixelFormat::uyvy, "uyvy"},
};
constexpr int kMaxExtent = 32768;

}  // namespace

std::string_view to_string(PixelFormat format) noexcept {
  for (const auto& [value, name] : kNames) {
    if (value == format) return name;
  }
  return "unknown";
}

std::optional<PixelFormat> pixel_format_from(std::string_view name) noexcept {
  for (const auto& [value, text] : kNames) {
    if (text == name) return value;
  }
  return std::nullopt;
}

int plane_count(PixelFormat format) noexcept {
  return format == PixelFormat::i420 ? 3 : format == PixelFormat::nv12 ? 2 : 1;
}

int bytes_per_pixel(PixelFormat format) noexcept {
  switch (format) {
    case PixelFormat::bgr:
    case PixelFormat::rgb: return 3;
    case PixelFormat::bgra:
    case PixelFormat::rgba:
    case PixelFormat::bgrx:
    case PixelFormat::rgbx: return 4;
    case PixelFormat::yuy2:
    case PixelFormat::uyvy: return 2;
    default: return 1;
  }
}

void check_image(const Image& image) {
  const auto fail = [&](const std::string& what) {
    throw Error(ErrorCode::invalid_argument, "image " + std::to_string(image.width) + "x" +
                                                 std::to_string(image.height) + " " +
                                                 std::string(to_string(image.format)) + ": " + what);
  };
  if (image.width < 1 || image.height < 1 || image.width > kMaxExtent || image.height > kMaxExtent) {
    fail("sizes must be in 1.." + std::to_string(kMaxExtent));
  }
  for (int plane = 0; plane < plane_count(image.format); ++plane) {
    const int half = (image.width + 1) / 2;
    const bool pairs = bytes_per_pixel(image.format) == 2;  // chroma of two pixels together
    const int row = plane == 0 ? (pairs ? 2 * half : image.width) * bytes_per_pixel(image.format)
                               : (image.format == PixelFormat::nv12 ? 2 * half : half);
    const Plane& given = image.planes[std::size_t(plane)];
    if (given.data == nullptr) fail("plane " + std::to_string(plane) + " is missing");
    if (given.stride < row) {
      fail("plane " + std::to_string(plane) + " has stride " + std::to_string(given.stride) + ", a row needs " +
           std::to_string(row));
    }
  }
}

}  // namespace vireo::sdk
