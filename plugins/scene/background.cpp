// Paints the static layers in this order: grass, plots, pavements, roads, marks, houses with their shadows; then
// textures; then the tree tops and lamps of the overlay.

#include "plugins/scene/background.h"

#include <numbers>

#include "plugins/scene/ground.h"
#include "plugins/scene/houses.h"

namespace vireo::scene {
namespace {

constexpr float kPi = std::numbers::pi_v<float>;

class Painter {
 public:
  Painter(const Layout& layout, const Pose& world, Background& out)
      : layout_(layout), out_(out), ground_(out.ground, world, layout.seed), random_(layout.seed, 0xBAC6) {
    const Colour grasses[] = {rgb(0x6f8f4a), rgb(0x7c9a52), rgb(0x5f8045), rgb(0x8a9656), rgb(0x6b8a55)};
    const Colour asphalts[] = {rgb(0x62656b), rgb(0x57595e), rgb(0x6e6d6c), rgb(0x4d5057), rgb(0x75716d)};
    const Colour pavements[] = {rgb(0xb5ada2), rgb(0xa9a9a8), rgb(0xbdb3a0), rgb(0xa39a92), rgb(0xb7a394)};
    grass_ = grasses[random_.below(5)];
    asphalt_ = asphalts[random_.below(5)];
    pavement_ = pavements[random_.below(5)];
    autumn_ = random_.below(4) == 0;
    bicycle_lane_ = random_.chance(0.5f) ? rgb(0x9a5a4c) : asphalt_;
  }

  void paint() {
    const float r = layout_.reach * 1.5f;
    ground_.rect({-r, -r, r, r}, grass_, Material::grass);
    for (const Plot& plot : layout_.plots) paint_plot(plot);
    for (const Road& road : layout_.roads) pavement(road);
    for (const Road& road : layout_.roads) roadway(road);
    if (layout_.roads.size() == 2 && layout_.roads[0].driveable) corners(layout_.roads[0], layout_.roads[1]);
    for (const Road& road : layout_.roads) marks(road);
    for (const Crossing& crossing : layout_.crossings) zebra(crossing);
    for (const Lane& lane : layout_.lanes) stop_line(lane);
    for (const Prop& prop : layout_.props) paint_low(prop);
    for (const Plot& plot : layout_.plots)
      if (plot.kind == PlotKind::building) paint_house(ground_, plot, {layout_.sun_x, layout_.sun_y});
    ground_.texture();
    for (const Prop& prop : layout_.props) paint_high(prop);
    collect_spans();
  }

 private:
  // ---- roads ---------------------------------------------------------------------------------------------------
  void pavement(const Road& road) {
    const float r = layout_.reach;
    if (!road.driveable) {
      ground_.stroke(road.path, 0, road.sidewalk, -r, r, scaled(pavement_, 0.97f),
                     road.path.amplitude != 0 ? Material::gravel : Material::pavement);
      return;
    }
    ground_.stroke(road.path, 0, road.outer(), -r, r, pavement_, Material::pavement);
    ground_.stroke(road.path, 0, road.half_width() + 2.2f, -r, r, scaled(pavement_, 1.14f), Material::plain);
  }

  void roadway(const Road& road) {
    if (!road.driveable) return;
    const float r = layout_.reach;
    ground_.stroke(road.path, 0, road.half_width(), -r, r, asphalt_, Material::asphalt);
    if (road.bicycles)
      for (float side : {-1.0f, 1.0f})
        ground_.stroke(road.path, side * (road.lanes_edge() + Road::kBicycleLane * 0.5f), Road::kBicycleLane * 0.5f - 1,
                       -r, r, bicycle_lane_, Material::asphalt);
    for (int i = 0; i < road.lanes_each; ++i)
      for (float side : {-1.0f, 1.0f}) {
        const float lane = side * (road.median * 0.5f + (static_cast<float>(i) + 0.5f) * Road::kLane);
        ground_.tint_stroke(road.path, lane, 1.5f, -r, r, rgb(0x2b2b2e), 0.16f, 16);  // where oil drips
      }
    for (int i = 0; i < 7; ++i) {  // repaired patches
      const auto spot =
          road.path.at(random_.uniform(-r, r), random_.uniform(-road.half_width() + 12, road.half_width() - 12));
      ground_.fill(ground_.at(spot.position, spot.heading), {0, 0, random_.uniform(7, 30), random_.uniform(5, 11), 1},
                   scaled(asphalt_, random_.uniform(0.84f, 1.08f)), Material::asphalt);
    }
  }

