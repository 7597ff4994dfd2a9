#include "plugins/draw/surface.h"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace vireo::draw {
namespace {

/// alpha 0 … 256.
inline void blend(std::uint8_t& p, int value, int alpha) noexcept {
  p = static_cast<std::uint8_t>(p + (((value - p) * alpha + 128) >> 8));
}

/// The same for samples side by side.
void blend_row(std::uint8_t* p, int count, int value, int alpha) noexcept {
  if (alpha == 256) {
    std::memset(p, value, std::size_t(count));
    return;
  }
  for (int x = 0; x < count; ++x) blend(p[x], value, alpha);
}

/// Most of a line of text is not ink.
inline bool eight_are_zero(const std::uint8_t* mask) noexcept {
  std::uint64_t eight;
  std::memcpy(&eight, mask, sizeof(eight));
  return eight == 0;
}

inline std::uint8_t to_byte(double v) noexcept {
  return static_cast<std::uint8_t>(std::clamp(std::lround(v), 0L, 255L));
}

/// 255 -> 256, so that full cover leaves nothing of what was there.
inline int widen(int mask) noexcept { return mask + (mask >> 7); }

}  // namespace

Surface::Surface(const sdk::Image& image) : image_(image) {
  sdk::check_image(image);
  using F = sdk::PixelFormat;
  const auto set = [&](int step, int red, int blue, int alpha) {
    packed_ = true, step_ = step, red_ = red, blue_ = blue, alpha_ = alpha;
  };
  switch (image.format) {
    case F::bgr: set(3, 2, 0, -1); break;
    case F::rgb: set(3, 0, 2, -1); break;
    case F::bgra: set(4, 2, 0, 3); break;
    case F::rgba: set(4, 0, 2, 3); break;
    case F::bgrx: set(4, 2, 0, -1); break;
    case F::rgbx: set(4, 0, 2, -1); break;
    case F::nv12: chroma_planes_ = 1; break;
    case F::i420: chroma_planes_ = 2; break;
    case F::gray8: break;
    case F::yuy2: pairs_ = true; break;
    case F::uyvy: pairs_ = true, luma_ = 1; break;
  }
}

std::uint8_t* Surface::row(int plane, int y) const noexcept {
  const sdk::Plane& p = image_.planes[static_cast<std::size_t>(plane)];
  return const_cast<std::uint8_t*>(p.data) + y * p.stride;
}

Ink Surface::ink(Colour c) const noexcept {
  // BT.601, BT.709 and BT.2020: Y = Kr R + Kg G + Kb B; grey frames are full range.
  double kr = 0.299, kb = 0.114;
  if (image_.matrix == sdk::ColorMatrix::bt709 && coloured()) kr = 0.2126, kb = 0.0722;
  if (image_.matrix == sdk::ColorMatrix::bt2020 && coloured()) kr = 0.2627, kb = 0.0593;
  const double y = kr * c.r + (1 - kr - kb) * c.g + kb * c.b;
  const double cb = (c.b - y) / (2 * (1 - kb)), cr = (c.r - y) / (2 * (1 - kr));
  const bool full = image_.range == sdk::ColorRange::full || !coloured();
  Ink ink{{c.r, c.g, c.b}, {}};
  ink.ycbcr[0] = to_byte(full ? y : 16 + y * 219 / 255);
  ink.ycbcr[1] = to_byte(128 + cb * (full ? 1.0 : 224.0 / 255));
  ink.ycbcr[2] = to_byte(128 + cr * (full ? 1.0 : 224.0 / 255));
  return ink;
}

void Surface::pair(std::uint8_t* row, int pair, const Ink& ink, int alpha) const noexcept {
  blend(row[4 * pair + 1 - luma_], ink.ycbcr[1], alpha);
  blend(row[4 * pair + 3 - luma_], ink.ycbcr[2], alpha);
}

