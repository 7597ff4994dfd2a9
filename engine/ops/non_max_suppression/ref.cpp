#include <algorithm>

#include "engine/ops/shared/reference.h"

namespace vireo::ops {
namespace {

struct Box {
  float y1, x1, y2, x2;
  [[nodiscard]] float area() const { return (y2 - y1) * (x2 - x1); }
};

Box box_at(const float* p, bool centre) {
  if (centre) return {p[1] - p[3] / 2, p[0] - p[2] / 2, p[1] + p[3] / 2, p[0] + p[2] / 2};
  return {std::min(p[0], p[2]), std::min(p[1], p[3]), std::max(p[0], p[2]), std::max(p[1], p[3])};
}

bool overlaps(const Box& a, const Box& b, float limit) {
  const float height = std::min(a.y2, b.y2) - std::max(a.y1, b.y1), width = std::min(a.x2, b.x2) - std::max(a.x1, b.x1);
  if (height <= 0 || width <= 0 || a.area() <= 0 || b.area() <= 0) return false;
  const float shared = height * width;
  return shared > limit * (a.area() + b.area() - shared);
}

}  // namespace

void non_max_suppression_reference(const EvalContext& c) {
  const View &boxes = c.inputs[0], &scores = c.inputs[1];
  View& out = c.outputs[0];
  const std::int64_t count = boxes.dims[1], classes = scores.dims[1];
  const auto number = [&](std::size_t k, float fallback) {
    return has_input(c, k) && c.inputs[k].count() > 0 ? *c.inputs[k].as<float>() : fallback;
  };
  const std::int64_t most = has_input(c, 2) && c.inputs[2].count() > 0 ? read_integers(c.inputs[2])[0] : 0;
  const float limit = number(3, 0);
  const bool floor_given = has_input(c, 4) && c.inputs[4].count() > 0,
             centre = c.attributes.integer("center_point_box", 0) != 0;
  const float floor = number(4, 0);
  if (scores.count() == 0) {
    out.dims = {0, 3};
    return;
  }
  std::int64_t* y = out.as<std::int64_t>();
  std::int64_t written = 0;
  for (std::int64_t n = 0; n < scores.dims[0]; ++n)
    for (std::int64_t k = 0; k < classes; ++k) {
      const float* score = scores.as<float>() + (n * classes + k) * count;
      std::vector<std::int64_t> order;
      for (std::int64_t i = 0; i < count; ++i)
        if (floor_given ? score[i] > floor : score[i] == score[i]) order.push_back(i);
      std::stable_sort(order.begin(), order.end(), [&](std::int64_t a, std::int64_t b) { return score[a] > score[b]; });
      std::vector<Box> kept;
      for (std::int64_t i : order) {
        if (static_cast<std::int64_t>(kept.size()) >= most) break;
        const Box box = box_at(boxes.as<float>() + (n * count + i) * 4, centre);
        if (std::any_of(kept.begin(), kept.end(), [&](const Box& better) { return overlaps(better, box, limit); }))
          continue;
        kept.push_back(box);
        *y++ = n;
        *y++ = k;
        *y++ = i;
        ++written;
      }
    }
  out.dims = {written, 3};
}

}  // namespace vireo::ops
