#include "plugins/preprocess/colour.h"

#include <string>

#include "engine/api/error.h"

namespace vireo::preprocess {

using sdk::PixelFormat;

YuvCoefficients coefficients(const sdk::Image& image) {
  double kr = 0.299, kb = 0.114;
  if (image.matrix == sdk::ColorMatrix::bt709) {
    kr = 0.2126;
    kb = 0.0722;
  } else if (image.matrix == sdk::ColorMatrix::bt2020) {
    kr = 0.2627;
    kb = 0.0593;
  }
  const double kg = 1 - kr - kb;
  const bool limited = image.range == sdk::ColorRange::limited;
  const double y_scale = limited ? 255.0 / 219 : 1, c_scale = limited ? 255.0 / 224 : 1;
  return {limited ? 16.0f : 0.0f,
          float(y_scale),
          float(2 * (1 - kr) * c_scale),
          float(-2 * (1 - kb) * kb / kg * c_scale),
          float(-2 * (1 - kr) * kr / kg * c_scale),
          float(2 * (1 - kb) * c_scale)};
}

bool is_yuv(PixelFormat format) noexcept { return format == PixelFormat::nv12 || format == PixelFormat::i420; }

bool is_bgr(PixelFormat format) noexcept {
  return format == PixelFormat::bgr || format == PixelFormat::bgra || format == PixelFormat::bgrx;
}

void check_spec(const sdk::InputSpec& spec) {
  const bool type = spec.dtype == DataType::float32 || spec.dtype == DataType::float16 || spec.dtype == DataType::uint8;
  const int channels = spec.style.color == sdk::ColorOrder::gray ? 1 : 3;
  const bool size = spec.width >= 1 && spec.height >= 1 && spec.width <= 16384 && spec.height <= 16384;
  if (type && size && spec.channels == channels) return;
  throw Error(ErrorCode::invalid_argument, "input '" + spec.name + "': found " + std::to_string(spec.channels) + "x" +
                                               std::to_string(spec.height) + "x" + std::to_string(spec.width) + " of " +
                                               std::string(to_string(spec.dtype)) + " with " +
                                               (channels == 1 ? "gray" : "colour") +
                                               " samples; accepted are float32, float16 or uint8, sizes up to 16384, 3 "
                                               "channels for rgb and bgr, 1 for gray");
}

}  // namespace vireo::preprocess
