// Collecting, suppressing and writing boxes; see shared.h.

#include <algorithm>

#include "plugins/decode/shared.h"

namespace vireo::decode {
namespace {

constexpr std::size_t kMaxCandidates = 4096;

bool better(const Box& a, const Box& b) {
  return a.score != b.score ? a.score > b.score : a.index < b.index;
}

void sort_bounded(std::vector<Box>& boxes, std::size_t limit) {
  if (boxes.size() > limit) {
    std::nth_element(boxes.begin(), boxes.begin() + std::ptrdiff_t(limit), boxes.end(), better);
    boxes.resize(limit);
  }
  std::sort(boxes.begin(), boxes.end(), better);
}

bool is_sound(const Box& b) {
  return std::isfinite(b.x1) && std::isfinite(b.y1) && std::isfinite(b.x2) && std::isfinite(b.y2) &&
         std::isfinite(b.score) && b.x2 > b.x1 && b.y2 > b.y1;
}

}  // namespace

float intersection_over_union(const Box& a, const Box& b) noexcept {
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

void finish(std::vector<Box>& boxes, const Settings& settings, const sdk::Geometry& geometry, sdk::FrameResult& result,
            const KeypointReader& keypoints, bool nms) {
  if (nms) {
    suppress(boxes, settings.iou, settings.agnostic, settings.max_detections);
  } else {
    std::erase_if(boxes, [](const Box& box) { return !is_sound(box); });
    sort_bounded(boxes, settings.max_detections);
  }
  for (const Box& box : boxes) {
    const double x1 = geometry.clip_x(geometry.to_frame_x(box.x1)), x2 = geometry.clip_x(geometry.to_frame_x(box.x2));
    const double y1 = geometry.clip_y(geometry.to_frame_y(box.y1)), y2 = geometry.clip_y(geometry.to_frame_y(box.y2));
    if (x2 <= x1 || y2 <= y1) continue;
    sdk::Detection& found = result.detections.emplace_back();
    found.x = float(x1);
    found.y = float(y1);
    found.width = float(x2 - x1);
    found.height = float(y2 - y1);
    found.score = std::min(box.score, 1.0f);
    found.class_id = box.class_id;
    found.label = settings.label(box.class_id);
    if (!keypoints) continue;
    keypoints(box, found.keypoints);
    for (auto& point : found.keypoints) {
      point.x = float(geometry.to_frame_x(point.x));
      point.y = float(geometry.to_frame_y(point.y));
    }
  }
}

}  // namespace vireo::decode
