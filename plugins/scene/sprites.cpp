// The pictures of cars, trucks, bicycles and pedestrians, built of rounded boxes in the units of the street.

#include "plugins/scene/sprites.h"

#include <numbers>

namespace vireo::scene {
namespace {

constexpr float kPi = std::numbers::pi_v<float>;
constexpr Colour kGlass = rgb(0x1d2831), kTyre = rgb(0x1c1c1e), kBlack = rgb(0x000000), kWhite = rgb(0xffffff);

constexpr Colour kPaints[] = {rgb(0xe9e9e6), rgb(0xf4f3ef), rgb(0xb9bdc0), rgb(0x8b9094), rgb(0x34373c), rgb(0x1f2124),
                              rgb(0xb3262a), rgb(0x7d1f27), rgb(0x2455a4), rgb(0x1c2f5c), rgb(0x5b9bc9), rgb(0x2f6b4a),
                              rgb(0x3f8f8a), rgb(0xd8702a), rgb(0xb8a583), rgb(0x5e4636)};
constexpr Colour kClothes[] = {rgb(0xc23b3b), rgb(0x2f5fa8), rgb(0xe3e0d8), rgb(0x2b2d33),
                               rgb(0xd9a62e), rgb(0x3f7d53), rgb(0x8a4f93), rgb(0xd97c5a),
                               rgb(0x6fa3c4), rgb(0x5b4a3f), rgb(0xe7b7c0), rgb(0x9a9da3)};
constexpr Colour kHair[] = {rgb(0x2a1d16), rgb(0x5b3d24), rgb(0x8d6b3d), rgb(0xc7a45c),
                            rgb(0x17161a), rgb(0xa7a29b), rgb(0x7a3b22)};
constexpr Colour kSkin[] = {rgb(0xe3b793), rgb(0xc68e63), rgb(0x8a5a3a), rgb(0x5f3d28)};

template <std::size_t N>
Colour pick(const Colour (&list)[N], Random& random) {
  return list[random.below(static_cast<int>(N))];
}

}  // namespace

/// Paints with one pose; fill() is the silhouette, tint() only colours what is there.
class Sprites::Brush {
 public:
  Brush(Canvas& canvas, const Canvas& ground, const Pose& pose, std::uint16_t number)
      : canvas_(canvas), ground_(ground), pose_(pose), number_(number) {}

  void fill(const Box& box, Colour colour) {
    rasterise(pose_, box, 1.0f, canvas_.padded(), [&](int x, int y, int coverage) {
      if (coverage >= 128) {
        std::uint16_t& owner = canvas_.owner[canvas_.owner_at(x, y)];
        covered_ += owner != number_;
        owner = number_;
      }
      if (x < 0 || y < 0 || x >= canvas_.width || y >= canvas_.height) return;
      const std::size_t i = canvas_.at(x, y);
      blend(&canvas_.colour[i * 3], colour, coverage);
      // Its top is in the sun, unless something there shades it.
      std::uint8_t& sun = canvas_.sun[i];
      sun = static_cast<std::uint8_t>(sun + (((ground_.sun[i] - sun) * coverage) >> 8));
    });
  }
  void tint(const Box& box, Colour colour, float alpha = 1, float soft_units = 0) {
    const int a = static_cast<int>(alpha * 256);
    rasterise(pose_, box, std::max(1.0f, soft_units * pose_.scale), canvas_.frame(), [&](int x, int y, int coverage) {
      // Details end where the body does, so that the truth, which measures bodies, holds every pixel.
      if (canvas_.owner[canvas_.owner_at(x, y)] == number_)
        blend(&canvas_.colour[canvas_.at(x, y) * 3], colour, (coverage * a) >> 8);
    });
  }
  void both_sides(Box box, Colour colour, float alpha = 1) {
    tint(box, colour, alpha);
    box.y = -box.y;
    tint(box, colour, alpha);
  }
  [[nodiscard]] int covered() const { return covered_; }