  /// Rounds the four corners of a crossing of two straight roads.
  void corners(const Road& a, const Road& b) {
    const float x = a.path.origin.x, y = b.path.origin.y, radius = 14;
    ground_.rect({x - a.half_width(), y - b.half_width(), x + a.half_width(), y + b.half_width()}, asphalt_,
                 Material::asphalt);
    for (float sx : {-1.0f, 1.0f})
      for (float sy : {-1.0f, 1.0f}) {
        const Vec corner{x + sx * a.half_width(), y + sy * b.half_width()};
        ground_.fill(ground_.at({corner.x + sx * radius * 0.5f, corner.y + sy * radius * 0.5f}),
                     {0, 0, radius * 0.5f + 1, radius * 0.5f + 1, 0}, asphalt_, Material::asphalt);
        const Vec c{corner.x + sx * radius, corner.y + sy * radius};
        ground_.fill(ground_.at(c), disc(0, 0, radius), scaled(pavement_, 1.14f), Material::plain);
        ground_.fill(ground_.at(c), disc(0, 0, radius - 2.2f), pavement_, Material::pavement);
        // Only the quarter towards the road stays round.
        const float rest = radius - 1.1f, full = radius + 0.5f;
        ground_.fill(ground_.at({c.x + sx * full * 0.5f, c.y + sy * 1.6f}), {0, 0, full * 0.5f, rest, 0}, pavement_,
                     Material::pavement);
        ground_.fill(ground_.at({c.x + sx * 1.6f, c.y + sy * full * 0.5f}), {0, 0, rest, full * 0.5f, 0}, pavement_,
                     Material::pavement);
      }
  }

  template <class Draw>
  void outside_crossing(const Road& road, Draw&& draw) {
    const float r = layout_.reach;
    if (road.clear_to <= road.clear_from) {
      draw(-r, r);
      return;
    }
    draw(-r, road.clear_from - 8);
    draw(road.clear_to + 8, r);
  }

  void dashes(const Road& road, float lateral, float dash, float gap, Colour colour) {
    outside_crossing(road, [&](float from, float to) {
      for (float s = std::floor(from / (dash + gap)) * (dash + gap); s < to; s += dash + gap)
        if (s >= from && s + dash <= to)
          ground_.stroke(road.path, lateral, 0.95f, s, s + dash, colour, Material::asphalt);
    });
  }
  void line(const Road& road, float lateral, Colour colour) {
    outside_crossing(road, [&](float from, float to) {
      ground_.stroke(road.path, lateral, 0.95f, from, to, colour, Material::asphalt);
    });
  }

  void marks(const Road& road) {
    if (!road.driveable) return;
    const Colour white = rgb(0xdcdcd6), yellow = rgb(0xd9b24a);
    if (road.median > 0) {
      outside_crossing(road, [&](float from, float to) {
        ground_.stroke(road.path, 0, road.median * 0.5f, from, to, scaled(pavement_, 1.14f), Material::plain);
        ground_.stroke(road.path, 0, road.median * 0.5f - 2.2f, from, to, grass_, Material::grass);
      });
    } else if (road.lanes_each > 1) {
      line(road, -1.6f, yellow);
      line(road, 1.6f, yellow);
    } else {
      dashes(road, 0, 14, 16, white);
    }
    for (float side : {-1.0f, 1.0f}) {
      for (int i = 1; i < road.lanes_each; ++i)
        dashes(road, side * (road.median * 0.5f + static_cast<float>(i) * Road::kLane), 14, 16, white);
      if (road.bicycles) line(road, side * road.lanes_edge(), white);
      if (road.parking) {
        line(road, side * road.bicycles_edge(), white);
        for (float s = -layout_.reach; s < layout_.reach; s += 68)
          if (s < road.clear_from - 40 || s > road.clear_to + 40)
            ground_.stroke(road.path, side * (road.bicycles_edge() + Road::kParking * 0.5f), Road::kParking * 0.5f - 1,
                           s - 34.8f, s - 33.2f, white, Material::asphalt);
      }
    }
  }

