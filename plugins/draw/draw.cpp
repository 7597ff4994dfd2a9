// What goes where: maps and masks first, then box fills, outlines and keypoints, then the text about the whole frame,
// then labels, which look for a free place around their box, so that neighbours stay readable.

#include "plugins/draw/draw.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <optional>

#include "plugins/draw/font.h"
#include "plugins/draw/shapes.h"

namespace vireo::draw {
namespace {

constexpr std::pair<int, int> kPose[] = {{0, 1},  {0, 2},  {1, 3},  {2, 4},   {5, 6},   {5, 7},   {7, 9},   {6, 8},
                                         {8, 10}, {5, 11}, {6, 12}, {11, 12}, {11, 13}, {13, 15}, {12, 14}, {14, 16}};
constexpr std::pair<int, int> kHand[] = {{0, 1},   {1, 2},   {2, 3},   {3, 4},   {0, 5},   {5, 6},   {6, 7},
                                         {7, 8},   {5, 9},   {9, 10},  {10, 11}, {11, 12}, {9, 13},  {13, 14},
                                         {14, 15}, {15, 16}, {13, 17}, {17, 18}, {18, 19}, {19, 20}, {0, 17}};
constexpr std::pair<int, int> kQuadrangle[] = {{0, 1}, {1, 2}, {2, 3}, {3, 0}};

struct Area {
  int x0, y0, x1, y1;
  [[nodiscard]] bool meets(const Area& o) const { return x0 < o.x1 && o.x0 < x1 && y0 < o.y1 && o.y0 < y1; }
};

/// A coordinate as a pixel edge; far outside stays outside without overflow.
int edge(double v) { return static_cast<int>(std::lround(std::clamp(v, -1e6, 1e6))); }

int opacity(float share) {
  return static_cast<int>(std::clamp(std::isfinite(share) ? share : 0.0f, 0.0f, 1.0f) * 256.0f);
}

int percent(float score) {
  return std::isfinite(score) ? static_cast<int>(std::lround(std::clamp(score, 0.0f, 1.0f) * 100.0f)) : 0;
}

}  // namespace

struct Renderer::State {
  DrawStyle style;
  std::optional<Font> font;
  Pen pen;
  std::vector<Area> placed;
  std::vector<std::uint8_t> row;  ///< of a mask
  std::string text;
  // Of the frame being drawn.
  int line = 2;
  double scale_x = 1, scale_y = 1;

  void prepare(const Surface& surface, const sdk::FrameResult& result);
  [[nodiscard]] bool shown(const sdk::Detection& d) const {
    return d.score >= style.min_score || !(style.min_score > 0);
  }
  [[nodiscard]] Colour colour_of(const sdk::Detection& d) const {
    return palette_colour(style.colour_by == ColourBy::track ? d.track_id : d.class_id);
  }
  [[nodiscard]] Point place(float x, float y) const {
    return {static_cast<float>(x * scale_x), static_cast<float>(y * scale_y)};
  }

