#include "plugins/preprocess/frame_block.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <string>

#include "engine/api/error.h"
#include "plugins/preprocess/colour.h"
#include "plugins/preprocess/taps.h"

namespace vireo::preprocess {
namespace {

using sdk::PixelFormat;

static_assert(sizeof(FrameBlock::Header) == 64 * sizeof(std::int32_t));

constexpr std::size_t kAlignment = 64;

std::size_t aligned(std::size_t bytes) { return (bytes + kAlignment - 1) / kAlignment * kAlignment; }

std::int32_t kind_of(PixelFormat format) {
  switch (format) {
    case PixelFormat::nv12: return 0;
    case PixelFormat::i420: return 1;
    case PixelFormat::gray8: return 3;
    default: return 2;
  }
}

bool same(const Placement& a, const Placement& b) {
  return a.region_x == b.region_x && a.region_y == b.region_y && a.region_width == b.region_width &&
         a.region_height == b.region_height && a.x == b.x && a.y == b.y && a.width == b.width && a.height == b.height;
}

}  // namespace

FrameBlock::Part FrameBlock::part(int plane) const {
  const Placement& p = placement_;
  if (plane == 0) return {p.region_x, p.region_y, p.region_width, p.region_height, sdk::bytes_per_pixel(format_)};
  return {p.region_x / 2, p.region_y / 2, (p.region_width + 1) / 2, (p.region_height + 1) / 2,
          format_ == PixelFormat::nv12 ? 2 : 1};
}

void FrameBlock::plan_tables() {
  tables_.clear();
  for (int k = 0; k < std::min(planes_, 2); ++k) {
    const Part from = part(k);
    columns_[std::size_t(k)] = tables_.size();
    add_taps(from.width, placement_.width, true, tables_);
    rows_[std::size_t(k)] = tables_.size();
    add_taps(from.height, placement_.height, false, tables_);
  }
}

std::size_t FrameBlock::plan(const sdk::InputSpec& spec, const sdk::Image& image) {
  sdk::check_image(image);
  const Placement placement = place_picture(spec, image.width, image.height);
  const bool luma_alone = is_yuv(image.format) && spec.style.color == sdk::ColorOrder::gray;
  const int planes = luma_alone ? 1 : sdk::plane_count(image.format);
  if (bytes_ > 0 && format_ == image.format && planes_ == planes && same(placement, placement_)) return bytes_;
  placement_ = placement;
  format_ = image.format;
  planes_ = planes;
  plan_tables();
  std::size_t end = aligned(sizeof(Header) + tables_.size() * sizeof(std::int32_t));
  for (std::size_t k = 0; k < std::size_t(planes_); ++k) {
    const Part from = part(int(k));
    pitch_[k] = from.width * from.samples;
    at_[k] = end;
    end = aligned(end + std::size_t(pitch_[k]) * std::size_t(from.height));
  }
  if (end > std::size_t(std::numeric_limits<std::int32_t>::max())) {
    bytes_ = 0;
    throw Error(ErrorCode::unsupported, "a frame of " + std::to_string(image.width) + "x" +
                                            std::to_string(image.height) + " " +
                                            std::string(sdk::to_string(image.format)) +
                                            " is too large for a device: accepted are frames of less than 2 GB");
  }
  return bytes_ = end;
}

sdk::Geometry FrameBlock::write(const sdk::InputSpec& spec, const sdk::Image& image, std::byte* block) const {
  const sdk::InputStyle& style = spec.style;
  const YuvCoefficients k = coefficients(image);
  const bool bgr = is_bgr(image.format);
  Header h{};
  h.kind = kind_of(image.format);
  h.step = sdk::bytes_per_pixel(image.format);
  h.red = bgr ? 2 : 0;
  h.blue = 2 - h.red;
  h.x = placement_.x;
  h.y = placement_.y;
  h.width = placement_.width;
  h.height = placement_.height;
  h.input_width = spec.width;
  h.input_height = spec.height;
  h.channels = spec.channels;
  h.planar = spec.layout == sdk::Layout::nchw;
  h.bgr = style.color == sdk::ColorOrder::bgr;
  constexpr std::size_t kInts = sizeof(Header) / sizeof(std::int32_t);
  for (std::size_t p = 0; p < std::size_t(planes_); ++p) {
    const Part from = part(int(p));
    h.plane[p] = std::int32_t(at_[p]);
    h.pitch[p] = pitch_[p];
    if (p >= 2) continue;
    h.plane_width[p] = from.width;
    h.plane_height[p] = from.height;
    h.columns[p] = std::int32_t(kInts + columns_[p]);
    h.rows[p] = std::int32_t(kInts + rows_[p]);
  }
  h.y_offset = k.y_offset;
  h.y_scale = k.y_scale;
  h.v_to_r = k.v_to_r;
  h.u_to_g = k.u_to_g;
  h.v_to_g = k.v_to_g;
  h.u_to_b = k.u_to_b;
  std::copy(style.mean.begin(), style.mean.end(), h.mean);
  std::copy(style.scale.begin(), style.scale.end(), h.scale);
  h.pad = float(style.pad);
  std::memcpy(block, &h, sizeof(h));
  std::memcpy(block + sizeof(h), tables_.data(), tables_.size() * sizeof(std::int32_t));
  for (std::size_t p = 0; p < std::size_t(planes_); ++p) {
    const Part part_of = part(int(p));
    const sdk::Plane& plane = image.planes[p];
    const std::uint8_t* from = plane.data + part_of.y * plane.stride + std::ptrdiff_t(part_of.x) * part_of.samples;
    std::byte* to = block + at_[p];
    const auto row = std::size_t(pitch_[p]);
    if (plane.stride == pitch_[p]) {
      std::memcpy(to, from, row * std::size_t(part_of.height));
      continue;
    }
    for (int y = 0; y < part_of.height; ++y, from += plane.stride, to += row) std::memcpy(to, from, row);
  }
  return geometry_of(placement_, spec, image.width, image.height);
}

}  // namespace vireo::preprocess