  void zebra(const Crossing& crossing) {
    for (float s = -crossing.length * 0.5f + 5; s < crossing.length * 0.5f - 3; s += 12) {
      const auto p = crossing.path.at(crossing.s + s + 3, crossing.lateral);
      ground_.fill(ground_.at(p.position, p.heading), {0, 0, 3.2f, crossing.width * 0.5f, 0.4f}, rgb(0xdedcd4),
                   Material::asphalt);
    }
  }

  void stop_line(const Lane& lane) {
    if (!lane.signal || lane.traffic == Traffic::walkers) return;
    const float half = lane.traffic == Traffic::bicycles ? Road::kBicycleLane * 0.5f - 2 : Road::kLane * 0.5f - 2;
    const auto p = lane.path.at(static_cast<float>(lane.direction) * (lane.stop + 3), lane.lateral);
    ground_.fill(ground_.at(p.position, p.heading), {0, 0, 2, half, 0}, rgb(0xdedcd4), Material::asphalt);
  }

  // ---- plots ---------------------------------------------------------------------------------------------------
  void paint_plot(const Plot& plot) {
    Random random(plot.seed);
    const Rect& r = plot.rect;
    switch (plot.kind) {
      case PlotKind::garden:
        ground_.rect(r, scaled(grass_, random.uniform(0.93f, 1.07f)), Material::grass);
        break;
      case PlotKind::building:
        ground_.rect(r, random.chance(0.5f) ? scaled(pavement_, 0.93f) : grass_,
                     random.chance(0.5f) ? Material::pavement : Material::grass);
        break;
      case PlotKind::plaza: plaza(r, random); break;
      case PlotKind::parking: car_park(r); break;
      case PlotKind::pond: {
        const Box box{0, 0, r.width() * 0.5f, r.height() * 0.5f, std::min(r.width(), r.height()) * 0.5f};
        const Pose pose = ground_.at(r.centre(), random.uniform(-0.3f, 0.3f));
        ground_.fill(pose, {0, 0, box.half_length + 5, box.half_width + 5, box.radius + 5}, rgb(0xb3a683),
                     Material::gravel);
        ground_.fill(pose, box, rgb(0x4f7f93), Material::water);
        ground_.tint(pose, {0, 0, box.half_length - 12, box.half_width - 12, box.radius - 12}, rgb(0x3a6a85), 0.7f, 14);
        break;
      }
    }
  }

  void plaza(const Rect& r, Random& random) {
    const Colour stones[] = {rgb(0xc3b8a6), rgb(0xb9a592), rgb(0xadaaa4), rgb(0xb99f8c)};
    const Colour stone = stones[random.below(4)];
    ground_.rect(r, scaled(stone, 0.9f), Material::plain);
    ground_.rect({r.x0 + 2, r.y0 + 2, r.x1 - 2, r.y1 - 2}, stone, Material::tiles);
    const Pose pose = ground_.at(r.centre());
    const float size = std::min(r.width(), r.height()) * random.uniform(0.12f, 0.19f);
    if (random.chance(0.6f)) {  // a fountain
      shadow(pose, disc(0, 0, size), 5);
      ground_.fill(pose, disc(0, 0, size), scaled(stone, 1.18f), Material::plain);
      ground_.fill(pose, disc(0, 0, size - 3.5f), rgb(0x5fa0b8), Material::water);
      ground_.tint(pose, disc(0, 0, size * 0.45f), rgb(0xd8eef4), 0.7f, size * 0.5f);
      ground_.fill(pose, disc(0, 0, 3), scaled(stone, 1.1f), Material::plain);
    } else {  // a bed of flowers
      ground_.fill(pose, disc(0, 0, size), scaled(stone, 1.15f), Material::plain);
      ground_.fill(pose, disc(0, 0, size - 3), grass_, Material::grass);
      flowers(r.centre(), 0, size - 4, random);
    }
  }