  void car(const Body& body, Random random) {
    const float l = body.length * 0.5f, w = body.width * 0.5f;
    const int shape = std::min(random.below(10) / 3, 3);  // saloon, hatchback, estate, taxi
    const Colour paint = shape == 3 ? rgb(0xe6b422) : pick(kPaints, random);
    fill({l * 0.36f, w + 0.4f, 1.6f, 1.1f, 0.8f}, scaled(paint, 0.8f));  // mirrors
    fill({l * 0.36f, -w - 0.4f, 1.6f, 1.1f, 0.8f}, scaled(paint, 0.8f));
    fill({0, 0, l, w, w * 0.55f}, scaled(paint, 0.72f));
    fill({0.3f, 0, l - 1.1f, w - 1.3f, w * 0.5f}, paint);
    const float rear = shape == 0 ? -l * 0.42f : shape == 1 ? -l * 0.70f : -l * 0.74f, front = l * 0.34f;
    both_sides({l * 0.62f, w * 0.45f, l * 0.24f, 0.5f, 0.5f}, scaled(paint, 0.82f));  // folds of the bonnet
    tint({(front + rear) * 0.5f, 0, (front - rear) * 0.5f, w - 2.4f, 4}, kGlass);
    tint({front - 2.6f, 0, 1.6f, w - 4.4f, 1.5f}, rgb(0x6d8797), 0.75f);
    const float roof_front = front - l * 0.24f, roof_rear = rear + l * (shape == 0 ? 0.2f : 0.13f);
    const Box roof{(roof_front + roof_rear) * 0.5f, 0, (roof_front - roof_rear) * 0.5f, w - 3.6f, 3};
    tint(roof, scaled(paint, 0.97f));
    tint({roof.x, -roof.half_width * 0.35f, roof.half_length * 0.8f, roof.half_width * 0.28f, 2}, kWhite, 0.22f, 2.5f);
    if (shape == 3) {
      tint({roof.x + 2, 0, 1.6f, 4, 0.6f}, rgb(0xf7f3dd));
      tint({roof.x + 2, 0, 0.5f, 3, 0.3f}, kBlack, 0.8f);
    } else if (shape == 2 || random.chance(0.2f)) {
      both_sides({roof.x, roof.half_width - 0.8f, roof.half_length * 0.9f, 0.45f, 0.4f}, scaled(paint, 0.5f));
    } else if (random.chance(0.25f)) {
      tint({roof.x + 1, 0, roof.half_length * 0.45f, roof.half_width * 0.62f, 1.5f}, rgb(0x15191d));  // sun roof
    }
    both_sides({l - 1.7f, w - 3.2f, 1.0f, 2.0f, 0.9f}, rgb(0xf2f0dc));
    both_sides({-l + 1.3f, w - 3.2f, 0.8f, 2.2f, 0.7f}, rgb(0xa11a1c));
  }

  void truck(const Body& body, Random random) {
    const float l = body.length * 0.5f, w = body.width * 0.5f;
    const Colour cab = pick(kPaints, random);
    const int load = random.below(4);
    const float cab_length = random.uniform(19, 23), cargo = l - cab_length * 0.5f - 1.2f;
    const float cargo_x = -l + cargo;
    fill({0, 0, l - 3, w - 4, 1}, rgb(0x2b2c2e));  // chassis
    const Box front{l - cab_length * 0.5f, 0, cab_length * 0.5f, w - 0.8f, 4};
    fill({front.x + 3, w + 0.4f, 1.2f, 1.5f, 0.7f}, rgb(0x2a2a2c));
    fill({front.x + 3, -w - 0.4f, 1.2f, 1.5f, 0.7f}, rgb(0x2a2a2c));
    fill(front, scaled(cab, 0.75f));
    tint({front.x - 0.6f, 0, front.half_length - 1.4f, w - 2.2f, 3}, cab);
    tint({l - 4.2f, 0, 2.1f, w - 3.6f, 1.6f}, kGlass);
    tint({l - 3.6f, 0, 0.8f, w - 6, 0.8f}, rgb(0x6d8797), 0.8f);
    tint({front.x - 3, 0, 3.6f, w - 5, 1.5f}, scaled(cab, 1.12f));
    both_sides({l - 0.9f, w - 4, 0.8f, 2.2f, 0.7f}, rgb(0xf2f0dc));
    const Box bed{cargo_x, 0, cargo - 0.4f, w, 0.9f};
    if (load <= 1) {  // a closed box, sometimes with stripes
      const Colour boxes[] = {rgb(0xe8e8e4), rgb(0xdcdad2), rgb(0x4d76a8), rgb(0xb5483d), rgb(0x5f8a63), rgb(0xd7a33a)};
      const Colour box = pick(boxes, random);
      fill(bed, scaled(box, 0.8f));
      tint({cargo_x, 0, cargo - 1.6f, w - 1.3f, 0.5f}, box);
      for (float x = -cargo + 6; x < cargo - 3; x += 8) tint({cargo_x + x, 0, 0.45f, w - 1.5f, 0}, kBlack, 0.13f);
      if (random.chance(0.5f)) tint({cargo_x, 0, cargo * 0.55f, w * 0.36f, 1}, pick(kPaints, random), 0.9f);
      tint({cargo_x, -w * 0.5f, cargo - 2, w * 0.2f, 1}, kWhite, 0.16f, 4);
    } else if (load == 2) {  // tipper: sand, gravel, earth
      const Colour loads[] = {rgb(0xc9a86a), rgb(0x8f8a84), rgb(0x5b4433), rgb(0xb98d4f)};
      const Colour heap = pick(loads, random);
      fill(bed, scaled(cab, 0.85f));
      tint({cargo_x, 0, cargo - 2.2f, w - 2.0f, 0.5f}, scaled(heap, 0.72f));
      tint({cargo_x, 0, cargo * 0.72f, w * 0.55f, w * 0.5f}, scaled(heap, 1.08f), 0.95f, 6);
      for (int i = 0; i < 26; ++i)
        tint(disc(cargo_x + random.uniform(-0.85f, 0.85f) * cargo, random.uniform(-0.75f, 0.75f) * w,
                  random.uniform(0.6f, 1.5f)),
             scaled(heap, random.uniform(0.7f, 1.3f)), 0.7f);
    } else {  // flat bed with crates
      fill(bed, rgb(0x77706a));
      for (float y = -w + 3; y < w; y += 3.4f) tint({cargo_x, y, cargo - 1, 0.35f, 0}, kBlack, 0.25f);
      for (float x = -cargo + 11; x < cargo - 8; x += 17) {
        if (random.chance(0.2f)) continue;
        const Colour crate =
            scaled(random.chance(0.5f) ? rgb(0xa97c4c) : pick(kPaints, random), random.uniform(0.85f, 1.1f));
        tint({cargo_x + x + 1, 1, 7.4f, w - 2.6f, 0.6f}, kBlack, 0.35f);
        tint({cargo_x + x, 0, 7.4f, w - 3, 0.6f}, crate);
        tint({cargo_x + x, 0, 0.4f, w - 3, 0}, kBlack, 0.25f);
        tint({cargo_x + x, 0, 7.4f, 0.4f, 0}, kBlack, 0.25f);
      }
    }
    both_sides({-l + 0.9f, w - 3, 0.7f, 2.2f, 0.4f}, rgb(0xa11a1c));
  }

