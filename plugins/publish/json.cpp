#include "plugins/publish/json.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <ctime>

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

void append_name(std::string& json, const char* key, const std::string& value) {
  if (value.empty()) return;
  ((json += ",\"") += key) += "\":";
  append_quoted(json, value);
}

void append_rectangle(std::string& json, float x, float y, float width, float height) {
  json += '[';
  append_number(json, x, 2);
  for (const float value : {y, width, height}) {
    json += ',';
    append_number(json, value, 2);
  }
  json += ']';
}

void append_classes(std::string& json, const std::vector<sdk::Classification>& classes) {
  if (classes.empty()) return;
  char before = '[';
  json += ",\"classes\":";
  for (const auto& entry : classes) {
    json += before;
    json += '{';
    append_label(json, entry.class_id, entry.label, entry.score);
    append_name(json, "stage", entry.stage);
    json += '}';
    before = ',';
  }
  json += ']';
}

/// Row by row, how many cells are outside, then inside, then outside, and so on.
void append_mask(std::string& json, const sdk::Mask& mask) {
  json += ",\"mask\":{\"area\":";
  append_rectangle(json, mask.x, mask.y, mask.width, mask.height);
  json += ",\"columns\":";
  append_integer(json, mask.columns);
  json += ",\"rows\":";
  append_integer(json, mask.rows);
  json += ",\"runs\":[";
  bool inside = false, first = true;
  for (std::size_t at = 0; at < mask.cover.size() || first;) {
    const std::size_t from = at;
    while (at < mask.cover.size() && (mask.cover[at] >= 128) == inside) ++at;
    if (!first) json += ',';
    first = false;
    append_integer(json, at - from);
    inside = !inside;
  }
  json += "]}";
}

void append_detection(std::string& json, const sdk::Detection& d) {
  json += '{';
  append_label(json, d.class_id, d.label, d.score);
  json += ",\"box\":";
  append_rectangle(json, d.x, d.y, d.width, d.height);
  if (d.rotation != 0) {
    json += ",\"rotation\":";
    append_number(json, d.rotation, 4);
  }
  if (d.track_id >= 0) {
    json += ",\"track\":";
    append_integer(json, d.track_id);
  }
  if (d.id >= 0) {
    json += ",\"id\":";
    append_integer(json, d.id);
  }
  if (d.parent >= 0) {
    json += ",\"parent\":";
    append_integer(json, d.parent);
  }
  append_name(json, "stage", d.stage);
  append_classes(json, d.classes);
  if (!d.mask.empty()) append_mask(json, d.mask);
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
  json += ']';
  append_name(json, "stage", map.stage);
  json += '}';
}

void append_event(std::string& json, const sdk::Event& event) {
  json += "{\"kind\":";
  append_quoted(json, event.kind);
  append_name(json, "name", event.name);
  append_name(json, "text", event.text);
  if (event.track_id >= 0) {
    json += ",\"track\":";
    append_integer(json, event.track_id);
  }
  if (event.detection >= 0) {
    json += ",\"detection\":";
    append_integer(json, event.detection);
  }
  json += ",\"value\":";
  append_number(json, float(event.value), 4);
  append_name(json, "stage", event.stage);
  json += '}';
}

/// RFC 3339 with microseconds.
void append_utc(std::string& json, std::int64_t utc_ns) {
  const std::time_t seconds = std::time_t(utc_ns / 1'000'000'000);
  std::tm parts{};
  if (gmtime_r(&seconds, &parts) == nullptr) return;
  char text[64];
  const int length = std::snprintf(text, sizeof text, ",\"utc\":\"%04d-%02d-%02dT%02d:%02d:%02d.%06dZ\"",
                                   parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday, parts.tm_hour, parts.tm_min,
                                   parts.tm_sec, int(utc_ns % 1'000'000'000 / 1000));
  json.append(text, std::size_t(std::clamp(length, 0, int(sizeof text) - 1)));
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

void append_record(std::string& json, const sdk::FrameResult& result) {
  const std::size_t start = json.size();
  append_frame(json, result);
  json.insert(start + 1, "\"schema\":" + std::to_string(kSchema) + ",");
}

void append_frame(std::string& json, const sdk::FrameResult& result) {
  json += "{\"frame\":";
  append_integer(json, result.frame_index);
  json += ",\"source\":";
  append_quoted(json, result.source_id);
  append_name(json, "uri", result.uri);
  json += ",\"pts_ns\":";
  if (result.pts_ns >= 0) {
    append_integer(json, result.pts_ns);
  } else {
    json += "null";
  }
  if (result.utc_ns >= 0) append_utc(json, result.utc_ns);
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
  append_classes(json, result.classes);
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
  if (!result.events.empty()) {
    char before = '[';
    json += ",\"events\":";
    for (const auto& event : result.events) {
      json += before;
      append_event(json, event);
      before = ',';
    }
    json += ']';
  }
  json += '}';
}

}  // namespace vireo::publish