void Surface::rect(int x0, int y0, int x1, int y1, const Ink& ink, int alpha) noexcept {
  x0 = std::max(x0, 0), y0 = std::max(y0, 0);
  x1 = std::min(x1, image_.width), y1 = std::min(y1, image_.height);
  if (x0 >= x1 || y0 >= y1 || alpha <= 0) return;
  alpha = std::min(alpha, 256);
  if (packed_) {
    for (int y = y0; y < y1; ++y) {
      std::uint8_t* p = row(0, y) + x0 * step_;
      for (int x = x0; x < x1; ++x, p += step_) {
        blend(p[red_], ink.rgb[0], alpha);
        blend(p[green_], ink.rgb[1], alpha);
        blend(p[blue_], ink.rgb[2], alpha);
        if (alpha_ >= 0) blend(p[alpha_], 255, alpha);
      }
    }
    return;
  }
  for (int y = y0; y < y1; ++y) {
    std::uint8_t* p = row(0, y);
    if (!pairs_) {
      blend_row(p + x0, x1 - x0, ink.ycbcr[0], alpha);
      continue;
    }
    for (int x = x0; x < x1; ++x) blend(p[2 * x + luma_], ink.ycbcr[0], alpha);
    for (int cx = x0 / 2; cx <= (x1 - 1) / 2; ++cx) {
      const int columns = std::min(x1, 2 * cx + 2) - std::max(x0, 2 * cx);
      pair(p, cx, ink, alpha * columns / std::min(image_.width - 2 * cx, 2));
    }
  }
  if (chroma_planes_ == 0) return;
  const int step = chroma_planes_ == 1 ? 2 : 1;
  for (int cy = y0 / 2; cy <= (y1 - 1) / 2; ++cy) {
    std::uint8_t* cb = row(1, cy);
    std::uint8_t* cr = chroma_planes_ == 1 ? cb + 1 : row(2, cy);
    const int rows = std::min(y1, 2 * cy + 2) - std::max(y0, 2 * cy), all_rows = std::min(image_.height - 2 * cy, 2);
    const auto cell = [&](int cx) {
      const int columns = std::min(x1, 2 * cx + 2) - std::max(x0, 2 * cx),
                all_columns = std::min(image_.width - 2 * cx, 2);
      const int a = alpha * rows * columns / (all_rows * all_columns);
      blend(cb[cx * step], ink.ycbcr[1], a);
      blend(cr[cx * step], ink.ycbcr[2], a);
    };
    const int first = x0 / 2, last = (x1 - 1) / 2;
    cell(first);
    const int inner = alpha * rows / all_rows, cb_value = ink.ycbcr[1], cr_value = ink.ycbcr[2];
    if (step == 1 && last > first + 1) {
      blend_row(cb + first + 1, last - first - 1, cb_value, inner);
      blend_row(cr + first + 1, last - first - 1, cr_value, inner);
    }
    for (int cx = first + 1; step == 2 && cx < last; ++cx) {
      blend(cb[2 * cx], cb_value, inner);
      blend(cr[2 * cx], cr_value, inner);
    }
    if (last > first) cell(last);
  }
}

void Surface::mask(int x, int y, int w, int h, const std::uint8_t* mask, std::ptrdiff_t mask_stride, const Ink& ink,
                   int alpha) noexcept {
  const int x0 = std::max(x, 0), y0 = std::max(y, 0), x1 = std::min(x + w, image_.width),
            y1 = std::min(y + h, image_.height);
  if (x0 >= x1 || y0 >= y1 || alpha <= 0) return;
  alpha = std::min(alpha, 256);
  const auto cover = [&](int px, int py) { return static_cast<int>(mask[(py - y) * mask_stride + (px - x)]); };
  for (int py = y0; py < y1; ++py) {
    const int bytes = packed_ ? step_ : pairs_ ? 2 : 1;
    std::uint8_t* p = row(0, py) + x0 * bytes + luma_;
    for (int px = x0; px < x1; ++px, p += bytes) {
      if (px + 8 <= x1 && eight_are_zero(mask + (py - y) * mask_stride + (px - x))) {
        px += 7;
        p += 7 * bytes;
        continue;
      }
      const int a = (widen(cover(px, py)) * alpha) >> 8;
      if (a == 0) continue;
      if (!packed_) {
        blend(*p, ink.ycbcr[0], a);
        continue;
      }
      blend(p[red_], ink.rgb[0], a);
      blend(p[green_], ink.rgb[1], a);
      blend(p[blue_], ink.rgb[2], a);
      if (alpha_ >= 0) blend(p[alpha_], 255, a);
    }
  }
  for (int py = y0; pairs_ && py < y1; ++py) {
    for (int cx = x0 / 2; cx <= (x1 - 1) / 2; ++cx) {
      int sum = 0;
      for (int px = std::max(x0, 2 * cx); px < std::min(x1, 2 * cx + 2); ++px) sum += widen(cover(px, py));
      pair(row(0, py), cx, ink, (sum * alpha / std::min(image_.width - 2 * cx, 2)) >> 8);
    }
  }
  if (packed_ || chroma_planes_ == 0) return;
  const int step = chroma_planes_ == 1 ? 2 : 1;
  for (int cy = y0 / 2; cy <= (y1 - 1) / 2; ++cy) {
    std::uint8_t* cb = row(1, cy);
    std::uint8_t* cr = chroma_planes_ == 1 ? cb + 1 : row(2, cy);
    const int ya = std::max(y0, 2 * cy), yb = std::min(y1, 2 * cy + 2), all_rows = std::min(image_.height - 2 * cy, 2);
    const auto nothing_at = [&](int px) {
      return eight_are_zero(mask + (ya - y) * mask_stride + (px - x)) &&
             eight_are_zero(mask + (yb - 1 - y) * mask_stride + (px - x));
    };
    for (int cx = x0 / 2; cx <= (x1 - 1) / 2; ++cx) {
      if (2 * cx >= x0 && 2 * cx + 8 <= x1 && nothing_at(2 * cx)) {
        cx += 3;
        continue;
      }
      const int xa = std::max(x0, 2 * cx), xb = std::min(x1, 2 * cx + 2),
                all_columns = std::min(image_.width - 2 * cx, 2);
      int sum = 0;
      for (int py = ya; py < yb; ++py)
        for (int px = xa; px < xb; ++px) sum += widen(cover(px, py));
      const int a = (sum * alpha / (all_rows * all_columns)) >> 8;
      if (a == 0) continue;
      blend(cb[cx * step], ink.ycbcr[1], a);
      blend(cr[cx * step], ink.ycbcr[2], a);
    }
  }
}

}  // namespace vireo::draw
