#pragma once
// What the scene paints on: planes of one frame size, and one anti-aliased shape, the rounded box, from which
// everything is made (a circle is a box whose corners meet, a line a thin one). Owned by a Scene; one thread at a time.

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace vireo::scene {

struct Vec {
  float x = 0, y = 0;
};

struct Colour {
  int b = 0, g = 0, r = 0;
};

/// 0xRRGGBB.
constexpr Colour rgb(std::uint32_t value) {
  return {static_cast<int>(value & 255), static_cast<int>((value >> 8) & 255), static_cast<int>((value >> 16) & 255)};
}
inline Colour scaled(Colour c, float k) {
  const auto f = [k](int v) { return std::clamp(static_cast<int>(static_cast<float>(v) * k), 0, 255); };
  return {f(c.b), f(c.g), f(c.r)};
}
inline Colour mixed(Colour a, Colour b, float t) {
  const auto f = [t](int u, int v) { return static_cast<int>(static_cast<float>(u) + static_cast<float>(v - u) * t); };
  return {f(a.b, b.b), f(a.g, b.g), f(a.r, b.r)};
}

/// From local units (x forward, y to the right) to pixels.
struct Pose {
  float x = 0, y = 0;  ///< pixels
  float cos = 1, sin = 0;
  float scale = 1;  ///< pixels a unit

  [[nodiscard]] Vec pixel(Vec local) const {
    return {x + (local.x * cos - local.y * sin) * scale, y + (local.x * sin + local.y * cos) * scale};
  }
  [[nodiscard]] Pose moved(Vec local) const {
    const Vec p = pixel(local);
    return {p.x, p.y, cos, sin, scale};
  }
  [[nodiscard]] Pose turned(float radians) const {
    const float c = std::cos(radians), s = std::sin(radians);
    return {x, y, cos * c - sin * s, sin * c + cos * s, scale};
  }
};

/// A rounded box in local units.
struct Box {
  float x = 0, y = 0;                      ///< centre
  float half_length = 0, half_width = 0;   ///< along x, along y
  float radius = 0;
};
inline Box disc(float x, float y, float radius) { return {x, y, radius, radius, radius}; }

/// The pixels a shape may touch.
struct Bounds {
  int x0, y0, x1, y1;  ///< half open
};

/// Calls emit(x, y, coverage) with coverage 1 … 256 for each pixel that the box touches; `soft` is the width of the
/// edge in pixels (1 is anti-aliasing, more is a glow).
template <class Emit>
inline void rasterise(const Pose& pose, const Box& box, float soft, const Bounds& bounds, Emit&& emit) {
  const Vec centre = pose.pixel({box.x, box.y});
  const float hx = box.half_length * pose.scale, hy = box.half_width * pose.scale;
  const float r = std::min({box.radius * pose.scale, hx, hy});
  const float ext = soft * 0.5f;
  const float ex = std::fabs(pose.cos) * hx + std::fabs(pose.sin) * hy + ext;
  const float ey = std::fabs(pose.sin) * hx + std::fabs(pose.cos) * hy + ext;
  if (!(ex < 1e6f && ey < 1e6f && std::fabs(centre.x) < 1e6f && std::fabs(centre.y) < 1e6f)) return;
  const int y0 = std::max(bounds.y0, static_cast<int>(std::floor(centre.y - ey)));
  const int y1 = std::min(bounds.y1, static_cast<int>(std::ceil(centre.y + ey)) + 1);
  const float inverse = 1.0f / soft;
  for (int y = y0; y < y1; ++y) {
    const float dy = static_cast<float>(y) + 0.5f - centre.y;
    float low = -ex, high = ex;
    // |k * dx + m| <= limit, for both axes of the box: the part of the row inside.
    const auto narrow = [&](float k, float m, float limit) {
      if (std::fabs(k) < 1e-4f) {
        if (std::fabs(m) > limit + 1.0f) high = low - 1.0f;
        return;
      }
      const float a = (-limit - m) / k, b = (limit - m) / k;
      low = std::max(low, std::min(a, b));
      high = std::min(high, std::max(a, b));
    };
    narrow(pose.cos, dy * pose.sin, hx + ext);
    narrow(-pose.sin, dy * pose.cos, hy + ext);
    const int x0 = std::max(bounds.x0, static_cast<int>(std::floor(centre.x + low)) - 1);
    const int x1 = std::min(bounds.x1, static_cast<int>(std::ceil(centre.x + high)) + 1);
    for (int x = x0; x < x1; ++x) {
      const float dx = static_cast<float>(x) + 0.5f - centre.x;
      const float qx = std::fabs(dx * pose.cos + dy * pose.sin) - (hx - r);
      const float qy = std::fabs(dy * pose.cos - dx * pose.sin) - (hy - r);
      const float d = (qx > 0 && qy > 0 ? std::sqrt(qx * qx + qy * qy) : std::max(qx, qy)) - r;
      const float a = 0.5f - d * inverse;
      if (a <= 0.0f) continue;
      const int coverage = a >= 1.0f ? 256 : static_cast<int>(a * 256.0f);
      if (coverage > 0) emit(x, y, coverage);
    }
  }
}

inline void blend(std::uint8_t* p, Colour c, int a) {
  p[0] = static_cast<std::uint8_t>(p[0] + (((c.b - p[0]) * a) >> 8));
  p[1] = static_cast<std::uint8_t>(p[1] + (((c.g - p[1]) * a) >> 8));
  p[2] = static_cast<std::uint8_t>(p[2] + (((c.r - p[2]) * a) >> 8));
}

/// The layers of one frame before light: colour under white light, how much sun arrives, whose pixel it is.
struct Canvas {
  static constexpr std::uint16_t kNobody = 0, kHidden = 0xFFFF;

  Canvas() = default;
  Canvas(int w, int h, int margin) : width(w), height(h), pad(margin) {
    const std::size_t area = static_cast<std::size_t>(w) * static_cast<std::size_t>(h);
    colour.resize(area * 3);
    sun.assign(area, 255);
    lamp.assign(area, 0);
    owner.resize(static_cast<std::size_t>(w + 2 * margin) * static_cast<std::size_t>(h + 2 * margin));
  }

  [[nodiscard]] std::size_t at(int x, int y) const {
    return static_cast<std::size_t>(y) * static_cast<std::size_t>(width) + static_cast<std::size_t>(x);
  }
  /// The owner plane has a margin around the frame, so that the part of an object outside is counted too.
  [[nodiscard]] std::size_t owner_at(int x, int y) const {
    return static_cast<std::size_t>(y + pad) * static_cast<std::size_t>(width + 2 * pad) +
           static_cast<std::size_t>(x + pad);
  }
  [[nodiscard]] Bounds frame() const { return {0, 0, width, height}; }
  [[nodiscard]] Bounds padded() const { return {-pad, -pad, width + pad, height + pad}; }

  int width = 0, height = 0, pad = 0;
  std::vector<std::uint8_t> colour;   ///< B G R
  std::vector<std::uint8_t> sun;      ///< 255 is full sun, 0 full shadow
  std::vector<std::uint8_t> lamp;     ///< light of street lamps and headlights
  std::vector<std::uint16_t> owner;   ///< object number of each pixel
};

}  // namespace vireo::scene
