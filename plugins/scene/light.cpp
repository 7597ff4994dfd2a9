#include "plugins/scene/light.h"

#include <numbers>

namespace vireo::scene {
namespace {

constexpr int kGrain = 1 << 16;
constexpr double kPi = std::numbers::pi;

float smooth(float low, float high, float x) {
  const float t = std::clamp((x - low) / (high - low), 0.0f, 1.0f);
  return t * t * (3 - 2 * t);
}

inline std::uint8_t saturate(int v) { return static_cast<std::uint8_t>(std::clamp(v, 0, 255)); }

}  // namespace

Light light_at(std::uint64_t seed, double seconds, double day_seconds) {
  Random random(seed, 0x11647);
  // The day begins between late morning and the golden hour.
  const double start = random.uniform(-0.12f, 0.27f);
  const double hour = seconds / day_seconds + start;
  const auto height = static_cast<float>(0.5 + 0.5 * std::cos(2 * kPi * hour));  // of the sun: 1 noon, 0 night
  const double drift = seconds * 0.05 + static_cast<double>(seed % 1000);
  const auto clouds = static_cast<float>(0.5 + 0.3 * std::sin(drift) + 0.2 * std::sin(drift * 2.7 + 1));
  const float cover = random.chance(0.3f) ? 0.55f : 0.16f;  // an overcast day has soft shadows
  const float day = smooth(0.04f, 0.42f, height),
              gold = smooth(0.06f, 0.22f, height) * (1 - smooth(0.25f, 0.7f, height));
  const float direct = smooth(0.08f, 0.4f, height) * (1 - cover * clouds);

  Light light{};
  light.night = 1 - smooth(0.07f, 0.30f, height);
  const float night_sky[3] = {0.45f, 0.365f, 0.34f}, day_sky[3] = {0.52f, 0.475f, 0.45f};
  const float noon[3] = {0.50f, 0.56f, 0.585f}, golden[3] = {0.26f, 0.47f, 0.66f};
  const float warm[3] = {0.38f, 0.62f, 0.78f};
  for (int c = 0; c < 3; ++c) {
    // What clouds take from the sun comes back in part from the sky.
    light.sky[c] = night_sky[c] + (day_sky[c] - night_sky[c]) * day + 0.16f * day * cover * clouds;
    light.sun[c] = direct * (noon[c] + (golden[c] - noon[c]) * gold);
    light.lamp[c] = light.night * warm[c];
  }
  light.noise = 1 + 0.7f * light.night;
  return light;
}

Developer::Developer(int width, std::uint64_t seed, float noise) : seed_(seed), noise_(noise) {
  grain_.resize(static_cast<std::size_t>(kGrain + width * 3));
  Random random(seed, 0x64A1);
  for (std::int8_t& g : grain_) {
    const float sum = random.unit() + random.unit() + random.unit() + random.unit() - 2.0f;  // sigma 0.577
    g = static_cast<std::int8_t>(std::clamp(sum * 76.0f, -127.0f, 127.0f));                  // sigma 44
  }
}

template <int kStep, bool kSwap>
void Developer::rows(const Canvas& canvas, const Light& light, std::int64_t frame, std::uint8_t* pixels,
                     std::ptrdiff_t stride) {
  std::uint16_t table[256][3], lamps[256][3];
  for (int i = 0; i < 256; ++i)
    for (int c = 0; c < 3; ++c) {
      table[i][c] = static_cast<std::uint16_t>((light.sky[c] + light.sun[c] * static_cast<float>(i) / 255.0f) * 256.0f);
      lamps[i][c] = static_cast<std::uint16_t>(light.lamp[c] * static_cast<float>(i) / 255.0f * 256.0f);
    }
  const bool dark = light.night > 0.02f;
  const int grain = static_cast<int>(noise_ * light.noise * 2.6f / 44.0f * 1024.0f);
  constexpr int kBlue = kSwap ? 2 : 0, kRed = kSwap ? 0 : 2;
  for (int y = 0; y < canvas.height; ++y) {
    const std::size_t at = canvas.at(0, y);
    const std::uint8_t* colour = &canvas.colour[at * 3];
    const std::uint8_t* sun = &canvas.sun[at];
    const std::uint8_t* lamp = &canvas.lamp[at];
    const std::int8_t* noise =
        &grain_[hash(seed_, static_cast<std::uint64_t>(frame), static_cast<std::uint64_t>(y)) & (kGrain - 1)];
    std::uint8_t* out = pixels + y * stride;
    for (int x = 0; x < canvas.width; ++x, colour += 3, noise += 3, out += kStep) {
      const std::uint16_t* f = table[sun[x]];
      int b = f[0], g = f[1], r = f[2];
      if (dark) {
        const std::uint16_t* l = lamps[lamp[x]];
        b += l[0], g += l[1], r += l[2];
      }
      out[kBlue] = saturate(((colour[0] * b) >> 8) + ((noise[0] * grain) >> 10));
      out[1] = saturate(((colour[1] * g) >> 8) + ((noise[1] * grain) >> 10));
      out[kRed] = saturate(((colour[2] * r) >> 8) + ((noise[2] * grain) >> 10));
      if constexpr (kStep == 4) out[3] = 255;
    }
  }
}

void Developer::develop(const Canvas& canvas, const Light& light, std::int64_t frame, std::uint8_t* pixels,
                        std::ptrdiff_t stride, PixelOrder order) {
  switch (order) {
    case PixelOrder::bgr: return rows<3, false>(canvas, light, frame, pixels, stride);
    case PixelOrder::rgb: return rows<3, true>(canvas, light, frame, pixels, stride);
    case PixelOrder::bgrx: return rows<4, false>(canvas, light, frame, pixels, stride);
    case PixelOrder::rgbx: return rows<4, true>(canvas, light, frame, pixels, stride);
  }
}

void Developer::glow(const Canvas& canvas, const Glow& glow, std::uint8_t* pixels, std::ptrdiff_t stride,
                     PixelOrder order) {
  const int step = bytes_per_pixel(order);
  const bool swap = order == PixelOrder::rgb || order == PixelOrder::rgbx;
  rasterise(glow.pose, glow.box, std::max(1.0f, glow.soft), canvas.frame(), [&](int x, int y, int coverage) {
    std::uint8_t* p = pixels + y * stride + x * step;
    p[swap ? 2 : 0] = saturate(p[swap ? 2 : 0] + ((glow.colour.b * coverage) >> 8));
    p[1] = saturate(p[1] + ((glow.colour.g * coverage) >> 8));
    p[swap ? 0 : 2] = saturate(p[swap ? 0 : 2] + ((glow.colour.r * coverage) >> 8));
  });
}

}  // namespace vireo::scene
