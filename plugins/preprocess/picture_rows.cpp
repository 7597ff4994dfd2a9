#include "plugins/preprocess/picture_rows.h"

#include <algorithm>

#include "plugins/preprocess/colour.h"
#include "plugins/preprocess/resample.h"
#include "plugins/preprocess/taps.h"

namespace vireo::preprocess {

using sdk::PixelFormat;

void PictureRows::Tables::make(const Sizes& wanted) {
  if (wanted == sizes) return;
  sizes = wanted;
  columns.clear();
  columns.emplace_back(wanted.width, wanted.to_width, wanted.step);
  rows.clear();
  add_taps(wanted.height, wanted.to_height, false, rows);
  direct = wanted.width == wanted.to_width && wanted.height == wanted.to_height;
}

void PictureRows::start(const sdk::Image& image, const Placement& p, bool gray) {
  format_ = image.format;
  chroma_ = is_yuv(image.format) && !gray;
  const int step = sdk::bytes_per_pixel(image.format);
  const auto place = [&](std::size_t plane, int x, int y, int width, int height, int samples) {
    const sdk::Plane& from = image.planes[plane];
    planes_[plane] = {from.data + y * from.stride + std::ptrdiff_t(x) * samples, from.stride, width, height};
  };
  place(0, p.region_x, p.region_y, p.region_width, p.region_height, step);
  first_.make({p.region_width, p.region_height, p.width, p.height, step});
  if (!chroma_) return;
  const int samples = image.format == PixelFormat::nv12 ? 2 : 1;
  const int width = (p.region_width + 1) / 2, height = (p.region_height + 1) / 2;
  for (std::size_t plane = 1; plane < std::size_t(sdk::plane_count(image.format)); ++plane)
    place(plane, p.region_x / 2, p.region_y / 2, width, height, samples);
  chroma_tables_.make({width, height, p.width, p.height, samples});
}

RowPair PictureRows::pair_of(const Plane& plane, const Tables& tables, int y) const {
  const std::int32_t tap = tables.rows[std::size_t(y)];
  const auto at = [&](int line) { return plane.data + std::clamp(line, 0, plane.height - 1) * plane.stride; };
  return {at(first_of(tap)), at(first_of(tap) + 1), kWhole - weight_of(tap), weight_of(tap)};
}

PictureRows::Row PictureRows::row(int y, Scratch& scratch) const {
  const ResampleKernels& kernels = resample();
  const ColumnTaps& taps = first_.columns.front().taps();
  const auto memory = [&](std::size_t i, int pixel_bytes) {
    const std::size_t pixels = std::size_t(taps.count + kResampleBlock - 1) / kResampleBlock * kResampleBlock;
    if (scratch.bytes[i].size() < pixels * std::size_t(pixel_bytes))
      scratch.bytes[i].resize(pixels * std::size_t(pixel_bytes));
    return scratch.bytes[i].data();
  };
  Row row{planes_[0].data + y * planes_[0].stride, nullptr, nullptr, taps.step};
  if (!first_.direct) {
    const RowPair pair = pair_of(planes_[0], first_, y);
    row.step = taps.step == 1 ? 1 : 4;
    std::uint8_t* to = memory(0, row.step);
    (taps.step == 1 ? kernels.samples : kernels.pixels)(taps, pair, to);
    row.first = to;
  }
  if (!chroma_) return row;
  const ColumnTaps& chroma = chroma_tables_.columns.front().taps();
  std::uint8_t *u = memory(1, 1), *v = memory(2, 1);
  if (format_ == PixelFormat::nv12) {
    kernels.pairs(chroma, pair_of(planes_[1], chroma_tables_, y), u, v);
  } else {
    kernels.samples(chroma, pair_of(planes_[1], chroma_tables_, y), u);
    kernels.samples(chroma, pair_of(planes_[2], chroma_tables_, y), v);
  }
  row.u = u;
  row.v = v;
  return row;
}

}  // namespace vireo::preprocess
