// Streets from seeds: four kinds (crossroads, boulevard, winding road, street beside a car park), each with its numbers
// drawn at random, and the plots between the roads filled with houses, gardens, plazas and car parks.

#include "plugins/scene/layout.h"

#include <numbers>
#include <utility>

namespace vireo::scene {
namespace {

constexpr float kPi = std::numbers::pi_v<float>;

class Builder {
 public:
  Builder(std::uint64_t seed, float width, float height) : random_(seed, 0x57EE7) {
    layout_.seed = seed;
    layout_.reach = 0.5f * std::sqrt(width * width + height * height) + 130;
  }

  Layout make() {
    const float tilts[] = {0, 0, random_.uniform(-0.16f, 0.16f), random_.uniform(-0.16f, 0.16f),
                           random_.uniform(-0.7f, 0.7f)};
    layout_.rotation =
        static_cast<float>(random_.below(4)) * kPi / 2 * (random_.chance(0.6f) ? 1.0f : 0.0f) + tilts[random_.below(5)];
    const float sun = random_.uniform(0, 2 * kPi), low = random_.uniform(0.45f, 0.95f);
    layout_.sun_x = std::cos(sun) * low;
    layout_.sun_y = std::sin(sun) * low;
    switch (random_.below(5)) {
      case 0:
      case 1: crossroads(); break;
      case 2: boulevard(); break;
      case 3: winding_road(); break;
      default: car_park_street(); break;
    }
    return std::move(layout_);
  }

 private:
  float reach() const { return layout_.reach; }

  // ---- traffic -------------------------------------------------------------------------------------------------
  struct Stop {
    bool signal = false;
    float centre = 0, distance = 0;  ///< the crossing road's middle, and from there to the stop line
    int half = 0;
    float kerb = 0;  ///< from the middle to where walkers wait; 0: their way is free
  };

  void add_traffic(const Road& road, const Stop& stop) {
    const float speed = random_.uniform(85, 125), spacing = random_.uniform(190, 330);
    for (int direction : {1, -1}) {
      const auto side = static_cast<float>(direction);
      Lane lane{.path = road.path, .direction = direction, .signal = stop.signal,
                .stop = side * stop.centre - stop.distance, .half = stop.half};
      for (int i = 0; i < road.lanes_each; ++i) {
        lane.lateral = side * (road.median * 0.5f + (static_cast<float>(i) + 0.5f) * Road::kLane);
        lane.speed = speed * (i == 0 ? 1.1f : 0.92f) * random_.uniform(0.94f, 1.06f);
        lane.spacing = spacing * random_.uniform(0.8f, 1.3f);
        layout_.lanes.push_back(lane);
      }
      if (road.bicycles) {
        lane.traffic = Traffic::bicycles;
        lane.lateral = side * (road.lanes_edge() + Road::kBicycleLane * 0.5f);
        lane.speed = random_.uniform(50, 66);
        lane.spacing = random_.uniform(110, 210);
        lane.spread = 2;
        layout_.lanes.push_back(lane);
      }
      if (stop.signal) add_signal(road, lane.stop * side + side * 4, side * (road.half_width() + 5), side, stop.half);
      Lane walk{.path = road.path, .lateral = side * (road.half_width() + road.sidewalk * 0.5f),
                .traffic = Traffic::walkers, .speed = 30, .spacing = random_.uniform(5, 11),
                .spread = road.sidewalk * 0.5f - 8, .signal = stop.kerb > 0, .stop = stop.centre, .kerb = stop.kerb,
                .half = stop.half, .both_ways = true};
      layout_.lanes.push_back(walk);
    }
  }

  void add_signal(const Road& road, float s, float lateral, float side, int half) {
    const auto point = road.path.at(s, lateral);
    layout_.signals.push_back({point.position, point.heading + (side < 0 ? kPi : 0), half});
  }

  // ---- along a road --------------------------------------------------------------------------------------------
  static bool clear(const Road& road, float s, float margin) {
    return road.clear_to > road.clear_from && s > road.clear_from - margin && s < road.clear_to + margin;
  }

