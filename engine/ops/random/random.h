#pragma once
// random: an element is a function of the seed and its index, so that any part can be drawn by itself. Pure; any
// thread.

#include "engine/ops/shared/reference.h"
#include "engine/ops/shared/shape.h"

namespace vireo::ops {

struct RandomDraw {
  Dims dims;
  std::uint64_t start = 0;  ///< made of the seed
  bool is_normal = false;
  double offset = 0, factor = 1;
};
[[nodiscard]] RandomDraw random_draw(const Attributes& attributes, const Dims& dims);
/// Elements [first, end) of y.
void draw_floats(const RandomDraw& draw, std::int64_t first, std::int64_t end, float* y) noexcept;

void random_reference(const EvalContext&);
[[nodiscard]] std::span<const Tactic> random_tactics();

}  // namespace vireo::ops