  void bicycle(const Body& body, Random random, bool ridden, float turn) {
    const float l = body.length * 0.5f;
    const Colour frame = scaled(pick(kPaints, random), 0.95f);
    fill({-l + 6.5f, 0, 6.5f, 1.15f, 1.1f}, kTyre);
    fill({l - 6.5f, 0, 6.5f, 1.15f, 1.1f}, kTyre);
    fill({0, 0, l - 7, 1.0f, 0.8f}, frame);
    fill({l - 9, 0, 0.9f, 6.0f, 0.8f}, rgb(0x3a3b3e));
    if (!ridden) {
      fill({-4.5f, 0, 3.0f, 1.9f, 1.4f}, rgb(0x2c221c));
      if (random.chance(0.4f)) fill({l - 4.5f, 0, 3, 3.2f, 0.8f}, rgb(0x8a6a44));
      return;
    }
    const Colour shirt = pick(kClothes, random), skin = pick(kSkin, random);
    const float pedal = std::sin(turn * 0.35f) * 2.4f;
    fill({-1.5f + pedal, 3.2f, 3.6f, 1.3f, 1.2f}, scaled(shirt, 0.55f));
    fill({-1.5f - pedal, -3.2f, 3.6f, 1.3f, 1.2f}, scaled(shirt, 0.55f));
    fill({l - 12.5f, 4.7f, 3.6f, 1.1f, 1}, skin);
    fill({l - 12.5f, -4.7f, 3.6f, 1.1f, 1}, skin);
    fill({-1.6f, 0, 3.6f, 6.1f, 3.4f}, shirt);
    tint({-2.2f, 0, 1.6f, 4.2f, 1.5f}, kWhite, 0.16f, 1.5f);
    const bool helmet = random.chance(0.6f);
    fill(disc(1.2f, 0, 3.5f), helmet ? pick(kPaints, random) : pick(kHair, random));
    if (helmet) {
      tint({1.2f, 0, 3.0f, 0.5f, 0.4f}, kBlack, 0.5f);
      tint({1.2f, 1.7f, 2.3f, 0.4f, 0.4f}, kBlack, 0.5f);
      tint({1.2f, -1.7f, 2.3f, 0.4f, 0.4f}, kBlack, 0.5f);
    }
  }