  void furnish(const Road& road) {
    const float tree_step = random_.uniform(95, 190);
    const bool trees = random_.chance(0.75f);
    for (float side : {1.0f, -1.0f}) {
      const float kerb = side * (road.half_width() + 6);
      int n = 0;
      for (float s = -reach(); s < reach(); s += tree_step * random_.uniform(0.8f, 1.25f), ++n) {
        if (clear(road, s, 46)) continue;
        const auto point = road.path.at(s, kerb);
        const bool lamp = n % 2 == 0;
        if (lamp) add_prop(Fixture::lamp, point.position, point.heading - side * kPi / 2, 1);
        else if (trees) add_prop(Fixture::tree, point.position, 0, random_.uniform(13, 21));
        if (random_.chance(0.25f)) {
          const auto spot = road.path.at(s + 34, side * (road.outer() - 6));
          add_prop(random_.chance(0.5f) ? Fixture::bench : Fixture::bin, spot.position, spot.heading, 1);
        }
      }
      if (!road.parking) continue;
      for (float s = -reach(); s < reach(); s += 68) {
        if (clear(road, s, 60) || random_.chance(0.38f)) continue;
        const auto point = road.path.at(s + random_.uniform(-3, 3),
                                        side * (road.bicycles_edge() + Road::kParking * 0.5f + random_.uniform(-1, 1)));
        park(ObjectClass::car, point.position, point.heading + (side < 0 ? kPi : 0) + random_.uniform(-0.03f, 0.03f));
      }
    }
    if (road.median > 12) {
      for (float s = -reach(); s < reach(); s += random_.uniform(50, 120)) {
        if (clear(road, s, 40)) continue;
        add_prop(random_.chance(0.4f) ? Fixture::tree : Fixture::flowers, road.path.at(s, 0).position,
                 road.path.at(s, 0).heading, random_.uniform(10, 15));
      }
    }
    for (float s = -reach(); s < reach(); s += random_.uniform(150, 420)) {
      const float lane = road.median * 0.5f + Road::kLane * (0.5f + static_cast<float>(random_.below(road.lanes_each)));
      add_prop(Fixture::manhole, road.path.at(s, random_.chance(0.5f) ? lane : -lane).position, 0, 1);
    }
  }

  void add_prop(Fixture kind, Vec at, float heading, float size) {
    layout_.props.push_back({kind, at, heading, size, random_.next()});
  }
  void park(ObjectClass object_class, Vec at, float heading) {
    layout_.residents.push_back({object_class, at, heading, random_.next()});
  }

  // ---- plots ---------------------------------------------------------------------------------------------------
  void fill(const Rect& rect) {
    if (rect.width() < 40 || rect.height() < 40) {
      layout_.plots.push_back({PlotKind::garden, rect, random_.next()});
      return;
    }
    const float limit = random_.uniform(190, 300);
    if (rect.width() > limit || rect.height() > limit) {
      const float at = random_.uniform(0.38f, 0.62f);
      Rect a = rect, b = rect;
      if (rect.width() > rect.height()) a.x1 = b.x0 = rect.x0 + rect.width() * at;
      else a.y1 = b.y0 = rect.y0 + rect.height() * at;
      fill(a);
      fill(b);
      return;
    }
    const int dice = random_.below(100);
    PlotKind kind = PlotKind::building;
    if (dice >= 34) kind = PlotKind::garden;
    if (dice >= 58) kind = PlotKind::plaza;
    if (dice >= 78) kind = PlotKind::parking;
    if (kind == PlotKind::parking && (rect.width() < 130 || rect.height() < 112)) kind = PlotKind::plaza;
    add_plot(kind, rect);
  }

  void add_plot(PlotKind kind, const Rect& rect) {
    layout_.plots.push_back({kind, rect, random_.next()});
    switch (kind) {
      case PlotKind::garden: plant(rect); break;
      case PlotKind::plaza: people(rect); break;
      case PlotKind::parking: park_rows(rect); break;
      default: break;
    }
  }

