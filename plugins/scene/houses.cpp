#include "plugins/scene/houses.h"

#include <numbers>

namespace vireo::scene {
namespace {

constexpr float kPi = std::numbers::pi_v<float>;

void gabled_roof(Ground& ground, const Pose& pose, float hl, float hw, Vec sun, Random& random) {
  const Colour tiles[] = {rgb(0xa5543c), rgb(0x8c4a3a), rgb(0xb66a45), rgb(0x6e6a70), rgb(0x7d5d4c), rgb(0x5a6470)};
  const Colour roof = tiles[random.below(6)];
  for (float side : {-1.0f, 1.0f}) {
    const float lit = sun.y * side > 0 ? 1.12f : 0.80f;
    ground.fill(pose, {0, side * hw * 0.5f, hl, hw * 0.5f, 0}, scaled(roof, lit), Material::roof);
    for (float v = 4; v < hw; v += 5) ground.tint(pose, {0, side * v, hl, 0.5f, 0}, rgb(0x201510), 0.16f);
  }
  ground.fill(pose, {0, 0, hl, 1.4f, 0}, scaled(roof, 1.25f), Material::roof);
  ground.tint(pose, {0, hw - 0.8f, hl, 0.9f, 0}, rgb(0x101010), 0.35f);
  ground.tint(pose, {0, -hw + 0.8f, hl, 0.9f, 0}, rgb(0x101010), 0.35f);
  for (int i = 1 + random.below(3); i > 0; --i) {
    const float x = random.uniform(-hl + 14, hl - 14), y = random.uniform(-hw * 0.7f, hw * 0.7f);
    if (random.chance(0.5f)) {
      ground.fill(pose, {x, y, 5, 4, 0.5f}, rgb(0x7a4a3a), Material::plain);
      ground.fill(pose, {x, y, 2.6f, 2, 0.5f}, rgb(0x2a2422), Material::plain);
    } else {
      ground.fill(pose, {x, y, 6, 4.5f, 0.5f}, rgb(0x2c3742), Material::plain);
      ground.tint(pose, {x - 1.5f, y - 1, 3, 1.8f, 0.5f}, rgb(0xaec6d6), 0.6f);
    }
  }
}

void flat_roof(Ground& ground, const Pose& pose, float hl, float hw, Random& random) {
  const Colour roofs[] = {rgb(0x9a968e), rgb(0x85827e), rgb(0xaaa59a), rgb(0x6f7276), rgb(0xb0a390)};
  const Colour roof = roofs[random.below(5)];
  ground.fill(pose, {0, 0, hl, hw, 1.5f}, scaled(roof, 1.2f), Material::roof);
  ground.fill(pose, {0, 0, hl - 4, hw - 4, 0}, roof, Material::gravel);
  ground.tint(pose, {0, -hw + 5.5f, hl - 4, 1.5f, 0}, rgb(0x000000), 0.2f, 2);
  ground.tint(pose, {-hl + 5.5f, 0, 1.5f, hw - 4, 0}, rgb(0x000000), 0.2f, 2);
  if (random.chance(0.35f) && hl > 50 && hw > 35) {  // solar panels
    for (float x = -hl * 0.6f; x < hl * 0.5f; x += 17)
      for (float y = -hw * 0.4f; y < hw * 0.45f; y += 13) {
        ground.fill(pose, {x, y, 7.4f, 5, 0.3f}, rgb(0x25324f), Material::plain);
        ground.tint(pose, {x, y, 0.4f, 5, 0}, rgb(0x7f8fb0), 0.5f);
        ground.tint(pose, {x, y, 7.4f, 0.4f, 0}, rgb(0x7f8fb0), 0.5f);
      }
    return;
  }
  for (int i = 2 + random.below(4); i > 0; --i) {  // air conditioning
    const float x = random.uniform(-hl + 16, hl - 16), y = random.uniform(-hw + 16, hw - 16),
                size = random.uniform(4, 9);
    ground.tint(pose, {x + 3, y + 3, size + 1, size * 0.8f + 1, 1}, rgb(0x000000), 0.35f, 2);
    ground.fill(pose, {x, y, size, size * 0.8f, 1}, rgb(0xc4c6c6), Material::plain);
    ground.fill(pose, disc(x, y, size * 0.55f), rgb(0x6d7072), Material::plain);
    ground.fill(pose, disc(x, y, size * 0.2f), rgb(0xb0b2b2), Material::plain);
  }
}

}  // namespace

void paint_house(Ground& ground, const Plot& plot, Vec sun) {
  Random random(plot.seed, 2);
  const float inset = random.uniform(8, 18);
  const Rect r{plot.rect.x0 + inset, plot.rect.y0 + inset, plot.rect.x1 - inset, plot.rect.y1 - inset};
  if (r.width() < 30 || r.height() < 30) return;
  const bool wide = r.width() >= r.height();
  const Pose pose = ground.at(r.centre(), wide ? 0 : kPi / 2);
  const float hl = (wide ? r.width() : r.height()) * 0.5f, hw = (wide ? r.height() : r.width()) * 0.5f;
  const Box footprint{0, 0, hl, hw, 1.5f};
  const float height = random.uniform(24, 44);
  ground.cast(pose, footprint, {sun.x * height, sun.y * height});
  ground.sunlit(pose, footprint);
  if (hw < 75 && random.chance(0.6f)) gabled_roof(ground, pose, hl, hw, ground.local(pose, {-sun.x, -sun.y}), random);
  else flat_roof(ground, pose, hl, hw, random);
}

}  // namespace vireo::scene
