#pragma once
// How a picture becomes the network's input tensor: place in memory, size, colour order, normalisation, fitting.
// Guessed from the model (plugins/preprocess/input_guess.h), overridden by the user. Plain value.

#include <array>
#include <cstdint>
#include <string>

#include "engine/api/types.h"

namespace vireo::sdk {

enum class Layout : std::uint8_t { nchw, nhwc };
enum class ColorOrder : std::uint8_t { rgb, bgr, gray };
/// letterbox: keep the aspect ratio and pad. stretch: fill the input. crop: keep the aspect ratio, centre-crop.
enum class Resize : std::uint8_t { letterbox, stretch, crop };
enum class Align : std::uint8_t { top_left, center };

/// What differs from family to family: value = (sample - mean) * scale, in the order of `color`.
struct InputStyle {
  ColorOrder color = ColorOrder::rgb;
  std::array<float, 3> mean{0, 0, 0};
  std::array<float, 3> scale{1.0f / 255, 1.0f / 255, 1.0f / 255};
  Resize resize = Resize::letterbox;
  Align align = Align::center;
  std::uint8_t pad = 114;  ///< value of padded samples, before normalisation
  int crop_percent = 100;  ///< for Resize::crop: the shorter side covers this share of the resized picture
};

struct InputSpec {
  std::string name;                    ///< of the network's input
  DataType dtype = DataType::float32;  ///< float32, float16 or uint8
  Layout layout = Layout::nchw;
  int width = 0, height = 0, channels = 3;
  InputStyle style;
  [[nodiscard]] Dims dims(std::int64_t batch = 1) const {
    return layout == Layout::nchw ? Dims{batch, channels, height, width} : Dims{batch, height, width, channels};
  }
  [[nodiscard]] std::size_t image_bytes() const noexcept {
    return std::size_t(width) * height * channels * size_of(dtype);
  }
};

}  // namespace vireo::sdk