  void plant(const Rect& rect) {
    const int trees = static_cast<int>(rect.width() * rect.height() / 9000) + random_.below(2);
    for (int i = 0; i < trees; ++i) {
      const Vec at{random_.uniform(rect.x0 + 22, rect.x1 - 22), random_.uniform(rect.y0 + 22, rect.y1 - 22)};
      add_prop(random_.chance(0.65f) ? Fixture::tree : Fixture::bush, at, 0,
               random_.chance(0.65f) ? random_.uniform(14, 26) : random_.uniform(7, 11));
    }
    if (random_.chance(0.5f))
      add_prop(Fixture::flowers,
               {random_.uniform(rect.x0 + 26, rect.x1 - 26), random_.uniform(rect.y0 + 20, rect.y1 - 20)},
               random_.uniform(0, 3), 12);
    if (rect.width() > 90 && rect.height() > 90) {
      const Vec c = rect.centre();
      for (int i = random_.below(3); i > 0; --i)
        stroll({c.x, c.y}, rect.width() * random_.uniform(0.2f, 0.4f), rect.height() * random_.uniform(0.2f, 0.4f));
    }
  }

  void stroll(Vec centre, float loop_x, float loop_y) {
    const float direction = random_.chance(0.5f) ? 1.0f : -1.0f;
    layout_.residents.push_back({random_.chance(0.93f) ? ObjectClass::pedestrian : ObjectClass::bicycle, centre,
                                 random_.uniform(0, 2 * kPi), random_.next(), loop_x, loop_y,
                                 direction * random_.uniform(16, 30)});
  }

  void people(const Rect& rect) {
    const Vec c = rect.centre();
    const float rx = rect.width() * 0.5f, ry = rect.height() * 0.5f;
    for (int i = 1 + random_.below(3); i > 0; --i)
      stroll(c, rx * random_.uniform(0.5f, 0.8f), ry * random_.uniform(0.5f, 0.8f));
    for (int i = random_.below(3); i > 0; --i) {  // a group in talk
      const Vec at{random_.uniform(rect.x0 + 24, rect.x1 - 24), random_.uniform(rect.y0 + 24, rect.y1 - 24)};
      const int n = 1 + random_.below(3);
      const float turn = random_.uniform(0, 2 * kPi);
      for (int k = 0; k < n; ++k) {
        const float a = turn + 2 * kPi * static_cast<float>(k) / static_cast<float>(n);
        park(ObjectClass::pedestrian, {at.x - 13 * std::cos(a), at.y - 13 * std::sin(a)}, a);
      }
    }
    if (random_.chance(0.4f)) {  // a bicycle rack along an edge
      const int n = 2 + random_.below(3);
      const Vec at{rect.x0 + 16 + random_.uniform(0, rect.width() * 0.3f), rect.y0 + 24};
      for (int k = 0; k < n; ++k)
        park(ObjectClass::bicycle, {at.x + 26 * static_cast<float>(k), at.y}, kPi / 2 + random_.uniform(-0.2f, 0.2f));
    }
    for (int i = random_.below(4); i > 0; --i)
      add_prop(Fixture::bench, {random_.uniform(rect.x0 + 14, rect.x1 - 14), rect.y1 - 10}, 0, 1);
    for (float sx : {-1.0f, 1.0f})
      if (random_.chance(0.5f))
        add_prop(Fixture::tree, {c.x + sx * (rx - 18), c.y - ry + 18}, 0, random_.uniform(11, 17));
    add_prop(Fixture::lamp, {rect.x0 + 8, rect.y1 - 8}, -kPi / 4, 1);
  }

