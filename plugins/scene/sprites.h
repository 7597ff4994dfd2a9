#pragma once
// Draws one actor: its shadow, its body (colour, sun and owner planes), and the lights it carries in the dark. Borrowed
// planes, no state besides the list of glows; one thread at a time.

#include <cstdint>
#include <vector>

#include "plugins/scene/canvas.h"
#include "plugins/scene/traffic.h"

namespace vireo::scene {

/// Light that is seen itself (a lamp, not what it lights), added after everything else.
struct Glow {
  Pose pose;
  Box box;
  Colour colour;
  float soft;  ///< pixels
};

class Sprites {
 public:
  Sprites(Canvas& canvas, const Canvas& ground) : canvas_(canvas), ground_(ground) {}

  /// The shadow on the sun plane; `sun` is the displacement for each unit of height, along the pose's axes.
  void shadow(const Actor& actor, const Pose& pose, Vec sun);

  /// The body as owner `number`. Returns how many pixels it covers, the margin of the canvas included.
  int draw(const Actor& actor, const Pose& pose, std::uint16_t number);

  /// Headlights and tail lights at `level` (0 … 1): cones into the lamp plane, lamps into `glows`.
  void lights(const Actor& actor, const Pose& pose, float level, std::vector<Glow>& glows);

 private:
  class Brush;
  Canvas& canvas_;
  const Canvas& ground_;
};

}  // namespace vireo::scene
