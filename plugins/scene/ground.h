#pragma once
// The painter of the static ground: flat shapes first, each with a material, then one pass that gives every material
// its texture. Owned by paint_background for the time of painting.

#include <cstdint>
#include <vector>

#include "plugins/scene/layout.h"

namespace vireo::scene {

enum class Material : std::uint8_t { grass, asphalt, pavement, tiles, gravel, roof, water, plain };

class Ground {
 public:
  Ground(Canvas& canvas, const Pose& world, std::uint64_t seed);

  /// A box in the layout's units at `pose` (made by at()).
  void fill(const Pose& pose, const Box& box, Colour colour, Material material);
  /// Colour only, over what is there.
  void tint(const Pose& pose, const Box& box, Colour colour, float alpha, float soft_units = 0);
  void shade(const Pose& pose, const Box& box, float soft_units);
  void light(const Pose& pose, const Box& box, float strength, float soft_units);
  void sunlit(const Pose& pose, const Box& box);
  /// The shadow of a box that stands on the ground: swept from its place along `reach`, in the layout's axes.
  void cast(const Pose& pose, const Box& box, Vec reach);
  /// A direction of the layout in the axes of a pose.
  [[nodiscard]] Vec local(const Pose& pose, Vec direction) const;

  /// A band along a path from s0 to s1.
  void stroke(const Path& path, float lateral, float half_width, float s0, float s1, Colour colour, Material material);
  void tint_stroke(const Path& path, float lateral, float half_width, float s0, float s1, Colour colour, float alpha,
                   float soft_units);
  void rect(const Rect& rect, Colour colour, Material material, float radius = 0);

  [[nodiscard]] Pose at(Vec position, float heading = 0) const;
  [[nodiscard]] float scale() const { return world_.scale; }

  /// Gives each pixel the texture of its material.
  void texture();

 private:
  template <class Draw>
  void along(const Path& path, float lateral, float half_width, float s0, float s1, Draw&& draw);

  Canvas& canvas_;
  Pose world_;
  std::uint64_t seed_;
  std::vector<Material> material_;
};

}  // namespace vireo::scene