  void pedestrian(const Body& body, Random random, bool walks, float way) {
    const float w = body.width * 0.5f;
    const Colour coat = pick(kClothes, random), trousers = scaled(pick(kClothes, random), 0.5f),
                 skin = pick(kSkin, random), hair = pick(kHair, random);
    const float step = walks ? std::sin(way * 0.24f) : 0.12f;
    fill({step * 4.2f + 0.8f, w * 0.38f, 3.6f, 1.9f, 1.6f}, trousers);
    fill({-step * 4.2f + 0.8f, -w * 0.38f, 3.6f, 1.9f, 1.6f}, trousers);
    fill({-step * 3.0f + 0.5f, w - 1.5f, 2.6f, 1.5f, 1.4f}, scaled(coat, 0.82f));
    fill({step * 3.0f + 0.5f, -w + 1.5f, 2.6f, 1.5f, 1.4f}, scaled(coat, 0.82f));
    const bool pack = random.chance(0.25f), hat = random.chance(0.25f);
    if (pack) fill({-4.6f, 0, 2.6f, 3.9f, 1.6f}, pick(kClothes, random));
    fill({0, 0, 4.3f, w, 4}, coat);
    tint({-0.8f, 0, 1.9f, w - 2, 1.8f}, kWhite, 0.13f, 2);
    fill(disc(0.8f, 0, 3.9f), hat ? pick(kClothes, random) : hair);
    if (hat) tint(disc(0.8f, 0, 2.2f), kBlack, 0.18f);
    else tint({3.6f, 0, 1.0f, 1.9f, 0.9f}, skin);
  }

 private:
  Canvas& canvas_;
  const Canvas& ground_;
  Pose pose_;
  std::uint16_t number_;
  int covered_ = 0;
};

int Sprites::draw(const Actor& actor, const Pose& pose, std::uint16_t number) {
  Brush brush(canvas_, ground_, pose, number);
  const Body body = body_of(actor.object_class, actor.look);
  const Random random(actor.look, 21);
  switch (actor.object_class) {
    case ObjectClass::car: brush.car(body, random); break;
    case ObjectClass::truck: brush.truck(body, random); break;
    case ObjectClass::bicycle: brush.bicycle(body, random, actor.in_traffic || actor.moving, actor.travelled); break;
    case ObjectClass::pedestrian: brush.pedestrian(body, random, actor.moving, actor.travelled); break;
  }
  return brush.covered();
}

void Sprites::shadow(const Actor& actor, const Pose& pose, Vec sun) {
  const Body body = body_of(actor.object_class, actor.look);
  Box box{0, 0, body.length * 0.5f, body.width * 0.5f, body.width * 0.3f};
  if (actor.object_class == ObjectClass::bicycle) box.half_width = 3.5f, box.half_length -= 4;
  if (actor.object_class == ObjectClass::pedestrian) box = {0, 0, 3.4f, body.width * 0.42f, 3.4f};
  const float length = std::sqrt(sun.x * sun.x + sun.y * sun.y) * body.height;
  const int steps = std::max(1, static_cast<int>(length / 5));
  for (int i = 0; i <= steps; ++i) {
    const float t = body.height * static_cast<float>(i) / static_cast<float>(steps);
    Box copy = box;
    copy.x += sun.x * t;
    copy.y += sun.y * t;
    rasterise(pose, copy, 1.5f, canvas_.frame(), [&](int x, int y, int coverage) {
      std::uint8_t& s = canvas_.sun[canvas_.at(x, y)];
      s = std::min<std::uint8_t>(s, static_cast<std::uint8_t>(std::max(0, 255 - coverage)));
    });
  }
}

void Sprites::lights(const Actor& actor, const Pose& pose, float level, std::vector<Glow>& glows) {
  if (!actor.in_traffic || level <= 0.02f || actor.object_class == ObjectClass::pedestrian) return;
  const Body body = body_of(actor.object_class, actor.look);
  const bool bicycle = actor.object_class == ObjectClass::bicycle;
  const float l = body.length * 0.5f, w = bicycle ? 0 : body.width * 0.5f - 3.4f;
  const float strength = level * (bicycle ? 110.0f : 230.0f) / 256.0f;
  const Box cone{l + (bicycle ? 17.0f : 36.0f), 0, bicycle ? 16.0f : 38.0f, bicycle ? 6.0f : 15.0f, 15};
  rasterise(pose, cone, (bicycle ? 16.0f : 36.0f) * pose.scale, canvas_.frame(), [&](int x, int y, int coverage) {
    std::uint8_t& lamp = canvas_.lamp[canvas_.at(x, y)];
    lamp = static_cast<std::uint8_t>(std::min(255, lamp + static_cast<int>(static_cast<float>(coverage) * strength)));
  });
  const float soft = 4.5f * pose.scale;
  const float brake = actor.moving ? 0.55f : 1.0f;
  for (float side : {-1.0f, 1.0f}) {
    glows.push_back({pose, disc(l - 1, side * w, 1.4f), scaled(rgb(0xfff0c8), level), soft});
    glows.push_back({pose, disc(-l + 1, side * w, 1.1f), scaled(rgb(0xff2018), level * brake), soft * 0.8f});
    if (bicycle) break;
  }
}

}  // namespace vireo::scene
