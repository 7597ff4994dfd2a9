#pragma once
// Which objects are where at a moment: every moving or standing object of a street as a closed formula of time, so that
// any frame can be asked for alone. Pure functions; any thread.

#include <cstdint>
#include <vector>

#include "plugins/scene/layout.h"

namespace vireo::scene {

struct Actor {
  std::uint32_t id = 0;
  ObjectClass object_class = ObjectClass::car;
  Vec position{};  ///< the street's units
  float heading = 0;
  std::uint64_t look = 0;
  float travelled = 0;  ///< units along its way: the step of a walker
  bool moving = false;
  bool in_traffic = false;  ///< not parked: lights are on
};

/// The size of an object in the street's units.
struct Body {
  float length = 0, width = 0, height = 0;
};
Body body_of(ObjectClass object_class, std::uint64_t look);

enum class SignalColour { red, yellow, green };
SignalColour signal_colour(int half, double seconds);

/// Fills `actors` with all objects within the layout's reach at `seconds`.
void gather(const Layout& layout, double seconds, std::vector<Actor>& actors);

}  // namespace vireo::scene
