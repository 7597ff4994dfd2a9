// Collecting, suppressing and writing boxes; see shared.h.

#include <algorithm>
#include <array>
#include <utility>

#include "plugins/decode/shared.h"

namespace vireo::decode {
namespace {

constexpr std::size_t kMaxCandidates = 4096;

bool better(const Box& a, const Box& b) { return a.score != b.score ? a.score > b.score : a.index < b.index; }

void sort_bounded(std::vector<Box>& boxes, std::size_t limit) {
  if (boxes.size() > limit) {
    std::nth_element(boxes.begin(), boxes.begin() + std::ptrdiff_t(limit), boxes.end(), better);
    boxes.resize(limit);
  }
  std::sort(boxes.begin(), boxes.end(), better);
}

bool is_sound(const Box& b) {
  return std::isfinite(b.x1) && std::isfinite(b.y1) && std::isfinite(b.x2) && std::isfinite(b.y2) &&
         std::isfinite(b.score) && std::isfinite(b.angle) && b.x2 > b.x1 && b.y2 > b.y1;
}

struct Corner {
  double x, y;
};

/// A convex polygon of up to eight corners: what clipping one rectangle by another leaves.
struct Polygon {
  std::array<Corner, 8> corners;
  std::size_t count = 0;
  void add(Corner corner) {
    if (count < corners.size()) corners[count++] = corner;
  }
};

Polygon turned(const Box& b) {
  const double cx = (double(b.x1) + b.x2) / 2, cy = (double(b.y1) + b.y2) / 2;
  const double w = (double(b.x2) - b.x1) / 2, h = (double(b.y2) - b.y1) / 2;
  const double c = std::cos(double(b.angle)), s = std::sin(double(b.angle));
  Polygon polygon;
  for (const auto& [u, v] : {std::pair(-w, -h), std::pair(w, -h), std::pair(w, h), std::pair(-w, h)}) {
    polygon.add({cx + u * c - v * s, cy + u * s + v * c});
  }
  return polygon;
}

/// The part of the polygon to the right of the line from `a` to `b` (Sutherland and Hodgman, 1974).
Polygon clipped(const Polygon& polygon, Corner a, Corner b) {
  Polygon rest;
  const auto side = [&](Corner p) { return (b.x - a.x) * (p.y - a.y) - (b.y - a.y) * (p.x - a.x); };
  for (std::size_t i = 0; i < polygon.count; ++i) {
    const Corner from = polygon.corners[i], to = polygon.corners[(i + 1) % polygon.count];
    const double at_from = side(from), at_to = side(to);
    if (at_from >= 0) rest.add(from);
    if ((at_from >= 0) != (at_to >= 0)) {
      const double share = at_from / (at_from - at_to);
      rest.add({from.x + share * (to.x - from.x), from.y + share * (to.y - from.y)});
    }
  }
  return rest;
}

double area(const Polygon& polygon) {
  double twice = 0;
  for (std::size_t i = 0; i < polygon.count; ++i) {
    const Corner p = polygon.corners[i], q = polygon.corners[(i + 1) % polygon.count];
    twice += p.x * q.y - q.x * p.y;
  }
  return std::abs(twice) / 2;
}

float turned_overlap(const Box& a, const Box& b) {
  const double wa = double(a.x2) - a.x1, ha = double(a.y2) - a.y1, wb = double(b.x2) - b.x1, hb = double(b.y2) - b.y1;
  const double dx = (double(a.x1) + a.x2 - b.x1 - b.x2) / 2, dy = (double(a.y1) + a.y2 - b.y1 - b.y2) / 2;
  if (std::hypot(dx, dy) >= (std::hypot(wa, ha) + std::hypot(wb, hb)) / 2) return 0;  // their circles don't meet
  Polygon shared = turned(a);
  const Polygon by = turned(b);
  for (std::size_t i = 0; i < 4 && shared.count > 2; ++i)
    shared = clipped(shared, by.corners[i], by.corners[(i + 1) % 4]);
  const double both = shared.count > 2 ? area(shared) : 0, all = wa * ha + wb * hb - both;
  return all > 0 ? float(both / all) : 0;
}

/// Writes the box, in frame pixels, to `found`; false when nothing of it is in the frame.
bool place(const Box& box, const sdk::Geometry& g, sdk::Detection& found) {
  if (box.angle == 0) {
    const double x1 = g.clip_x(g.to_frame_x(box.x1)), x2 = g.clip_x(g.to_frame_x(box.x2));
    const double y1 = g.clip_y(g.to_frame_y(box.y1)), y2 = g.clip_y(g.to_frame_y(box.y2));
    found.x = float(x1), found.y = float(y1), found.width = float(x2 - x1), found.height = float(y2 - y1);
    return x2 > x1 && y2 > y1;
  }
  // Where the two scales differ, sides are scaled by what their own direction is.
  const double c = std::cos(double(box.angle)), s = std::sin(double(box.angle));
  const double ux = c / g.scale_x, uy = s / g.scale_y, vx = -s / g.scale_x, vy = c / g.scale_y;
  const double w = (double(box.x2) - box.x1) * std::hypot(ux, uy), h = (double(box.y2) - box.y1) * std::hypot(vx, vy);
  const double cx = g.to_frame_x((double(box.x1) + box.x2) / 2), cy = g.to_frame_y((double(box.y1) + box.y2) / 2);
  found.x = float(cx - w / 2), found.y = float(cy - h / 2), found.width = float(w), found.height = float(h);
  found.rotation = float(std::atan2(uy, ux));
  const double across = w / std::hypot(ux, uy), down = h / std::hypot(vx, vy);
  const double half_w = (across * std::abs(ux) + down * std::abs(vx)) / 2;
  const double half_h = (across * std::abs(uy) + down * std::abs(vy)) / 2;
  return w > 0 && h > 0 && cx + half_w > 0 && cy + half_h > 0 && cx - half_w < g.frame_width &&
         cy - half_h < g.frame_height;
}

}  // namespace

float intersection_over_union(const Box& a, const Box& b) noexcept {
  if (a.angle != 0 || b.angle != 0) return turned_overlap(a, b);
  const float width = std::min(a.x2, b.x2) - std::max(a.x1, b.x1);
  const float height = std::min(a.y2, b.y2) - std::max(a.y1, b.y1);
  if (width <= 0 || height <= 0) return 0;
  const float shared = width * height;
  const float all = (a.x2 - a.x1) * (a.y2 - a.y1) + (b.x2 - b.x1) * (b.y2 - b.y1) - shared;
  return all > 0 ? shared / all : 0;
}

void suppress(std::vector<Box>& boxes, float iou, bool agnostic, std::size_t max_kept) {
  std::erase_if(boxes, [](const Box& box) { return !is_sound(box); });
  sort_bounded(boxes, kMaxCandidates);
  std::size_t kept = 0;  // kept boxes lie in front of the one being looked at
  for (std::size_t i = 0; i < boxes.size() && kept < max_kept; ++i) {
    const Box candidate = boxes[i];
    bool free = true;
    for (std::size_t k = 0; k < kept && free; ++k) {
      const bool rivals = agnostic || boxes[k].class_id == candidate.class_id;
      free = !rivals || intersection_over_union(boxes[k], candidate) <= iou;
    }
    if (free) boxes[kept++] = candidate;
  }
  boxes.resize(kept);
}

void column_maxima(const float* scores, std::size_t classes, std::size_t count, float* best) {
  constexpr std::size_t kBlock = 1024;  // of maxima that stay in the first cache while the rows stream by
  for (std::size_t first = 0; first < count; first += kBlock) {
    const std::size_t size = std::min(kBlock, count - first);
    float* block = best + first;
    std::copy_n(scores + first, size, block);
    for (std::size_t c = 1; c < classes; ++c) {
      const float* row = scores + c * count + first;
      for (std::size_t i = 0; i < size; ++i) block[i] = row[i] > block[i] ? row[i] : block[i];
    }
  }
}

int column_class(const float* scores, std::size_t classes, std::size_t count, std::size_t column) {
  std::size_t best = 0;
  for (std::size_t c = 1; c < classes; ++c) {
    best = scores[c * count + column] > scores[best * count + column] ? c : best;
  }
  return int(best);
}

sdk::CellBoxes cell_boxes(const Settings& settings) {
  sdk::CellBoxes boxes;
  boxes.iou = settings.iou;
  boxes.agnostic = settings.agnostic;
  boxes.most = int(settings.max_detections);
  boxes.wanted = settings.wanted;
  return boxes;
}

void finish(std::vector<Box>& boxes, const Settings& settings, const sdk::Geometry& geometry, sdk::FrameResult& result,
            const KeypointReader& keypoints, bool nms) {
  if (nms) {
    suppress(boxes, settings.iou, settings.agnostic, settings.max_detections);
  } else {
    std::erase_if(boxes, [](const Box& box) { return !is_sound(box); });
    sort_bounded(boxes, settings.max_detections);
  }
  std::size_t appended = 0;
  for (const Box& box : boxes) {
    sdk::Detection found;
    if (!place(box, geometry, found)) continue;
    found.score = std::min(box.score, 1.0f);
    found.class_id = box.class_id;
    found.label = settings.label(box.class_id);
    if (keypoints) keypoints(box, found.keypoints);
    for (auto& point : found.keypoints) {
      point.x = float(geometry.to_frame_x(point.x));
      point.y = float(geometry.to_frame_y(point.y));
    }
    result.detections.push_back(std::move(found));
    boxes[appended++] = box;
  }
  boxes.resize(appended);
}

}  // namespace vireo::decode
