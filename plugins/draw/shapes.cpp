#include "plugins/draw/shapes.h"

#include <algorithm>
#include <cmath>

namespace vireo::draw {
namespace {

bool usable(Point p) { return std::isfinite(p.x) && std::isfinite(p.y); }

std::uint8_t cover(float distance) {
  return static_cast<std::uint8_t>(std::clamp(0.5f - distance, 0.0f, 1.0f) * 255.0f + 0.5f);
}

/// The part of the line whose y lies within [y0, y1], as its range of x; false when there is none.
bool reach(Point a, Point b, double y0, double y1, double& left, double& right) {
  const double dy = static_cast<double>(b.y) - a.y, dx = static_cast<double>(b.x) - a.x;
  double t0 = 0, t1 = 1;
  if (std::fabs(dy) > 1e-9) {
    t0 = std::clamp((y0 - a.y) / dy, 0.0, 1.0);
    t1 = std::clamp((y1 - a.y) / dy, 0.0, 1.0);
  }
  left = std::min(a.x + dx * t0, a.x + dx * t1);
  right = std::max(a.x + dx * t0, a.x + dx * t1);
  return std::max(a.y, b.y) >= y0 && std::min(a.y, b.y) <= y1;
}

}  // namespace

void Pen::line(Surface& surface, Point a, Point b, float width, const Ink& ink, int alpha) {
  if (!usable(a) || !usable(b) || !(width > 0)) return;
  const double radius = std::min(width, 512.0f) * 0.5, margin = radius + 1;
  const double top = std::max(0.0, std::min<double>(a.y, b.y) - margin),
               bottom = std::min<double>(surface.height(), std::max<double>(a.y, b.y) + margin);
  if (top >= bottom) return;
  rows_.resize(std::max<std::size_t>(rows_.size(), static_cast<std::size_t>(surface.width()) * 2));
  const double dx = static_cast<double>(b.x) - a.x, dy = static_cast<double>(b.y) - a.y, length2 = dx * dx + dy * dy;
  // In strips of two rows from even rows on, so that each chroma sample is blended once.
  for (int y = static_cast<int>(top) & ~1; y < bottom; y += 2) {
    double left = 0, right = 0;
    if (!reach(a, b, y - margin, y + 2 + margin, left, right)) continue;
    const double most = surface.width();
    const int x0 = static_cast<int>(std::clamp(left - margin, 0.0, most)) & ~1;
    const int x1 = static_cast<int>(std::clamp(right + margin + 1, 0.0, most));
    if (x0 >= x1) continue;
    const int rows = std::min(2, surface.height() - y), columns = x1 - x0;
    for (int r = 0; r < rows; ++r)
      for (int x = 0; x < columns; ++x) {
        const double px = x0 + x + 0.5 - a.x, py = y + r + 0.5 - a.y;
        const double t = length2 > 0 ? std::clamp((px * dx + py * dy) / length2, 0.0, 1.0) : 0.0;
        const double ex = px - t * dx, ey = py - t * dy;
        rows_[static_cast<std::size_t>(r * columns + x)] =
            cover(static_cast<float>(std::sqrt(ex * ex + ey * ey) - radius));
      }
    surface.mask(x0, y, columns, rows, rows_.data(), columns, ink, alpha);
  }
}

void Pen::rounded(Surface& surface, int x0, int y0, int x1, int y1, int radius, const Ink& ink, int alpha) {
  radius = std::clamp(radius, 0, std::min(x1 - x0, y1 - y0) / 2);
  if (radius <= 1) return surface.rect(x0, y0, x1, y1, ink, alpha);
  surface.rect(x0, y0 + radius, x1, y1 - radius, ink, alpha);
  surface.rect(x0 + radius, y0, x1 - radius, y0 + radius, ink, alpha);
  surface.rect(x0 + radius, y1 - radius, x1 - radius, y1, ink, alpha);
  rows_.resize(
      std::max<std::size_t>(rows_.size(), static_cast<std::size_t>(radius) * static_cast<std::size_t>(radius)));
  for (int corner = 0; corner < 4; ++corner) {
    const bool right = (corner & 1) != 0, low = (corner & 2) != 0;
    for (int y = 0; y < radius; ++y)
      for (int x = 0; x < radius; ++x) {
        const float dx = static_cast<float>(right ? x : radius - 1 - x) + 0.5f,
                    dy = static_cast<float>(low ? y : radius - 1 - y) + 0.5f;
        rows_[static_cast<std::size_t>(y * radius + x)] =
            cover(std::sqrt(dx * dx + dy * dy) - static_cast<float>(radius));
      }
    surface.mask(right ? x1 - radius : x0, low ? y1 - radius : y0, radius, radius, rows_.data(), radius, ink, alpha);
  }
}

}  // namespace vireo::draw
