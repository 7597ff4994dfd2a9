#include "plugins/preprocess/letterbox.h"

#include <algorithm>
#include <cstdint>

#include "plugins/preprocess/preprocess.h"

namespace vireo::preprocess {
namespace {

/// floor(value * numerator / denominator + 1/2) in whole numbers, inside 1..limit.
int scaled(std::int64_t value, std::int64_t numerator, std::int64_t denominator, int limit) {
  const std::int64_t rounded = (2 * value * numerator + denominator) / (2 * denominator);
  return int(std::clamp<std::int64_t>(rounded, 1, limit));
}

Placement letterbox(const sdk::InputSpec& spec, int w, int h) {
  Placement p{0, 0, w, h, 0, 0, spec.width, spec.height};
  const bool width_binds = std::int64_t(spec.width) * h <= std::int64_t(spec.height) * w;
  if (width_binds) {
    p.height = scaled(h, spec.width, w, spec.height);
  } else {
    p.width = scaled(w, spec.height, h, spec.width);
  }
  if (spec.style.align == sdk::Align::center) {
    p.x = (spec.width - p.width) / 2;
    p.y = (spec.height - p.height) / 2;
  }
  return p;
}

Placement centre_crop(const sdk::InputSpec& spec, int w, int h) {
  Placement p{0, 0, w, h, 0, 0, spec.width, spec.height};
  const int percent = std::clamp(spec.style.crop_percent, 1, 100);
  const bool width_binds = std::int64_t(spec.width) * h >= std::int64_t(spec.height) * w;
  if (width_binds) {
    p.region_width = scaled(w, percent, 100, w);
    p.region_height = scaled(std::int64_t(w) * spec.height, percent, std::int64_t(100) * spec.width, h);
  } else {
    p.region_height = scaled(h, percent, 100, h);
    p.region_width = scaled(std::int64_t(h) * spec.width, percent, std::int64_t(100) * spec.height, w);
  }
  p.region_x = (w - p.region_width) / 2 & ~1;
  p.region_y = (h - p.region_height) / 2 & ~1;
  return p;
}

}  // namespace

Placement place_picture(const sdk::InputSpec& spec, int frame_width, int frame_height) {
  switch (spec.style.resize) {
    case sdk::Resize::letterbox: return letterbox(spec, frame_width, frame_height);
    case sdk::Resize::crop: return centre_crop(spec, frame_width, frame_height);
    case sdk::Resize::stretch: break;
  }
  return {0, 0, frame_width, frame_height, 0, 0, spec.width, spec.height};
}

sdk::Geometry geometry_of(const Placement& p, const sdk::InputSpec& spec, int frame_width, int frame_height) {
  return {.network_width = spec.width,
          .network_height = spec.height,
          .frame_width = frame_width,
          .frame_height = frame_height,
          .scale_x = double(p.width) / p.region_width,
          .scale_y = double(p.height) / p.region_height,
          .pad_x = double(p.x),
          .pad_y = double(p.y),
          .origin_x = double(p.region_x),
          .origin_y = double(p.region_y)};
}

sdk::Geometry place(const sdk::InputSpec& spec, int frame_width, int frame_height) {
  return geometry_of(place_picture(spec, frame_width, frame_height), spec, frame_width, frame_height);
}

}  // namespace vireo::preprocess
