#pragma once
// Where things are in a street: roads, crossings, plots, trees, lamps, everything that stands still, and the lanes that
// traffic follows. Made once from a seed, in units of about 8 cm (a car is 52 long), origin in the middle of the view,
// x along the main road. Values only; any thread.

#include <cstdint>
#include <vector>

#include "plugins/scene/canvas.h"
#include "plugins/scene/random.h"
#include "plugins/scene/scene.h"

namespace vireo::scene {

/// A line through the world, straight or winding: s along it, lateral to its right.
struct Path {
  Vec origin;
  float angle = 0;
  float amplitude = 0, wavelength = 600, phase = 0;

  struct Point {
    Vec position;
    float heading = 0;
  };
  [[nodiscard]] Point at(float s, float lateral) const;
};

struct Road {
  Path path;
  int lanes_each = 1;     ///< in each direction
  float median = 0;       ///< width of the green strip in the middle
  bool bicycles = false;  ///< a bicycle lane on both sides
  bool parking = false;   ///< a strip of parked cars on both sides
  float sidewalk = 30;
  float clear_from = 0, clear_to = 0;  ///< the part without marks, parking and trees (a crossing)
  bool driveable = true;               ///< false: a footpath

  static constexpr float kLane = 36, kBicycleLane = 19, kParking = 29;
  [[nodiscard]] float lanes_edge() const { return median * 0.5f + static_cast<float>(lanes_each) * kLane; }
  [[nodiscard]] float bicycles_edge() const { return lanes_edge() + (bicycles ? kBicycleLane : 0); }
  [[nodiscard]] float half_width() const { return bicycles_edge() + (parking ? kParking : 2); }
  [[nodiscard]] float outer() const { return half_width() + sidewalk; }
};

/// A zebra crossing: `at.y` runs across the stripes' road, `length` is the width of the road.
struct Crossing {
  Path path;  ///< along the walking direction
  float s = 0, lateral = 0, length = 0, width = 22;
};

struct Rect {
  float x0, y0, x1, y1;
  [[nodiscard]] float width() const { return x1 - x0; }
  [[nodiscard]] float height() const { return y1 - y0; }
  [[nodiscard]] Vec centre() const { return {(x0 + x1) * 0.5f, (y0 + y1) * 0.5f}; }
};

enum class PlotKind { building, garden, parking, plaza, pond };
struct Plot {
  PlotKind kind;
  Rect rect;
  std::uint64_t seed;
};

enum class Fixture { tree, bush, lamp, bench, bin, flowers, manhole };
struct Prop {
  Fixture kind;
  Vec position;
  float heading = 0, size = 1;
  std::uint64_t seed = 0;
};

/// Something of a class that does not leave: parked, standing, or walking around in a loop.
struct Resident {
  ObjectClass object_class;
  Vec position;
  float heading = 0;
  std::uint64_t look = 0;
  float loop_x = 0, loop_y = 0, speed = 0;  ///< half axes of the loop; 0 stands still
};

enum class Traffic { vehicles, bicycles, walkers };

/// A stream of objects along a path. Positions along a lane count in its own direction.
struct Lane {
  Path path;
  float lateral = 0;
  int direction = 1;
  Traffic traffic = Traffic::vehicles;
  float speed = 110;    ///< units a second
  float spacing = 200;  ///< mean distance (vehicles, bicycles); seconds between two walkers
  float spread = 0;     ///< walkers and bicycles keep within lateral ± spread
  bool signal = false;  ///< stops at `stop` while its half of the signal's cycle is over
  float stop = 0;  ///< the stop line, in the lane's direction; for walkers the middle of the crossing, along the path
  float kerb = 0;  ///< walkers: from that middle to where they wait
  int half = 0;    ///< the half of the cycle with green light
  bool both_ways = false;  ///< walkers: either direction, chosen for each
};

/// A traffic light, at the right end of a stop line.
struct Signal {
  Vec position;
  float heading = 0;
  int half = 0;
};

struct Layout {
  float rotation = 0;          ///< of the whole world in the frame
  float reach = 0;             ///< half the size of what is generated
  float sun_x = 0, sun_y = 0;  ///< displacement of a shadow for each unit of height
  std::vector<Road> roads;
  std::vector<Crossing> crossings;
  std::vector<Plot> plots;
  std::vector<Prop> props;
  std::vector<Resident> residents;
  std::vector<Lane> lanes;
  std::vector<Signal> signals;
  std::uint64_t seed = 0;
};

/// The street of a seed, for a view of `width` x `height` units.
Layout make_layout(std::uint64_t seed, float width, float height);

}  // namespace vireo::scene