  void park_rows(const Rect& rect) {
    // Two rows of bays face an aisle; as many pairs as fit. The bays' lines are painted from the same numbers.
    for (float y = rect.y0 + 6; y + 186 < rect.y1 + 74; y += 190) {
      for (int row = 0; row < 2; ++row) {
        const float cy = row == 0 ? y + 31 : y + 155;
        if (cy + 31 > rect.y1) continue;
        for (float x = rect.x0 + 10; x + 34 < rect.x1 - 4; x += 34) {
          if (random_.chance(0.36f)) continue;
          const bool out = random_.chance(0.3f);
          park(ObjectClass::car, {x + 17 + random_.uniform(-1.5f, 1.5f), cy + random_.uniform(-2, 2)},
               (out ? -1.0f : 1.0f) * kPi / 2 + random_.uniform(-0.04f, 0.04f));
        }
      }
      for (int i = random_.below(3); i > 0; --i)  // on the way to their cars
        stroll({rect.centre().x, y + 93}, std::min(rect.width() * 0.5f - 14, random_.uniform(60, 260)),
               random_.uniform(8, 24));
    }
  }

  // ---- the four kinds of street --------------------------------------------------------------------------------
  void crossroads() {
    Road main{.path = {{0, random_.uniform(-45, 45)}, 0},
              .lanes_each = 1 + random_.below(2),
              .bicycles = random_.chance(0.6f)};
    Road side{.path = {{random_.uniform(-90, 90), 0}, kPi / 2}, .lanes_each = 1, .bicycles = random_.chance(0.3f)};
    const float x = side.path.origin.x, y = main.path.origin.y;
    main.clear_from = x - side.outer(), main.clear_to = x + side.outer();
    side.clear_from = y - main.outer(), side.clear_to = y + main.outer();
    layout_.roads = {side, main};
    for (float sign : {-1.0f, 1.0f}) {
      layout_.crossings.push_back({side.path, y, sign * (side.half_width() + 15), 2 * main.half_width(), 22});
      layout_.crossings.push_back({main.path, x, sign * (main.half_width() + 15), 2 * side.half_width(), 22});
    }
    add_traffic(side, {true, y, main.half_width() + 40, 1, main.half_width() + 5});
    add_traffic(main, {true, x, side.half_width() + 40, 0, side.half_width() + 5});
    furnish(side);
    furnish(main);
    for (float sx : {-1.0f, 1.0f})
      for (float sy : {-1.0f, 1.0f}) {
        Rect rect{x + side.outer(), y + main.outer(), reach(), reach()};
        if (sx < 0) rect.x0 = -reach(), rect.x1 = x - side.outer();
        if (sy < 0) rect.y0 = -reach(), rect.y1 = y - main.outer();
        fill(rect);
      }
  }

  void boulevard() {
    Road main{.path = {{0, random_.uniform(-60, 60)}, 0},
              .lanes_each = 2,
              .median = random_.uniform(14, 24),
              .bicycles = random_.chance(0.6f),
              .parking = random_.chance(0.4f)};
    const float x = random_.uniform(-150, 150), y = main.path.origin.y;
    main.clear_from = x - 28, main.clear_to = x + 28;
    Road path{.path = {{x, 0}, kPi / 2},
              .lanes_each = 0,
              .sidewalk = 17,
              .clear_from = y - main.outer(),
              .clear_to = y + main.outer(),
              .driveable = false};
    layout_.roads = {path, main};
    layout_.crossings.push_back({path.path, y, 0, 2 * main.half_width(), 28});
    add_traffic(main, {true, x, 46, 0});
    Lane walk{.path = path.path,
              .traffic = Traffic::walkers,
              .speed = 32,
              .spacing = random_.uniform(3.5f, 7),
              .spread = 10,
              .signal = true,
              .stop = y,
              .kerb = main.half_width() + 5,
              .half = 1,
              .both_ways = true};
    layout_.lanes.push_back(walk);
    furnish(main);
    for (float sx : {-1.0f, 1.0f}) {
      const float x0 = sx < 0 ? -reach() : x + 19, x1 = sx < 0 ? x - 19 : reach();
      fill({x0, -reach(), x1, y - main.outer()});
      fill({x0, y + main.outer(), x1, reach()});
    }
  }

