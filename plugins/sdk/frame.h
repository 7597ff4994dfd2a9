#pragma once
// A picture as plugins see it: borrowed planes with strides and what their samples mean. An Image owns nothing; its
// maker keeps the memory alive while it is used. Plain value, any thread.

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace vireo::sdk {

/// Names are byte orders in memory. nv12: plane 0 luma, plane 1 interleaved Cb Cr at half size. i420: luma, Cb, Cr.
/// yuy2: Y Cb Y Cr for two pixels of a row, uyvy: Cb Y Cr Y; they are drawn into, networks get them as nv12.
enum class PixelFormat : std::uint8_t { nv12, i420, bgr, rgb, bgra, rgba, bgrx, rgbx, gray8, yuy2, uyvy };

/// Matrix of YCbCr samples; unused for RGB formats.
enum class ColorMatrix : std::uint8_t { bt601, bt709, bt2020 };
/// limited: luma 16..235, chroma 16..240. full: 0..255.
enum class ColorRange : std::uint8_t { limited, full };

struct Plane {
  const std::uint8_t* data = nullptr;
  std::ptrdiff_t stride = 0;  ///< bytes from one row to the next
};

struct Image {
  PixelFormat format = PixelFormat::bgr;
  int width = 0;
  int height = 0;
  std::array<Plane, 3> planes{};
  ColorMatrix matrix = ColorMatrix::bt601;
  ColorRange range = ColorRange::limited;
};

[[nodiscard]] std::string_view to_string(PixelFormat format) noexcept;
[[nodiscard]] std::optional<PixelFormat> pixel_format_from(std::string_view name) noexcept;
[[nodiscard]] int plane_count(PixelFormat format) noexcept;
/// Bytes of one pixel in plane 0 (1 for the planar YCbCr formats).
[[nodiscard]] int bytes_per_pixel(PixelFormat format) noexcept;
/// Throws Error(invalid_argument) unless sizes are in 1..32768, planes are present and strides hold a row.
void check_image(const Image& image);

}  // namespace vireo::sdk
