#pragma once
// The colours of classes and tracks: stable from run to run, far apart for neighbouring numbers. Values, any thread.

#include <cstdint>

namespace vireo::draw {

struct Colour {
  std::uint8_t r = 0, g = 0, b = 0;
};

/// The colour of a class or track number; negative numbers, which belong to none, are grey.
Colour palette_colour(std::int64_t number);

/// Black or white, whichever is easier to read on `background`.
Colour readable_on(Colour background);

}  // namespace vireo::draw