  void winding_road() {
    Road main{.path = {{0, random_.uniform(-50, 50)},
                       0,
                       random_.uniform(30, 85),
                       random_.uniform(560, 950),
                       random_.uniform(0, 2 * kPi)},
              .lanes_each = 1,
              .bicycles = random_.chance(0.7f),
              .sidewalk = 26};
    layout_.roads = {main};
    add_traffic(main, {});
    furnish(main);
    layout_.plots.push_back({PlotKind::garden, {-reach(), -reach(), reach(), reach()}, random_.next()});
    const float keep = main.outer() + std::fabs(main.path.amplitude);
    for (float side : {-1.0f, 1.0f}) {
      // A footpath in the park, the same bends further out.
      Road foot{.path = main.path, .lanes_each = 0, .sidewalk = 15, .driveable = false};
      foot.path.origin.y += side * (main.outer() + random_.uniform(70, 110));
      foot.path.phase += random_.uniform(-0.4f, 0.4f);
      layout_.roads.insert(layout_.roads.begin(), foot);
      layout_.lanes.push_back({.path = foot.path,
                               .traffic = Traffic::walkers,
                               .speed = 28,
                               .spacing = random_.uniform(5, 12),
                               .spread = 8,
                               .both_ways = true});
      layout_.lanes.push_back({.path = foot.path,
                               .lateral = side * 4,
                               .direction = side < 0 ? 1 : -1,
                               .traffic = Traffic::bicycles,
                               .speed = 48,
                               .spacing = random_.uniform(300, 500),
                               .spread = 4});
      if (random_.chance(0.5f)) {
        const float px = random_.uniform(-220, 220), py = main.path.origin.y + side * (keep + 120);
        layout_.plots.push_back({PlotKind::pond,
                                 {px - random_.uniform(60, 110), py - 40, px + random_.uniform(60, 110), py + 40},
                                 random_.next()});
      }
      for (int i = 0; i < 26; ++i) {
        const float s = random_.uniform(-reach(), reach()),
                    lateral = side * random_.uniform(main.outer() + 18, reach());
        const auto point = main.path.at(s, lateral);
        const auto on_foot = foot.path.at(point.position.x, 0);
        if (std::fabs(on_foot.position.y - point.position.y) < 38) continue;
        const int dice = random_.below(10);
        if (dice < 6) add_prop(Fixture::tree, point.position, 0, random_.uniform(14, 27));
        else if (dice < 8) add_prop(Fixture::bush, point.position, 0, random_.uniform(7, 11));
        else if (dice < 9) add_prop(Fixture::flowers, point.position, point.heading, 12);
        else park(ObjectClass::pedestrian, point.position, random_.uniform(0, 2 * kPi));
      }
    }
  }

  void car_park_street() {
    Road main{.path = {{0, random_.uniform(-130, -60)}, 0},
              .lanes_each = 1,
              .bicycles = random_.chance(0.5f),
              .parking = random_.chance(0.5f)};
    layout_.roads = {main};
    add_traffic(main, {});
    furnish(main);
    const float below = main.path.origin.y + main.outer(), end = below + 204;
    const float edge = random_.uniform(-80, 200);
    add_plot(PlotKind::parking, {-reach(), below, edge, end});
    add_plot(random_.chance(0.5f) ? PlotKind::plaza : PlotKind::garden, {edge, below, edge + 190, end});
    fill({edge + 190, below, reach(), end});
    fill({-reach(), end, reach(), reach()});
    fill({-reach(), -reach(), reach(), main.path.origin.y - main.outer()});
  }

  Random random_;
  Layout layout_;
};

}  // namespace

Path::Point Path::at(float s, float lateral) const {
  const float c = std::cos(angle), n = std::sin(angle);
  float bend = 0, slope = 0;
  if (amplitude != 0) {
    const float k = 2 * kPi / wavelength;
    bend = amplitude * std::sin(s * k + phase);
    slope = std::atan(amplitude * k * std::cos(s * k + phase));
  }
  const float x = s - lateral * std::sin(slope), y = bend + lateral * std::cos(slope);
  return {{origin.x + x * c - y * n, origin.y + x * n + y * c}, angle + slope};
}

Layout make_layout(std::uint64_t seed, float width, float height) { return Builder(seed, width, height).make(); }

}  // namespace vireo::scene
