#include "plugins/scene/ground.h"

namespace vireo::scene {
namespace {

float lattice(int x, int y, std::uint64_t seed) {
  const std::uint32_t h = (static_cast<std::uint32_t>(x) * 0x8DA6B343u) ^
                          (static_cast<std::uint32_t>(y) * 0xD8163841u) ^ static_cast<std::uint32_t>(seed);
  const std::uint32_t m = (h ^ (h >> 15)) * 0x2C1B3C6Du;
  return static_cast<float>(((m ^ (m >> 13)) * 0x297A2D39u) >> 8) * (2.0f / 16777216.0f) - 1.0f;
}

/// Smooth noise in [-1, 1] with features of size 1.
float noise(float x, float y, std::uint64_t seed) {
  const float fx = std::floor(x), fy = std::floor(y);
  const int ix = static_cast<int>(fx), iy = static_cast<int>(fy);
  float u = x - fx, v = y - fy;
  u = u * u * (3 - 2 * u);
  v = v * v * (3 - 2 * v);
  const float a = lattice(ix, iy, seed), b = lattice(ix + 1, iy, seed), c = lattice(ix, iy + 1, seed),
              d = lattice(ix + 1, iy + 1, seed);
  return a + (b - a) * u + (c - a) * v + (a - b - c + d) * u * v;
}

/// 1 on the joints of a grid of `size`, 0 elsewhere.
float joints(float x, float y, float size, float width) {
  const float u = std::fabs(x / size - std::round(x / size)) * size,
              v = std::fabs(y / size - std::round(y / size)) * size;
  return std::clamp((width - std::min(u, v)) * 1.6f + 0.2f, 0.0f, 1.0f);
}

}  // namespace

Ground::Ground(Canvas& canvas, const Pose& world, std::uint64_t seed)
    : canvas_(canvas), world_(world), seed_(seed), material_(canvas.sun.size(), Material::grass) {}

Pose Ground::at(Vec position, float heading) const { return world_.moved(position).turned(heading); }

void Ground::fill(const Pose& pose, const Box& box, Colour colour, Material material) {
  rasterise(pose, box, 1.0f, canvas_.frame(), [&](int x, int y, int coverage) {
    const std::size_t i = canvas_.at(x, y);
    blend(&canvas_.colour[i * 3], colour, coverage);
    if (coverage >= 128) material_[i] = material;
  });
}

void Ground::tint(const Pose& pose, const Box& box, Colour colour, float alpha, float soft_units) {
  const int a = static_cast<int>(alpha * 256);
  rasterise(pose, box, std::max(1.0f, soft_units * world_.scale), canvas_.frame(), [&](int x, int y, int coverage) {
    blend(&canvas_.colour[canvas_.at(x, y) * 3], colour, (coverage * a) >> 8);
  });
}

void Ground::shade(const Pose& pose, const Box& box, float soft_units) {
  rasterise(pose, box, std::max(1.0f, soft_units * world_.scale), canvas_.frame(), [&](int x, int y, int coverage) {
    std::uint8_t& sun = canvas_.sun[canvas_.at(x, y)];
    sun = std::min<std::uint8_t>(sun, static_cast<std::uint8_t>(std::max(0, 255 - coverage)));
  });
}

void Ground::light(const Pose& pose, const Box& box, float strength, float soft_units) {
  rasterise(pose, box, std::max(1.0f, soft_units * world_.scale), canvas_.frame(), [&](int x, int y, int coverage) {
    std::uint8_t& lamp = canvas_.lamp[canvas_.at(x, y)];
    lamp = static_cast<std::uint8_t>(std::min(255, lamp + static_cast<int>(static_cast<float>(coverage) * strength)));
  });
}

void Ground::sunlit(const Pose& pose, const Box& box) {
  rasterise(pose, box, 1.0f, canvas_.frame(), [&](int x, int y, int coverage) {
    std::uint8_t& sun = canvas_.sun[canvas_.at(x, y)];
    sun = static_cast<std::uint8_t>(sun + (((255 - sun) * coverage) >> 8));
  });
}

Vec Ground::local(const Pose& pose, Vec v) const {
  const float x = v.x * world_.cos - v.y * world_.sin, y = v.x * world_.sin + v.y * world_.cos;
  return {x * pose.cos + y * pose.sin, y * pose.cos - x * pose.sin};
}

void Ground::cast(const Pose& pose, const Box& box, Vec reach) {
  const float step = std::clamp(std::min(box.half_length, box.half_width), 1.0f, 5.0f);
  const int steps = std::max(1, static_cast<int>(std::sqrt(reach.x * reach.x + reach.y * reach.y) / step));
  const Vec way = local(pose, reach);
  for (int i = 0; i <= steps; ++i) {
    const float t = static_cast<float>(i) / static_cast<float>(steps);
    Box copy = box;
    copy.x += way.x * t;
    copy.y += way.y * t;
    shade(pose, copy, 1.5f);
  }
}

template <class Draw>
void Ground::along(const Path& path, float lateral, float half_width, float s0, float s1, Draw&& draw) {
  if (path.amplitude == 0) {
    const auto middle = path.at((s0 + s1) * 0.5f, lateral);
    draw(at(middle.position, middle.heading), Box{0, 0, (s1 - s0) * 0.5f, half_width, 0});
    return;
  }
  constexpr float kStep = 7;
  for (float s = s0; s < s1; s += kStep) {
    const float length = std::min(kStep, s1 - s);
    const auto middle = path.at(s + length * 0.5f, lateral);
    // Longer than the step, so that the outside of a bend has no gaps.
    draw(at(middle.position, middle.heading), Box{0, 0, length * 0.5f + (s1 - s0 > kStep ? 1.5f : 0), half_width, 0});
  }
}

void Ground::stroke(const Path& path, float lateral, float half_width, float s0, float s1, Colour colour,
                    Material material) {
  along(path, lateral, half_width, s0, s1,
        [&](const Pose& pose, const Box& box) { fill(pose, box, colour, material); });
}

void Ground::tint_stroke(const Path& path, float lateral, float half_width, float s0, float s1, Colour colour,
                         float alpha, float soft_units) {
  if (path.amplitude != 0) return;  // overlapping soft pieces would show
  along(path, lateral, half_width, s0, s1,
        [&](const Pose& pose, const Box& box) { tint(pose, box, colour, alpha, soft_units); });
}

void Ground::rect(const Rect& rect, Colour colour, Material material, float radius) {
  fill(at(rect.centre()), {0, 0, rect.width() * 0.5f, rect.height() * 0.5f, radius}, colour, material);
}

void Ground::texture() {
  const float inverse = 1.0f / world_.scale;
  for (int y = 0; y < canvas_.height; ++y) {
    for (int x = 0; x < canvas_.width; ++x) {
      const std::size_t i = canvas_.at(x, y);
      const float px = (static_cast<float>(x) + 0.5f - world_.x) * inverse,
                  py = (static_cast<float>(y) + 0.5f - world_.y) * inverse;
      const float u = px * world_.cos + py * world_.sin, v = py * world_.cos - px * world_.sin;
      float k = 1;
      Colour shift;
      switch (material_[i]) {
        case Material::grass: {
          const float patch = noise(u * 0.018f, v * 0.018f, seed_) + 0.5f * noise(u * 0.05f, v * 0.05f, seed_ + 1);
          k += 0.10f * patch + 0.10f * noise(u * 0.45f, v * 0.45f, seed_ + 2) +
               0.07f * noise(u * 1.1f, v * 1.1f, seed_ + 3);
          shift.r = static_cast<int>(9 * patch);
          break;
        }
        case Material::asphalt:
          k += 0.05f * noise(u * 0.03f, v * 0.03f, seed_ + 4) + 0.045f * noise(u * 0.9f, v * 0.9f, seed_ + 5);
          break;
        case Material::pavement:
          k += 0.05f * noise(u * 0.06f, v * 0.06f, seed_ + 6) + 0.03f * noise(u * 0.8f, v * 0.8f, seed_ + 7) -
               0.10f * joints(u, v, 15, 0.7f);
          break;
        case Material::tiles: {
          const float tone =
              lattice(static_cast<int>(std::floor(u / 22)), static_cast<int>(std::floor(v / 22)), seed_ + 8);
          k += 0.045f * tone + 0.03f * noise(u * 0.7f, v * 0.7f, seed_ + 9) - 0.12f * joints(u, v, 22, 0.8f);
          break;
        }
        case Material::gravel:
          k += 0.06f * noise(u * 0.05f, v * 0.05f, seed_ + 10) + 0.09f * noise(u * 0.8f, v * 0.8f, seed_ + 11);
          break;
        case Material::roof:
          k += 0.03f * noise(u * 0.08f, v * 0.08f, seed_ + 12) + 0.03f * noise(u * 0.9f, v * 0.9f, seed_ + 13);
          break;
        case Material::water:
          k += 0.06f * noise(u * 0.05f, v * 0.12f, seed_ + 14) + 0.05f * noise(u * 0.2f, v * 0.5f, seed_ + 15);
          break;
        case Material::plain: continue;
      }
      std::uint8_t* p = &canvas_.colour[i * 3];
      const Colour c = scaled({p[0], p[1], p[2]}, k);
      p[0] = static_cast<std::uint8_t>(c.b);
      p[1] = static_cast<std::uint8_t>(c.g);
      p[2] = static_cast<std::uint8_t>(std::clamp(c.r + shift.r, 0, 255));
    }
  }
}

}  // namespace vireo::scene