  void car_park(const Rect& r) {
    ground_.rect(r, scaled(asphalt_, 1.07f), Material::asphalt);
    const Colour white = rgb(0xcfcfca);
    for (float y = r.y0 + 6; y + 186 < r.y1 + 74; y += 190)
      for (int row = 0; row < 2; ++row) {
        const float cy = row == 0 ? y + 31 : y + 155;
        if (cy + 31 > r.y1) continue;
        float x = r.x0 + 10;
        for (; x + 34 < r.x1 - 4; x += 34)
          ground_.fill(ground_.at({x, cy}), {0, 0, 0.9f, 30, 0}, white, Material::asphalt);
        ground_.fill(ground_.at({x, cy}), {0, 0, 0.9f, 30, 0}, white, Material::asphalt);
      }
  }

  void shadow(const Pose& pose, const Box& box, float height) {
    ground_.cast(pose, box, {layout_.sun_x * height, layout_.sun_y * height});
  }

  // ---- props ---------------------------------------------------------------------------------------------------
  void flowers(Vec at, float heading, float size, Random& random) {
    const Colour petals[] = {rgb(0xd8485a), rgb(0xe8c53e), rgb(0xe9e4ea), rgb(0xb066c0), rgb(0xe88a3e)};
    const Colour petal = petals[random.below(5)], other = petals[random.below(5)];
    const Pose pose = ground_.at(at, heading);
    for (int i = 0; i < static_cast<int>(size * size * 0.4f); ++i) {
      const float a = random.uniform(0, 2 * kPi), d = size * std::sqrt(random.unit());
      ground_.fill(pose, disc(d * std::cos(a), d * std::sin(a), random.uniform(0.7f, 1.3f)),
                   random.chance(0.5f) ? petal : other, Material::plain);
    }
  }

  void paint_low(const Prop& prop) {
    Random random(prop.seed);
    const Pose pose = ground_.at(prop.position, prop.heading);
    switch (prop.kind) {
      case Fixture::bench:
        shadow(pose, {0, 0, 11, 3.5f, 0}, 5);
        for (float y : {-2.6f, 0.0f, 2.6f}) ground_.fill(pose, {0, y, 11, 1.0f, 0.3f}, rgb(0x8a5f3c), Material::plain);
        break;
      case Fixture::bin:
        shadow(pose, disc(0, 0, 3.5f), 7);
        ground_.fill(pose, disc(0, 0, 3.5f), rgb(0x3f5a48), Material::plain);
        ground_.fill(pose, disc(0, 0, 2), rgb(0x1d2420), Material::plain);
        break;
      case Fixture::flowers:
        ground_.fill(pose, disc(0, 0, std::min(prop.size, 8.0f)), rgb(0x5a7440), Material::grass);
        flowers(prop.position, prop.heading, std::min(prop.size, 8.0f) - 1, random);
        break;
      case Fixture::manhole:
        ground_.fill(pose, disc(0, 0, 4.6f), rgb(0x46484b), Material::asphalt);
        ground_.fill(pose, disc(0, 0, 3.4f), rgb(0x5d5f61), Material::asphalt);
        break;
      case Fixture::tree:
        // The shadow falls away from the sun and is soft: leaves let light through.
        shadow_of_tree(pose, prop.size);
        ground_.tint(pose, disc(0, 0, 5), rgb(0x4a3a2a), 0.8f);
        break;
      case Fixture::bush: shadow(pose, disc(0, 0, prop.size * 0.9f), prop.size * 0.9f); break;
      case Fixture::lamp:
        ground_.light(ground_.at(ground_arm(prop)), disc(0, 0, 62), 0.85f, 118);
        shadow(pose, disc(0, 0, 1.2f), 40);
        break;
    }
  }
  Vec ground_arm(const Prop& prop) const {
    return {prop.position.x + 20 * std::cos(prop.heading), prop.position.y + 20 * std::sin(prop.heading)};
  }
  void shadow_of_tree(const Pose& pose, float size) {
    const Vec local = ground_.local(pose, {layout_.sun_x * size * 1.1f, layout_.sun_y * size * 1.1f});
    ground_.shade(pose, disc(local.x, local.y, size * 0.97f), 5);
    ground_.shade(pose, disc(local.x * 0.5f, local.y * 0.5f, size * 0.9f), 5);
  }