  void map(Surface& surface, const sdk::ClassMap& map);
  void mask(Surface& surface, const sdk::Detection& d);
  void box(Surface& surface, const sdk::Detection& d);
  void rotated_box(Surface& surface, const sdk::Detection& d, const Ink& ink, const Ink& dark);
  void keypoints(Surface& surface, const sdk::Detection& d);
  void label(Surface& surface, const sdk::Detection& d);
  std::optional<Area> find_room(const Surface& surface, const Area& box, int width, int height) const;
  Area over(const Surface& surface, const Area& box, int width) const;
  void plate(Surface& surface, const Area& at, std::string_view words, Colour background, int alpha);
  void classes(Surface& surface, const sdk::FrameResult& result, int top);
  int status_line(Surface& surface, std::string_view words);
  [[nodiscard]] int pad() const { return std::max(2, font->capital() / 3); }
  [[nodiscard]] int plate_height() const { return font->capital() + 2 * pad(); }
};

void Renderer::State::prepare(const Surface& surface, const sdk::FrameResult& result) {
  const int size = std::min(surface.width(), surface.height());
  line = style.thickness > 0 ? std::min(style.thickness, 64) : std::clamp((size + 120) / 300, 1, 16);
  const int capital = style.text_size > 0 ? std::clamp(style.text_size, 6, 96) : std::clamp((size + 30) / 60, 7, 40);
  if (!font || font->capital() != capital) font.emplace(capital);
  scale_x = result.width > 0 ? static_cast<double>(surface.width()) / result.width : 1.0;
  scale_y = result.height > 0 ? static_cast<double>(surface.height()) / result.height : 1.0;
  placed.clear();
  placed.reserve(256);
}

void Renderer::State::map(Surface& surface, const sdk::ClassMap& map) {
  if (map.width <= 0 || map.height <= 0 ||
      map.class_ids.size() < static_cast<std::size_t>(map.width) * static_cast<std::size_t>(map.height))
    return;
  const auto is_background = [&](int id) {
    if (static_cast<std::size_t>(id) < map.labels.size())
      return map.labels[static_cast<std::size_t>(id)].find("background") != std::string::npos;
    return id == 0 && map.labels.empty();
  };
  const int alpha = opacity(style.map_opacity);
  const auto at = [](std::int64_t cell, int cells, int pixels) { return static_cast<int>(cell * pixels / cells); };
  for (int row = 0; row < map.height; ++row) {
    const int y0 = at(row, map.height, surface.height()), y1 = at(row + 1, map.height, surface.height());
    if (y0 == y1) continue;
    const std::uint8_t* ids = &map.class_ids[static_cast<std::size_t>(row) * static_cast<std::size_t>(map.width)];
    for (int from = 0, to; from < map.width; from = to) {
      to = from + 1;
      while (to < map.width && ids[to] == ids[from]) ++to;
      if (is_background(ids[from])) continue;
      surface.rect(at(from, map.width, surface.width()), y0, at(to, map.width, surface.width()), y1,
                   surface.ink(palette_colour(ids[from])), alpha);
    }
  }
}

/// Row by row: the cells' cover between their centres is linear, and its half is the edge.
void Renderer::State::mask(Surface& surface, const sdk::Detection& d) {
  const sdk::Mask& m = d.mask;
  if (m.empty() || m.cover.size() < static_cast<std::size_t>(m.columns) * static_cast<std::size_t>(m.rows)) return;
  const double left = m.x * scale_x, top = m.y * scale_y, width = m.width * scale_x, height = m.height * scale_y;
  if (!std::isfinite(left + top + width + height) || width <= 0 || height <= 0) return;
  const int x0 = std::max(edge(left), 0), x1 = std::min(edge(left + width), surface.width());
  const int y0 = std::max(edge(top), 0), y1 = std::min(edge(top + height), surface.height());
  if (x0 >= x1 || y0 >= y1) return;
  const Ink ink = surface.ink(colour_of(d));
  const int alpha = opacity(style.map_opacity);
  row.resize(static_cast<std::size_t>(x1 - x0));
  const auto between = [](double at, int cells, int& cell) {  // 0 … 256 of the way from `cell` to the next
    const double v = std::clamp(at, 0.0, cells - 1.0);
    cell = std::min(static_cast<int>(v), std::max(cells - 2, 0));
    return cells > 1 ? static_cast<int>((v - cell) * 256) : 0;
  };
  for (int y = y0; y < y1; ++y) {
    int r = 0, c = 0;
    const int down = between((y + 0.5 - top) / height * m.rows - 0.5, m.rows, r);
    const std::uint8_t* above = m.cover.data() + static_cast<std::ptrdiff_t>(r) * m.columns;
    const std::uint8_t* below = above + (m.rows > 1 ? m.columns : 0);
    for (int x = x0; x < x1; ++x) {
      const int across = between((x + 0.5 - left) / width * m.columns - 0.5, m.columns, c);
      const int next = m.columns > 1 ? c + 1 : c;
      const int upper = above[c] * (256 - across) + above[next] * across;
      const int lower = below[c] * (256 - across) + below[next] * across;
      const int cover = (upper * (256 - down) + lower * down) >> 16;
      row[static_cast<std::size_t>(x - x0)] = static_cast<std::uint8_t>(std::clamp((cover - 112) * 8, 0, 255));
    }
    surface.mask(x0, y, x1 - x0, 1, row.data(), x1 - x0, ink, alpha);
  }
}

void Renderer::State::box(Surface& surface, const sdk::Detection& d) {
  const Ink ink = surface.ink(colour_of(d)), dark = surface.ink({0, 0, 0});
  if (d.rotation != 0 && std::isfinite(d.rotation)) return rotated_box(surface, d, ink, dark);
  const double right = (static_cast<double>(d.x) + d.width) * scale_x,
               low = (static_cast<double>(d.y) + d.height) * scale_y;
  if (!std::isfinite(right) || !std::isfinite(low) || !(d.width > 0) || !(d.height > 0)) return;
  const Area a{edge(d.x * scale_x), edge(d.y * scale_y), std::max(edge(right), edge(d.x * scale_x) + 1),
               std::max(edge(low), edge(d.y * scale_y) + 1)};
  if (style.fill > 0) surface.rect(a.x0, a.y0, a.x1, a.y1, ink, opacity(style.fill));
  // The outline lies around the object; a thin dark rim keeps it visible on any ground.
  const auto frame = [&](const Area& inner, int t, const Ink& paint, int alpha) {
    surface.rect(inner.x0 - t, inner.y0 - t, inner.x1 + t, inner.y0, paint, alpha);
    surface.rect(inner.x0 - t, inner.y1, inner.x1 + t, inner.y1 + t, paint, alpha);
    surface.rect(inner.x0 - t, inner.y0, inner.x0, inner.y1, paint, alpha);
    surface.rect(inner.x1, inner.y0, inner.x1 + t, inner.y1, paint, alpha);
  };
  const int rim = std::max(1, line / 3), inside = line / 2, outside = line - inside;
  // Boxes smaller than their own line are all line.
  const int in = std::min({inside, (a.x1 - a.x0 - 1) / 2, (a.y1 - a.y0 - 1) / 2});
  const Area inner{a.x0 + in, a.y0 + in, a.x1 - in, a.y1 - in};
  const Area outer{a.x0 - outside, a.y0 - outside, a.x1 + outside, a.y1 + outside};
  frame(outer, rim, dark, 96);
  frame(inner, in + outside, ink, 256);
}

void Renderer::State::rotated_box(Surface& surface, const sdk::Detection& d, const Ink& ink, const Ink& dark) {
  if (!(d.width > 0) || !(d.height > 0)) return;
  const float cx = d.x + d.width / 2, cy = d.y + d.height / 2, c = std::cos(d.rotation), s = std::sin(d.rotation);
  Point corners[4];
  for (int i = 0; i < 4; ++i) {
    const float u = (i == 0 || i == 3 ? -0.5f : 0.5f) * d.width, v = (i < 2 ? -0.5f : 0.5f) * d.height;
    corners[i] = place(cx + u * c - v * s, cy + u * s + v * c);
  }
  const auto outline = [&](float width, const Ink& paint, int alpha) {
    for (int i = 0; i < 4; ++i) pen.line(surface, corners[i], corners[(i + 1) % 4], width, paint, alpha);
  };
  outline(static_cast<float>(line + 2), dark, 96);
  outline(static_cast<float>(line), ink, 256);
}

void Renderer::State::keypoints(Surface& surface, const sdk::Detection& d) {
  if (d.keypoints.empty()) return;
  const auto sure = [&](const sdk::Keypoint& k) { return k.score >= style.min_keypoint_score; };
  const Colour colour = colour_of(d);
  const Ink ink = surface.ink(colour), dark = surface.ink({0, 0, 0}), light = surface.ink({255, 255, 255});
  const auto connect = [&](const std::pair<int, int>& pair) {
    const auto count = static_cast<int>(d.keypoints.size());
    if (pair.first < 0 || pair.second < 0 || pair.first >= count || pair.second >= count) return;
    const auto &a = d.keypoints[static_cast<std::size_t>(pair.first)],
               &b = d.keypoints[static_cast<std::size_t>(pair.second)];
    if (sure(a) && sure(b)) pen.line(surface, place(a.x, a.y), place(b.x, b.y), static_cast<float>(line), ink);
  };
  if (!style.skeleton.empty()) std::for_each(style.skeleton.begin(), style.skeleton.end(), connect);
  else if (d.keypoints.size() == 17) std::for_each(std::begin(kPose), std::end(kPose), connect);
  else if (d.keypoints.size() == 21) std::for_each(std::begin(kHand), std::end(kHand), connect);
  else if (d.keypoints.size() == 4) std::for_each(std::begin(kQuadrangle), std::end(kQuadrangle), connect);
  // Dots follow the object: those of a small face must not hide it.
  const double size = std::sqrt(std::max(0.0, static_cast<double>(d.width) * d.height * scale_x * scale_y));
  const float dot = std::clamp(static_cast<float>(size) / 22.0f, 2.0f, static_cast<float>(line) * 2.0f + 1.0f);
  const bool many = d.keypoints.size() > 60;
  for (const sdk::Keypoint& k : d.keypoints) {
    if (!sure(k)) continue;
    if (!many) pen.disc(surface, place(k.x, k.y), dot + 2, dark, 150);
    pen.disc(surface, place(k.x, k.y), many ? std::min(dot, 2.5f) : dot, many ? ink : light);
  }
}

/// Above the box where there is room and no other text, else below, at its other corner, beside, inside.
std::optional<Area> Renderer::State::find_room(const Surface& surface, const Area& box, int width, int height) const {
  const int gap = line - line / 2;
  const int left = box.x0 - gap, right = box.x1 + gap;
  const Area tries[] = {{left, box.y0 - gap - height, 0, 0},          {left, box.y1 + gap, 0, 0},
                        {right - width, box.y0 - gap - height, 0, 0}, {right, box.y0 - gap, 0, 0},
                        {left - width, box.y0 - gap, 0, 0},           {left, box.y0 + line / 2, 0, 0}};
  for (const Area& at : tries) {
    Area area{std::clamp(at.x0, 0, std::max(0, surface.width() - width)), at.y0, 0, at.y0 + height};
    area.x1 = area.x0 + width;
    if (area.y0 < 0 || area.y1 > surface.height()) continue;
    if (std::none_of(placed.begin(), placed.end(), [&](const Area& other) { return other.meets(area); })) return area;
  }
  return std::nullopt;
}

/// The place of a label where none is free: at the top of the box, inside the frame.
Area Renderer::State::over(const Surface& surface, const Area& box, int width) const {
  const int height = plate_height();
  const int x = std::clamp(box.x0, 0, std::max(0, surface.width() - width)),
            y = std::clamp(box.y0 - height, 0, std::max(0, surface.height() - height));
  return {x, y, x + width, y + height};
}

void Renderer::State::plate(Surface& surface, const Area& at, std::string_view words, Colour background, int alpha) {
  pen.rounded(surface, at.x0, at.y0, at.x1, at.y1, std::max(2, font->capital() / 4), surface.ink(background), alpha);
  font->draw(surface, at.x0 + pad(), at.y0 + pad() + font->capital(), words, surface.ink(readable_on(background)), 256);
}

void Renderer::State::label(Surface& surface, const sdk::Detection& d) {
  const double right = (static_cast<double>(d.x) + d.width) * scale_x,
               low = (static_cast<double>(d.y) + d.height) * scale_y;
  if (!std::isfinite(right) || !std::isfinite(low)) return;
  const Area a{edge(d.x * scale_x), edge(d.y * scale_y), edge(right), edge(low)};
  if (a.x1 <= 0 || a.y1 <= 0 || a.x0 >= surface.width() || a.y0 >= surface.height()) return;
  text.clear();
  char number[32];
  if (d.track_id >= 0) {
    std::snprintf(number, sizeof number, "#%lld ", static_cast<long long>(d.track_id));
    text += number;
  }
  text.append(d.label, 0, 64);
  for (const sdk::Classification& c : d.classes) text.append(text.empty() ? "" : ", ").append(c.label, 0, 32);
  // A small object shows its name alone: a long label would hide its neighbours.
  const bool small = font->width(text) > 2 * (a.x1 - a.x0);
  if (style.scores && (!small || text.empty())) {
    std::snprintf(number, sizeof number, text.empty() ? "%d%%" : " %d%%", percent(d.score));
    text += number;
  }
  if (text.empty()) return;
  std::optional<Area> at = find_room(surface, a, font->width(text) + 2 * pad(), plate_height());
  if (!at && small) return;  // in a crowd the colour of the box must be enough
  if (!at) at = over(surface, a, font->width(text) + 2 * pad());
  placed.push_back(*at);
  plate(surface, *at, text, colour_of(d), 226);
}

void Renderer::State::classes(Surface& surface, const sdk::FrameResult& result, int top) {
  int shown_lines = 0;
  for (const sdk::Classification& c : result.classes) {
    if (shown_lines == 5 || (style.min_score > 0 && c.score < style.min_score)) break;
    char number[16];
    std::snprintf(number, sizeof number, "%3d%% ", percent(c.score));
    text.assign(number);
    text.append(c.label, 0, 96);
    const int width = font->width(text) + 2 * pad(), y = top + shown_lines * (plate_height() + pad() / 2);
    const int left = 2 * pad();
    placed.push_back({left, y, left + width, y + plate_height()});
    plate(surface, placed.back(), text, shown_lines == 0 ? palette_colour(c.class_id) : Colour{24, 27, 33},
          shown_lines == 0 ? 236 : 176);
    ++shown_lines;
  }
}

/// Returns where the lines below it may begin.
int Renderer::State::status_line(Surface& surface, std::string_view words) {
  const int margin = 2 * pad();
  if (words.empty()) return margin;
  words = words.substr(0, 512);
  const int width = font->width(words) + 2 * pad() + pad(), height = plate_height() + pad() / 2;
  const bool right = style.status_corner == Corner::top_right || style.status_corner == Corner::bottom_right;
  const bool low = style.status_corner == Corner::bottom_left || style.status_corner == Corner::bottom_right;
  const int x = right ? surface.width() - margin - width : margin,
            y = low ? surface.height() - margin - height : margin;
  placed.push_back({x, y, x + width, y + height});
  pen.rounded(surface, x, y, x + width, y + height, font->capital() / 2, surface.ink({14, 17, 22}), 168);
  font->draw(surface, x + pad() + pad() / 2, y + pad() + pad() / 4 + font->capital(), words,
             surface.ink({244, 247, 250}), 256);
  return style.status_corner == Corner::top_left ? y + height + pad() : margin;
}

Renderer::Renderer(DrawStyle style) : state_(std::make_unique<State>()) {
  state_->style = std::move(style);
  state_->text.reserve(256);
}
Renderer::~Renderer() = default;
Renderer::Renderer(Renderer&&) noexcept = default;
Renderer& Renderer::operator=(Renderer&&) noexcept = default;

const DrawStyle& Renderer::style() const noexcept { return state_->style; }

void Renderer::draw(const sdk::Image& image, const sdk::FrameResult& result, std::string_view status) {
  State& s = *state_;
  Surface surface(image);
  s.prepare(surface, result);
  if (s.style.maps)
    for (const auto& map : result.maps) s.map(surface, map);
  if (s.style.masks)
    for (auto d = result.detections.rbegin(); d != result.detections.rend(); ++d)
      if (s.shown(*d)) s.mask(surface, *d);
  // The best are drawn last, over the others; their labels choose their place first.
  for (auto d = result.detections.rbegin(); d != result.detections.rend(); ++d) {
    if (!s.shown(*d)) continue;
    if (s.style.boxes) s.box(surface, *d);
    if (s.style.keypoints) s.keypoints(surface, *d);
  }
  // Labels keep clear of the text about the whole frame.
  const int top = s.status_line(surface, status);
  if (s.style.classes) s.classes(surface, result, top);
  if (s.style.labels)
    for (const auto& d : result.detections)
      if (s.shown(d)) s.label(surface, d);
}

}  // namespace vireo::draw
