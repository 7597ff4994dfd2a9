#pragma once
// The light of a moment, and the pass that turns the canvas into pixels: colour x (sky + sun + lamps), plus sensor
// noise. Owned by a Scene; one thread at a time.

#include <cstddef>
#include <cstdint>
#include <vector>

#include "plugins/scene/canvas.h"
#include "plugins/scene/sprites.h"
#include "plugins/scene/scene.h"

namespace vireo::scene {

struct Light {
  float sky[3], sun[3], lamp[3];  ///< B G R factors
  float night = 0;                ///< 0 by day, 1 at dusk: lamps and headlights
  float noise = 1;
};

/// The light at a moment of the scene's day; `seed` gives the hour at which it begins and its clouds.
Light light_at(std::uint64_t seed, double seconds, double day_seconds);

class Developer {
 public:
  Developer(int width, std::uint64_t seed, float noise);

  void develop(const Canvas& canvas, const Light& light, std::int64_t frame, std::uint8_t* pixels,
               std::ptrdiff_t stride, PixelOrder order);
  static void glow(const Canvas& canvas, const Glow& glow, std::uint8_t* pixels, std::ptrdiff_t stride,
                   PixelOrder order);

 private:
  template <int kStep, bool kSwap>
  void rows(const Canvas& canvas, const Light& light, std::int64_t frame, std::uint8_t* pixels, std::ptrdiff_t stride);

  std::uint64_t seed_;
  float noise_;
  std::vector<std::int8_t> grain_;
};

}  // namespace vireo::scene