  // ---- overlay -------------------------------------------------------------------------------------------------
  void cover(const Pose& pose, const Box& box, Colour colour) {
    Canvas& canvas = out_.ground;
    rasterise(pose, box, 1.0f, canvas.frame(), [&](int x, int y, int coverage) {
      std::uint8_t* p = &out_.overlay[canvas.at(x, y) * 4];
      if (p[3] == 0)
        p[0] = static_cast<std::uint8_t>(colour.b), p[1] = static_cast<std::uint8_t>(colour.g),
        p[2] = static_cast<std::uint8_t>(colour.r);
      blend(p, colour, coverage);
      p[3] = static_cast<std::uint8_t>(std::max<int>(p[3], std::min(255, coverage)));
    });
  }

  void crown(const Prop& prop, const Colour base) {
    Random random(prop.seed);
    const Pose pose = ground_.at(prop.position);
    const Vec sun = ground_.local(pose, {-layout_.sun_x, -layout_.sun_y});
    const float norm = 1.0f / std::max(0.1f, std::sqrt(sun.x * sun.x + sun.y * sun.y));
    cover(pose, disc(0, 0, prop.size * 0.78f), scaled(base, 0.62f));
    const int leaves = static_cast<int>(26 + prop.size * prop.size * 0.24f);
    for (int i = 0; i < leaves; ++i) {
      const float a = random.uniform(0, 2 * kPi), d = prop.size * 0.86f * std::sqrt(random.unit());
      const float x = d * std::cos(a), y = d * std::sin(a);
      // Later clusters are higher: brighter, and nearer to the middle of the crown.
      const float rise = static_cast<float>(i) / static_cast<float>(leaves), k = 1 - 0.42f * rise;
      const float lit =
          0.78f + 0.30f * rise + 0.26f * (x * sun.x + y * sun.y) * norm / prop.size + random.uniform(-0.10f, 0.10f);
      cover(pose, disc(x * k, y * k, prop.size * random.uniform(0.12f, 0.24f)), scaled(base, lit));
    }
  }

  void paint_high(const Prop& prop) {
    Random random(prop.seed, 4);
    switch (prop.kind) {
      case Fixture::tree: {
        const Colour summer[] = {rgb(0x5d8a3c), rgb(0x4c7a3f), rgb(0x6f9440), rgb(0x557f4a), rgb(0x7d9a48)};
        const Colour fall[] = {rgb(0xb8862f), rgb(0xb8652c), rgb(0x8f8c3a), rgb(0xa34a30), rgb(0x6f8a3c)};
        crown(prop, autumn_ ? fall[random.below(5)] : summer[random.below(5)]);
        break;
      }
      case Fixture::bush: crown(prop, scaled(rgb(0x56803c), random.uniform(0.85f, 1.15f))); break;
      case Fixture::lamp: {
        const Pose pose = ground_.at(prop.position, prop.heading);
        cover(pose, disc(0, 0, 1.7f), rgb(0x3a3d42));
        cover(pose, {9, 0, 9, 0.75f, 0.7f}, rgb(0x54585e));
        cover(pose, {20, 0, 3.6f, 1.7f, 1.5f}, rgb(0xd6d6cc));
        break;
      }
      default: break;
    }
  }

  void collect_spans() {
    const Canvas& canvas = out_.ground;
    for (int y = 0; y < canvas.height; ++y)
      for (int x = 0; x < canvas.width; ++x) {
        if (out_.overlay[canvas.at(x, y) * 4 + 3] == 0) continue;
        const int from = x;
        while (x < canvas.width && out_.overlay[canvas.at(x, y) * 4 + 3] != 0) ++x;
        out_.overlay_spans.push_back({y, from, x});
      }
  }

  const Layout& layout_;
  Background& out_;
  Ground ground_;
  Random random_;
  Colour grass_, asphalt_, pavement_, bicycle_lane_;
  bool autumn_ = false;
};

}  // namespace

Background paint_background(const Layout& layout, const Pose& world, int width, int height) {
  Background out;
  out.ground = Canvas(width, height, 0);
  out.overlay.assign(out.ground.sun.size() * 4, 0);
  Painter(layout, world, out).paint();
  return out;
}

}  // namespace vireo::scene
