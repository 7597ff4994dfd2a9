#include "plugins/draw/palette.h"

#include <algorithm>
#include <cmath>

namespace vireo::draw {
namespace {

constexpr Colour kFirst[] = {{0x3d, 0xb8, 0xff}, {0xff, 0x9f, 0x2e}, {0x5f, 0xe0, 0x6e}, {0xff, 0x5c, 0x8a},
                             {0xb8, 0x8c, 0xff}, {0xff, 0xe1, 0x4d}, {0x2e, 0xe6, 0xd6}, {0xff, 0x6b, 0x4a},
                             {0x7d, 0x9b, 0xff}, {0xc6, 0xf1, 0x4f}, {0xff, 0x8f, 0xe3}, {0x4d, 0xd0, 0x9a},
                             {0xe0, 0xb0, 0x7a}, {0x9a, 0xe2, 0xff}, {0xf2, 0x4d, 0x4d}, {0xd7, 0x7b, 0xff},
                             {0xa6, 0xd9, 0x8a}, {0xff, 0xc4, 0xa3}, {0x5a, 0xa7, 0xc9}, {0xe6, 0xe6, 0xe6}};
constexpr std::int64_t kCount = sizeof kFirst / sizeof kFirst[0];

}  // namespace

Colour palette_colour(std::int64_t number) {
  if (number < 0) return {0xc8, 0xcc, 0xd0};
  if (number < kCount) return kFirst[number];
  // Beyond the list, hues at the golden angle; bright, not quite saturated.
  const double hue = std::fmod(static_cast<double>(number % 100000) * 0.6180339887, 1.0) * 6.0;
  const auto channel = [&](double shift) {
    const double k = std::fmod(shift + hue, 6.0);
    return static_cast<std::uint8_t>(std::lround(255.0 * (1.0 - 0.68 * std::clamp(std::min(k, 4.0 - k), 0.0, 1.0))));
  };
  return {channel(5), channel(3), channel(1)};
}

Colour readable_on(Colour c) {
  const int luma = (c.r * 299 + c.g * 587 + c.b * 114) / 1000;
  return luma > 118 ? Colour{12, 14, 18} : Colour{255, 255, 255};
}

}  // namespace vireo::draw
