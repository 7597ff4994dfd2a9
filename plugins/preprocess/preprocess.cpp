// The order of work: resize the picture's own 8-bit planes to the size they will have in the input (one resize for
// each sample), then convert, normalise and pack row by row. Resizing first makes colour conversion cost network
// pixels, not camera pixels; both are linear, so only rounding differs from converting first.

#include "plugins/preprocess/preprocess.h"

#include <array>
#include <cmath>
#include <opencv2/imgproc.hpp>
#include <string>
#include <vector>

#include "engine/api/error.h"
#include "engine/api/half.h"
#include "plugins/preprocess/colour.h"
#include "plugins/preprocess/letterbox.h"
#include "plugins/preprocess/rows.h"

namespace vireo::preprocess {
namespace {

using sdk::ColorOrder;
using sdk::Image;
using sdk::InputSpec;
using sdk::PixelFormat;

cv::Mat wrap(const sdk::Plane& plane, int x, int y, int width, int height, int channels) {
  auto* data = const_cast<std::uint8_t*>(plane.data) + std::ptrdiff_t(y) * plane.stride + std::ptrdiff_t(x) * channels;
  return cv::Mat(height, width, CV_8UC(channels), data, std::size_t(plane.stride));
}

/// `src` at the wanted size: itself when it has it, else resized into `scratch`.
const cv::Mat& sized(const cv::Mat& src, int width, int height, cv::Mat& scratch) {
  if (src.cols == width && src.rows == height) return src;
  // OpenCV's own threads would fight the engine's workers for the cores; frames are the unit of parallelism here. What
  // runs inside a parallel region runs on its own thread; their number is the host program's to choose.
  cv::parallel_for_(cv::Range(0, 1), [&](const cv::Range&) {
    cv::resize(src, scratch, cv::Size(width, height), 0, 0, cv::INTER_LINEAR);
  });
  return scratch;
}

}  // namespace

struct Preprocessor::State {
  InputSpec spec;
  const RowKernels* kernels = &rows();
  std::array<cv::Mat, 3> wrapped, scratch;
  std::array<const cv::Mat*, 3> planes{};
  std::vector<float> row;           ///< three float planes of one row
  mutable std::vector<float> real;  ///< a row of the input, before it becomes float16

