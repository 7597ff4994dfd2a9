#include "plugins/publish/json.h"

#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>

namespace vireo::publish {
namespace {

/// Length of the well-formed UTF-8 sequence at the front of `text` (RFC 3629: no surrogates, no overlong forms); 0:
/// none.
std::size_t utf8_length(std::string_view text) {
  const auto byte = [&](std::size_t i) { return i < text.size() ? std::uint8_t(text[i]) : std::uint8_t(0); };
  const auto tail = [&](std::size_t i) { return (byte(i) & 0xC0) == 0x80; };
  const std::uint8_t a = byte(0), b = byte(1);
  if (a < 0x80) return 1;
  if (a >= 0xC2 && a <= 0xDF) return tail(1) ? 2 : 0;
  if (a >= 0xE0 && a <= 0xEF) {
    const bool legal = !(a == 0xE0 && b < 0xA0) && !(a == 0xED && b > 0x9F);
    return legal && tail(1) && tail(2) ? 3 : 0;
  }
  if (a >= 0xF0 && a <= 0xF4) {
    const bool legal = !(a == 0xF0 && b < 0x90) && !(a == 0xF4 && b > 0x8F);
    return legal && tail(1) && tail(2) && tail(3) ? 4 : 0;
  }
  return 0;
}

template <typename Integer>
void append_integer(std::string& json, Integer value) {
  char text[24];
  json.append(text, std::to_chars(text, text + sizeof text, value).ptr);
}

void append_number(std::string& json, float value, int decimals) {
  if (!std::isfinite(value)) {
    json += "null";
    return;
  }
  char text[64];
  const auto [end, error] = std::to_chars(text, text + sizeof text, value, std::chars_format::fixed, decimals);
  std::string_view digits(text, std::size_t(end - text));
  if (error != std::errc()) digits = "null";
  if (digits.find('.') != std::string_view::npos) {
    digits = digits.substr(0, digits.find_last_not_of('0') + 1);
    if (digits.back() == '.') digits.remove_suffix(1);
  }
  json += digits == "-0" ? "0" : digits;
}

void append_label(std::string& json, int class_id, const std::string& label, float score) {
  json += "\"class\":";
  append_integer(json, class_id);
  json += ",\"label\":";
  append_quoted(json, label);
  json += ",\"score\":";
  append_number(json, score, 4);
}

void append_detection(std::string& json, const sdk::Detection& d) {
  json += '{';
  append_label(json, d.class_id, d.label, d.score);
  json += ",\"box\":[";
  append_number(json, d.x, 2);
  for (const float value : {d.y, d.width, d.height}) {
    json += ',';
    append_number(json, value, 2);
  }
  json += ']';
  if (d.rotation != 0) {
    json += ",\"rotation\":";
    append_number(json, d.rotation, 4);
  }
  if (d.track_id >= 0) {
    json += ",\"track\":";
    append_integer(json, d.track_id);
  }
  if (!d.keypoints.empty()) {
    json += ",\"keypoints\":";
    char before = '[';
    for (const auto& point : d.keypoints) {
      json += before;
      json += '[';
      append_number(json, point.x, 2);
      json += ',';
      append_number(json, point.y, 2);
      json += ',';
      append_number(json, point.score, 4);
      json += ']';
      before = ',';
    }
    json += ']';
  }
  json += '}';
}

/// A map as the share of the frame that each of its classes covers; the cells themselves would not fit a line of text.
void append_map(std::string& json, const sdk::ClassMap& map) {
  std::array<std::size_t, 256> cells{};
  for (const std::uint8_t id : map.class_ids) ++cells[id];
  json += "{\"width\":";
  append_integer(json, map.width);
  json += ",\"height\":";
  append_integer(json, map.height);
  json += ",\"classes\":[";
  bool first = true;
  for (std::size_t id = 0; id < cells.size(); ++id) {
    if (cells[id] == 0) continue;
    json += first ? "{\"class\":" : ",{\"class\":";
    first = false;
    append_integer(json, id);
    json += ",\"label\":";
    append_quoted(json, id < map.labels.size() ? map.labels[id] : "class " + std::to_string(id));
    json += ",\"share\":";
    append_number(json, float(cells[id]) / float(map.class_ids.size()), 4);
    json += '}';
  }
  json += "]}";
}

}  // namespace

void append_quoted(std::string& json, std::string_view text) {
  constexpr char kHex[] = "0123456789abcdef";
  json += '"';
  while (!text.empty()) {
    const std::size_t length = utf8_length(text);
    const auto c = std::uint8_t(text[0]);
    if (length == 0) {
      json += "\xEF\xBF\xBD";
    } else if (c == '"' || c == '\\') {
      json += '\\';
      json += char(c);
    } else if (c == '\n') {
      json += "\\n";
    } else if (c == '\t') {
      json += "\\t";
    } else if (c < 0x20 || c == 0x7F) {
      json += "\\u00";
      json += kHex[c >> 4];
      json += kHex[c & 15];
    } else {
      json += text.substr(0, length);
    }
    text.remove_prefix(length == 0 ? 1 : length);
  }
  json += '"';
}

void append_frame(std::string& json, const sdk::FrameResult& result) {
  json += "{\"frame\":";
  append_integer(json, result.frame_index);
  json += ",\"source\":";
  append_quoted(json, result.source_id);
  json += ",\"pts_ns\":";
  if (result.pts_ns >= 0) {
    append_integer(json, result.pts_ns);
  } else {
    json += "null";
  }
  json += ",\"width\":";
  append_integer(json, result.width);
  json += ",\"height\":";
  append_integer(json, result.height);
  json += ",\"detections\":[";
  bool first = true;
  for (const auto& detection : result.detections) {
    if (!first) json += ',';
    first = false;
    append_detection(json, detection);
  }
  json += ']';
  if (!result.classes.empty()) {
    char before = '[';
    json += ",\"classes\":";
    for (const auto& entry : result.classes) {
      json += before;
      json += '{';
      append_label(json, entry.class_id, entry.label, entry.score);
      json += '}';
      before = ',';
    }
    json += ']';
  }
  if (!result.maps.empty()) {
    char before = '[';
    json += ",\"maps\":";
    for (const auto& map : result.maps) {
      json += before;
      append_map(json, map);
      before = ',';
    }
    json += ']';
  }
  json += '}';
}

}  // namespace vireo::publish
