#include "plugins/sdk/detection.h"

#include <algorithm>
#include <cmath>
#include <map>

namespace vireo::sdk {
namespace {

int next_id(const FrameResult& result) {
  int next = 0;
  for (const Detection& detection : result.detections) next = std::max(next, detection.id + 1);
  return next;
}

/// Axes stay axes: upright boxes stay upright.
bool keeps_axes(const Affine& m) { return (m.xy == 0 && m.yx == 0) || (m.xx == 0 && m.yy == 0); }

double map_x(const Affine& m, double x, double y) { return m.xx * x + m.xy * y + m.x0; }
double map_y(const Affine& m, double x, double y) { return m.yx * x + m.yy * y + m.y0; }

struct Rect {
  double x0, y0, x1, y1;
};

/// The upright rectangle around what the rectangle becomes.
Rect around(const Affine& m, double x, double y, double width, double height) {
  Rect r{1e300, 1e300, -1e300, -1e300};
  for (const double cx : {x, x + width}) {
    for (const double cy : {y, y + height}) {
      const double px = map_x(m, cx, cy), py = map_y(m, cx, cy);
      r = {std::min(r.x0, px), std::min(r.y0, py), std::max(r.x1, px), std::max(r.y1, py)};
    }
  }
  return r;
}

/// For a map that keeps axes: the cell of the old grid that shows at a cell of the new one.
struct Turn {
  bool swapped, flip_x, flip_y;
  explicit Turn(const Affine& m)
      : swapped(m.xx == 0 && m.yy == 0), flip_x(swapped ? m.xy < 0 : m.xx < 0), flip_y(swapped ? m.yx < 0 : m.yy < 0) {}
};

void turn_mask(Mask& mask, const Affine& m) {
  if (mask.empty()) return;
  if (!keeps_axes(m)) {  // no element turns by other angles than quarters
    mask = {};
    return;
  }
  const Rect r = around(m, mask.x, mask.y, mask.width, mask.height);
  mask.x = float(r.x0), mask.y = float(r.y0), mask.width = float(r.x1 - r.x0), mask.height = float(r.y1 - r.y0);
  const Turn turn(m);
  if (!turn.swapped && !turn.flip_x && !turn.flip_y) return;
  const int columns = turn.swapped ? mask.rows : mask.columns, rows = turn.swapped ? mask.columns : mask.rows;
  std::vector<std::uint8_t> cover(mask.cover.size());
  for (int y = 0; y < rows; ++y) {
    for (int x = 0; x < columns; ++x) {
      const int u = turn.flip_x ? columns - 1 - x : x, v = turn.flip_y ? rows - 1 - y : y;
      const int old_x = turn.swapped ? v : u, old_y = turn.swapped ? u : v;
      cover[std::size_t(y) * std::size_t(columns) + std::size_t(x)] =
          mask.cover[std::size_t(old_y) * std::size_t(mask.columns) + std::size_t(old_x)];
    }
  }
  mask.columns = columns, mask.rows = rows;
  mask.cover = std::move(cover);
}

/// The cells of the new picture, each with what lies under its centre; class 0 with score 0 where nothing does.
void turn_map(ClassMap& map, const Affine& m, double old_width, double old_height, int width, int height) {
  if (map.width <= 0 || map.height <= 0 || old_width <= 0 || old_height <= 0 || !keeps_axes(m)) return;
  const double det = m.xx * m.yy - m.xy * m.yx;
  if (det == 0) return;
  const Turn turn(m);
  const double cell_x = old_width / map.width, cell_y = old_height / map.height;
  const double new_x = turn.swapped ? std::abs(m.xy) * cell_y : std::abs(m.xx) * cell_x;
  const double new_y = turn.swapped ? std::abs(m.yx) * cell_x : std::abs(m.yy) * cell_y;
  ClassMap out;
  out.labels = std::move(map.labels);
  out.stage = std::move(map.stage);
  out.width = int(std::clamp(std::round(width / new_x), 1.0, 16384.0));
  out.height = int(std::clamp(std::round(height / new_y), 1.0, 16384.0));
  out.class_ids.reserve(std::size_t(out.width) * std::size_t(out.height));
  for (int y = 0; y < out.height; ++y) {
    for (int x = 0; x < out.width; ++x) {
      const double px = (x + 0.5) * width / out.width - m.x0, py = (y + 0.5) * height / out.height - m.y0;
      const double cx = (m.yy * px - m.xy * py) / det / cell_x, cy = (m.xx * py - m.yx * px) / det / cell_y;
      const bool inside = cx >= 0 && cy >= 0 && cx < map.width && cy < map.height;
      const auto at = inside ? std::size_t(cy) * std::size_t(map.width) + std::size_t(cx) : 0;
      out.class_ids.push_back(inside ? map.class_ids[at] : std::uint8_t(0));
      if (!map.scores.empty()) out.scores.push_back(inside ? map.scores[at] : 0.0f);
    }
  }
  map = std::move(out);
}

/// False when nothing of the detection is left in the picture.
bool turn_detection(Detection& d, const Affine& m, int width, int height) {
  for (Keypoint& point : d.keypoints) {
    const double x = point.x, y = point.y;
    point.x = float(map_x(m, x, y)), point.y = float(map_y(m, x, y));
  }
  turn_mask(d.mask, m);
  if (d.rotation == 0 && keeps_axes(m)) {
    const Rect r = around(m, d.x, d.y, d.width, d.height);
    const double x0 = std::clamp(r.x0, 0.0, double(width)), x1 = std::clamp(r.x1, 0.0, double(width));
    const double y0 = std::clamp(r.y0, 0.0, double(height)), y1 = std::clamp(r.y1, 0.0, double(height));
    d.x = float(x0), d.y = float(y0), d.width = float(x1 - x0), d.height = float(y1 - y0);
    return x1 > x0 && y1 > y0;
  }
  const double c = std::cos(double(d.rotation)), s = std::sin(double(d.rotation));
  const double cx = d.x + d.width / 2.0, cy = d.y + d.height / 2.0;
  const double ux = m.xx * c + m.xy * s, uy = m.yx * c + m.yy * s;    // where the width points
  const double vx = -m.xx * s + m.xy * c, vy = -m.yx * s + m.yy * c;  // where the height points
  const double w = d.width * std::hypot(ux, uy), h = d.height * std::hypot(vx, vy);
  const double x = map_x(m, cx, cy), y = map_y(m, cx, cy);
  d.x = float(x - w / 2), d.y = float(y - h / 2), d.width = float(w), d.height = float(h);
  d.rotation = float(std::atan2(uy, ux));
  const double reach = std::hypot(w, h) / 2;
  return x + reach > 0 && y + reach > 0 && x - reach < width && y - reach < height;
}

}  // namespace

const Detection* FrameResult::find(int id) const noexcept {
  for (const Detection& detection : detections) {
    if (detection.id == id && id >= 0) return &detection;
  }
  return nullptr;
}

std::vector<const Detection*> FrameResult::children_of(int id) const {
  std::vector<const Detection*> children;
  for (const Detection& detection : detections) {
    if (id >= 0 && detection.parent == id) children.push_back(&detection);
  }
  return children;
}

void number_detections(FrameResult& result) {
  int next = next_id(result);
  for (Detection& detection : result.detections) {
    if (detection.id < 0) detection.id = next++;
  }
}

void merge_result(FrameResult& all, FrameResult stage) {
  const bool sized = all.width > 0 && all.height > 0 && stage.width > 0 && stage.height > 0;
  if (sized && (all.width != stage.width || all.height != stage.height)) {
    transform_result(stage, Affine::scale(double(all.width) / stage.width, double(all.height) / stage.height),
                     all.width, all.height);
  }
  number_detections(all);
  std::map<int, int> ids;  // of the stage's detections, there and here
  int next = next_id(all);
  for (Detection& detection : stage.detections) {
    if (detection.id >= 0) ids[detection.id] = next;
    detection.id = next++;
  }
  const auto follow = [&](int& id) {
    if (const auto found = ids.find(id); found != ids.end()) id = found->second;
  };
  for (Detection& detection : stage.detections) follow(detection.parent);
  for (Event& event : stage.events) follow(event.detection);
  const auto append = [](auto& to, auto& from) {
    to.insert(to.end(), std::make_move_iterator(from.begin()), std::make_move_iterator(from.end()));
  };
  append(all.detections, stage.detections);
  append(all.classes, stage.classes);
  append(all.maps, stage.maps);
  append(all.events, stage.events);
}

Affine Affine::then(const Affine& next) const noexcept {
  return {next.xx * xx + next.xy * yx, next.xx * xy + next.xy * yy, next.xx * x0 + next.xy * y0 + next.x0,
          next.yx * xx + next.yy * yx, next.yx * xy + next.yy * yy, next.yx * x0 + next.yy * y0 + next.y0};
}

void transform_result(FrameResult& result, const Affine& map, int width, int height) {
  for (ClassMap& each : result.maps) turn_map(each, map, result.width, result.height, width, height);
  std::erase_if(result.detections, [&](Detection& d) { return !turn_detection(d, map, width, height); });
  for (Detection& detection : result.detections) {
    if (result.find(detection.parent) == nullptr) detection.parent = -1;
  }
  for (Event& event : result.events) {
    if (result.find(event.detection) == nullptr) event.detection = -1;
  }
  result.width = width;
  result.height = height;
}

}  // namespace vireo::sdk
