#pragma once
// The layers of a street that never change: the ground with roads, plots and houses, the shadows of what stands still,
// the light of the street lamps, and the tree tops that hide what passes below them. Painted once for a Scene.

#include <cstdint>
#include <vector>

#include "plugins/scene/canvas.h"
#include "plugins/scene/layout.h"

namespace vireo::scene {

/// A run of pixels of a row that the overlay touches.
struct Span {
  int y, x0, x1;
};

struct Background {
  Canvas ground;                       ///< colour, sun and lamp; its owner plane is empty
  std::vector<std::uint8_t> overlay;   ///< B G R A: tree tops and lamp arms
  std::vector<Span> overlay_spans;
};

/// `world` takes the layout's coordinates to pixels.
Background paint_background(const Layout& layout, const Pose& world, int width, int height);

}  // namespace vireo::scene
