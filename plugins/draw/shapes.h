#pragma once
// Anti-aliased lines and discs on a Surface. A Pen owns the few rows of scratch they need; one thread at a time.

#include <vector>

#include "plugins/draw/surface.h"

namespace vireo::draw {

struct Point {
  float x = 0, y = 0;  ///< continuous: 0 is the left edge of the first pixel
};

class Pen {
 public:
  /// A line with round ends; a disc where both points are the same. Points that are not finite draw nothing.
  void line(Surface& surface, Point from, Point to, float width, const Ink& ink, int alpha = 256);
  void disc(Surface& surface, Point centre, float diameter, const Ink& ink, int alpha = 256) {
    line(surface, centre, centre, diameter, ink, alpha);
  }
  /// The filled rectangle [x0, x1) x [y0, y1) with corners of `radius`.
  void rounded(Surface& surface, int x0, int y0, int x1, int y1, int radius, const Ink& ink, int alpha = 256);

 private:
  std::vector<std::uint8_t> rows_;  ///< two rows of coverage
};

}  // namespace vireo::draw
