#include "plugins/preprocess/preprocess.h"

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "engine/api/error.h"
#include "engine/api/half.h"
#include "plugins/preprocess/colour.h"
#include "plugins/preprocess/letterbox.h"
#include "plugins/preprocess/picture_rows.h"
#include "plugins/preprocess/rows.h"

namespace vireo::preprocess {
namespace {

using sdk::ColorOrder;
using sdk::Image;
using sdk::InputSpec;
using sdk::PixelFormat;

/// Rows that are worth a part of their own, and the most parts.
constexpr int kPartRows = 16, kMostParts = 16;

}  // namespace

struct Preprocessor::State {
  /// What one part works with.
  struct Scratch {
    PictureRows::Scratch rows;
    std::vector<float> row;   ///< three float planes of one row
    std::vector<float> real;  ///< a row of the input, before it becomes float16
  };
  InputSpec spec;
  const RowKernels* kernels = &rows();
  PictureRows picture;
  std::vector<Scratch> scratch;  ///< one a part
  // Of the frame in work:
  Placement placement;
  PixelFormat format{};
  YuvCoefficients k{};
  bool padded = false;  ///< what lies around the picture is there already

  [[nodiscard]] Padding padding() const;
  [[nodiscard]] bool planar() const { return spec.layout == sdk::Layout::nchw || spec.channels == 1; }
  [[nodiscard]] std::size_t pixels() const { return std::size_t(spec.width) * std::size_t(spec.height); }
  void input_row(int y, Scratch& own, void* slot) const;
  void picture_row(const PictureRows::Row& row, int y, Scratch& own, void* slot) const;
  void load_row(const PictureRows::Row& row, const std::array<float*, 3>& rgb) const;
  void store_row(const std::array<const float*, 3>& src, int y, int x, int count, Scratch& own, void* slot) const;
  void store_halves(const std::array<const float*, 3>& src, int count, std::size_t plane, Scratch& own,
                    std::uint16_t* dst) const;
  void pad(int y, int x, int count, Scratch& own, void* slot) const;
};

Preprocessor::Preprocessor(const InputSpec& spec) : state_(std::make_unique<State>()) {
  check_spec(spec);
  state_->spec = spec;
}
Preprocessor::~Preprocessor() = default;
Preprocessor::Preprocessor(Preprocessor&&) noexcept = default;
Preprocessor& Preprocessor::operator=(Preprocessor&&) noexcept = default;
const InputSpec& Preprocessor::spec() const noexcept { return state_->spec; }

/// R, G, B (or luma alone, in the first plane, for gray networks) on the 0..255 scale.
void Preprocessor::State::load_row(const PictureRows::Row& row, const std::array<float*, 3>& rgb) const {
  const int width = placement.width;
  const bool gray = spec.style.color == ColorOrder::gray;
  if (format == PixelFormat::gray8) {
    for (int c = 0; c < (gray ? 1 : 3); ++c) kernels->load_samples(row.first, 1, width, rgb[std::size_t(c)]);
  } else if (is_yuv(format) && gray) {
    kernels->load_samples(row.first, 1, width, rgb[0]);
    for (int x = 0; x < width; ++x) {
      rgb[0][x] = std::min(std::max((rgb[0][x] - k.y_offset) * k.y_scale, 0.0f), 255.0f);
    }
  } else if (is_yuv(format)) {
    kernels->load_yuv(row.first, row.u, row.v, width, k, rgb[0], rgb[1], rgb[2]);
  } else {
    const bool bgr = is_bgr(format);
    kernels->load_pixels(row.first, row.step, width, rgb[bgr ? 2 : 0], rgb[1], rgb[bgr ? 0 : 2]);
    if (gray) {
      for (int x = 0; x < width; ++x) rgb[0][x] = 0.299f * rgb[0][x] + 0.587f * rgb[1][x] + 0.114f * rgb[2][x];
    }
  }
}

/// Planes in the network's order into its type and layout.
void Preprocessor::State::store_row(const std::array<const float*, 3>& src, int y, int x, int count, Scratch& own,
                                    void* slot) const {
  const auto& style = spec.style;
  const std::size_t offset = std::size_t(y) * std::size_t(spec.width) + std::size_t(x);
  if (spec.dtype == DataType::float16) {
    auto* dst = static_cast<std::uint16_t*>(slot) + offset * (planar() ? 1 : 3);
    store_halves(src, count, planar() ? pixels() : 0, own, dst);
    return;
  }
  if (spec.dtype == DataType::float32) {
    auto* dst = static_cast<float*>(slot);
    if (!planar()) {
      kernels->store_pixels(src.data(), count, style.mean.data(), style.scale.data(), dst + offset * 3);
      return;
    }
    for (std::size_t c = 0; c < std::size_t(spec.channels); ++c) {
      kernels->store_plane(src[c], count, style.mean[c], style.scale[c], dst + c * pixels() + offset);
    }
    return;
  }
  auto* dst = static_cast<std::uint8_t*>(slot);
  for (std::size_t c = 0; c < std::size_t(spec.channels); ++c) {
    auto* at = planar() ? dst + c * pixels() + offset : dst + offset * 3 + c;
    kernels->store_bytes(src[c], count, style.mean[c], style.scale[c], at, planar() ? 1 : 3);
  }
}

/// `plane`: elements from one channel's plane to the next; 0: the channels of a pixel are neighbours.
void Preprocessor::State::store_halves(const std::array<const float*, 3>& src, int count, std::size_t plane,
                                       Scratch& own, std::uint16_t* dst) const {
  const auto& style = spec.style;
  const auto channels = std::size_t(spec.channels), row = std::size_t(count);
  own.real.resize(row);
  for (std::size_t c = 0; c < channels; ++c) {
    kernels->store_plane(src[c], count, style.mean[c], style.scale[c], own.real.data());
    std::uint16_t* to = plane ? dst + c * plane : dst + c;
    for (std::size_t i = 0; i < row; ++i) to[plane ? i : i * channels] = half_from_float(own.real[i]);
  }
}

Padding Preprocessor::State::padding() const {
  Padding all{placement.x, placement.y, placement.width, placement.height};
  for (std::size_t c = 0; c < all.values.size(); ++c)
    all.values[c] = (float(spec.style.pad) - spec.style.mean[c]) * spec.style.scale[c];
  return all;
}

void Preprocessor::State::pad(int y, int x, int count, Scratch& own, void* slot) const {
  if (count == 0 || padded) return;
  const auto& style = spec.style;
  if (spec.dtype == DataType::float32 && planar()) {
    auto* dst = static_cast<float*>(slot) + std::size_t(y) * std::size_t(spec.width) + std::size_t(x);
    for (std::size_t c = 0; c < std::size_t(spec.channels); ++c)
      std::fill_n(dst + c * pixels(), count, (float(style.pad) - style.mean[c]) * style.scale[c]);
    return;
  }
  std::fill_n(own.row.begin(), count, float(style.pad));
  store_row({own.row.data(), own.row.data(), own.row.data()}, y, x, count, own, slot);
}

void Preprocessor::State::picture_row(const PictureRows::Row& row, int y, Scratch& own, void* slot) const {
  const bool bgr = spec.style.color == ColorOrder::bgr;
  if (row.u && spec.dtype == DataType::float32 && planar()) {
    const auto& style = spec.style;
    const std::size_t red = bgr ? 2 : 0, blue = 2 - red;
    const float mean[] = {style.mean[red], style.mean[1], style.mean[blue]};
    const float scale[] = {style.scale[red], style.scale[1], style.scale[blue]};
    auto* dst = static_cast<float*>(slot) + std::size_t(y) * std::size_t(spec.width) + std::size_t(placement.x);
    kernels->yuv_to_planes(row.first, row.u, row.v, placement.width, k, mean, scale, dst + red * pixels(),
                           dst + pixels(), dst + blue * pixels());
    return;
  }
  const auto plane = [&](std::size_t c) { return own.row.data() + c * std::size_t(spec.width); };
  load_row(row, {plane(0), plane(1), plane(2)});
  store_row({plane(bgr ? 2 : 0), plane(1), plane(bgr ? 0 : 2)}, y, placement.x, placement.width, own, slot);
}

void Preprocessor::State::input_row(int y, Scratch& own, void* slot) const {
  const Placement& p = placement;
  if (y < p.y || y >= p.y + p.height) return pad(y, 0, spec.width, own, slot);
  picture_row(picture.row(y - p.y, own.rows), y, own, slot);
  pad(y, 0, p.x, own, slot);
  pad(y, p.x + p.width, spec.width - p.x - p.width, own, slot);
}

sdk::Geometry Preprocessor::run(const Image& image, void* slot, const Parallel& parallel, Padding* known) {
  sdk::check_image(image);
  if (image.format == PixelFormat::yuy2 || image.format == PixelFormat::uyvy) {
    throw Error(ErrorCode::invalid_argument, "packed 4:2:2 pictures are to be given as nv12");
  }
  State& state = *state_;
  state.placement = place_picture(state.spec, image.width, image.height);
  state.format = image.format;
  state.k = coefficients(image);
  state.picture.start(image, state.placement, state.spec.style.color == ColorOrder::gray);
  const Padding wanted = state.padding();
  state.padded = known && *known == wanted;
  if (known) *known = {};
  const int height = state.spec.height, parts = parallel ? std::clamp(height / kPartRows, 1, kMostParts) : 1;
  if (state.scratch.size() < std::size_t(parts)) state.scratch.resize(std::size_t(parts));
  for (State::Scratch& own : state.scratch) own.row.resize(std::size_t(state.spec.width) * 3);
  const auto part = [&](int index) {
    for (int y = height * index / parts; y < height * (index + 1) / parts; ++y)
      state.input_row(y, state.scratch[std::size_t(index)], slot);
  };
  if (parts > 1) parallel(parts, part);
  else part(0);
  if (known) *known = wanted;
  return geometry_of(state.placement, state.spec, image.width, image.height);
}

}  // namespace vireo::preprocess