  void resize_planes(const Image& image, const Placement& p);
  void load_row(const Image& image, const YuvCoefficients& k, int y, int width, const std::array<float*, 3>& rgb);
  void store_row(const std::array<const float*, 3>& planes_in_order, int y, int x, int count, void* slot) const;
  void store_halves(const std::array<const float*, 3>& src, int count, std::size_t plane, std::uint16_t* dst) const;
  void pad_rows(const Placement& p, void* slot);
  [[nodiscard]] std::array<const float*, 3> in_order(const std::array<float*, 3>& rgb) const;
};

Preprocessor::Preprocessor(const InputSpec& spec) : state_(std::make_unique<State>()) {
  check_spec(spec);
  state_->spec = spec;
  state_->row.resize(std::size_t(spec.width) * 3);
}
Preprocessor::~Preprocessor() = default;
Preprocessor::Preprocessor(Preprocessor&&) noexcept = default;
Preprocessor& Preprocessor::operator=(Preprocessor&&) noexcept = default;
const InputSpec& Preprocessor::spec() const noexcept { return state_->spec; }

void Preprocessor::State::resize_planes(const Image& image, const Placement& p) {
  const int channels = sdk::bytes_per_pixel(image.format);
  wrapped[0] = wrap(image.planes[0], p.region_x, p.region_y, p.region_width, p.region_height, channels);
  const bool gray_from_luma = spec.style.color == ColorOrder::gray;
  const int count = is_yuv(image.format) && !gray_from_luma ? sdk::plane_count(image.format) : 1;
  for (int i = 1; i < count; ++i) {
    const int samples = image.format == PixelFormat::nv12 ? 2 : 1;
    wrapped[std::size_t(i)] = wrap(image.planes[std::size_t(i)], p.region_x / 2, p.region_y / 2,
                                   (p.region_width + 1) / 2, (p.region_height + 1) / 2, samples);
  }
  for (std::size_t i = 0; i < std::size_t(count); ++i) planes[i] = &sized(wrapped[i], p.width, p.height, scratch[i]);
}

/// One row as R, G, B (or luma alone, in the first plane, for gray networks) on the 0..255 scale.
void Preprocessor::State::load_row(const Image& image, const YuvCoefficients& k, int y, int width,
                                   const std::array<float*, 3>& rgb) {
  const auto* first = planes[0]->ptr<std::uint8_t>(y);
  const bool gray = spec.style.color == ColorOrder::gray;
  if (image.format == PixelFormat::gray8) {
    for (int c = 0; c < (gray ? 1 : 3); ++c) kernels->load_samples(first, 1, width, rgb[std::size_t(c)]);
  } else if (is_yuv(image.format) && gray) {
    kernels->load_samples(first, 1, width, rgb[0]);
    for (int x = 0; x < width; ++x) {
      rgb[0][x] = std::min(std::max((rgb[0][x] - k.y_offset) * k.y_scale, 0.0f), 255.0f);
    }
  } else if (is_yuv(image.format)) {
    const auto* u = planes[1]->ptr<std::uint8_t>(y);
    const bool interleaved = image.format == PixelFormat::nv12;
    const auto* v = interleaved ? u + 1 : planes[2]->ptr<std::uint8_t>(y);
    kernels->load_yuv(first, u, v, interleaved ? 2 : 1, width, k, rgb[0], rgb[1], rgb[2]);
  } else {
    const bool bgr = is_bgr(image.format);
    kernels->load_pixels(first, sdk::bytes_per_pixel(image.format), width, rgb[bgr ? 2 : 0], rgb[1], rgb[bgr ? 0 : 2]);
    if (gray) {
      for (int x = 0; x < width; ++x) rgb[0][x] = 0.299f * rgb[0][x] + 0.587f * rgb[1][x] + 0.114f * rgb[2][x];
    }
  }
}

std::array<const float*, 3> Preprocessor::State::in_order(const std::array<float*, 3>& rgb) const {
  if (spec.style.color == ColorOrder::bgr) return {rgb[2], rgb[1], rgb[0]};
  return {rgb[0], rgb[1], rgb[2]};
}

void Preprocessor::State::store_row(const std::array<const float*, 3>& src, int y, int x, int count, void* slot) const {
  const auto& style = spec.style;
  const std::size_t pixels = std::size_t(spec.width) * std::size_t(spec.height);
  const std::size_t offset = std::size_t(y) * std::size_t(spec.width) + std::size_t(x);
  const bool planar = spec.layout == sdk::Layout::nchw || spec.channels == 1;
  if (spec.dtype == DataType::float16) {
    store_halves(src, count, planar ? pixels : 0, static_cast<std::uint16_t*>(slot) + offset * (planar ? 1 : 3));
    return;
  }
  if (spec.dtype == DataType::float32) {
    auto* dst = static_cast<float*>(slot);
    if (!planar) {
      kernels->store_pixels(src.data(), count, style.mean.data(), style.scale.data(), dst + offset * 3);
      return;
    }
    for (std::size_t c = 0; c < std::size_t(spec.channels); ++c) {
      kernels->store_plane(src[c], count, style.mean[c], style.scale[c], dst + c * pixels + offset);
    }
    return;
  }
  auto* dst = static_cast<std::uint8_t*>(slot);
  for (std::size_t c = 0; c < std::size_t(spec.channels); ++c) {
    auto* at = planar ? dst + c * pixels + offset : dst + offset * 3 + c;
    kernels->store_bytes(src[c], count, style.mean[c], style.scale[c], at, planar ? 1 : 3);
  }
}

/// `plane`: elements from one channel's plane to the next; 0: the channels of a pixel are neighbours.
void Preprocessor::State::store_halves(const std::array<const float*, 3>& src, int count, std::size_t plane,
                                       std::uint16_t* dst) const {
  const auto& style = spec.style;
  const auto channels = std::size_t(spec.channels), pixels = std::size_t(count);
  real.resize(pixels);
  for (std::size_t c = 0; c < channels; ++c) {
    kernels->store_plane(src[c], count, style.mean[c], style.scale[c], real.data());
    std::uint16_t* to = plane ? dst + c * plane : dst + c;
    for (std::size_t i = 0; i < pixels; ++i) to[plane ? i : i * channels] = half_from_float(real[i]);
  }
}

void Preprocessor::State::pad_rows(const Placement& p, void* slot) {
  const int left = p.x, right = spec.width - p.x - p.width;
  const int below = p.y + p.height;
  if (left == 0 && right == 0 && p.y == 0 && below == spec.height) return;
  std::fill(row.begin(), row.end(), float(spec.style.pad));
  const std::array<const float*, 3> pad{row.data(), row.data(), row.data()};
  for (int y = 0; y < spec.height; ++y) {
    if (y < p.y || y >= below) {
      store_row(pad, y, 0, spec.width, slot);
      continue;
    }
    if (left > 0) store_row(pad, y, 0, left, slot);
    if (right > 0) store_row(pad, y, spec.width - right, right, slot);
  }
}

sdk::Geometry Preprocessor::run(const Image& image, void* slot) {
  sdk::check_image(image);
  if (image.format == PixelFormat::yuy2 || image.format == PixelFormat::uyvy) {
    throw Error(ErrorCode::invalid_argument, "packed 4:2:2 pictures are to be given as nv12");
  }
  State& state = *state_;
  const Placement p = place_picture(state.spec, image.width, image.height);
  state.resize_planes(image, p);
  state.pad_rows(p, slot);
  const YuvCoefficients k = coefficients(image);
  const std::array<float*, 3> rgb{state.row.data(), state.row.data() + state.spec.width,
                                  state.row.data() + 2 * std::size_t(state.spec.width)};
  const auto ordered = state.in_order(rgb);
  for (int y = 0; y < p.height; ++y) {
    state.load_row(image, k, y, p.width, rgb);
    state.store_row(ordered, p.y + y, p.x, p.width, slot);
  }
  return geometry_of(p, state.spec, image.width, image.height);
}

}  // namespace vireo::preprocess
