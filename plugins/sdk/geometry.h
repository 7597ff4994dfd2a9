#pragma once
// How the frame (or a region of it) lies in the network's input, and the exact way back. Coordinates are continuous: 0
// is the left edge of the first pixel, width the right edge of the last, so a resize is a pure scaling. Plain value.

#include <algorithm>

namespace vireo::sdk {

struct Geometry {
  int network_width = 0, network_height = 0;
  int frame_width = 0, frame_height = 0;
  double scale_x = 1, scale_y = 1;    ///< network pixels per frame pixel: resized extent / region extent, exactly
  double pad_x = 0, pad_y = 0;        ///< network pixels left of and above the picture
  double origin_x = 0, origin_y = 0;  ///< frame position of the region that was given to the network

  [[nodiscard]] double to_frame_x(double x) const noexcept { return (x - pad_x) / scale_x + origin_x; }
  [[nodiscard]] double to_frame_y(double y) const noexcept { return (y - pad_y) / scale_y + origin_y; }
  [[nodiscard]] double to_network_x(double x) const noexcept { return (x - origin_x) * scale_x + pad_x; }
  [[nodiscard]] double to_network_y(double y) const noexcept { return (y - origin_y) * scale_y + pad_y; }
  [[nodiscard]] double clip_x(double x) const noexcept { return std::clamp(x, 0.0, double(frame_width)); }
  [[nodiscard]] double clip_y(double y) const noexcept { return std::clamp(y, 0.0, double(frame_height)); }
};

}  // namespace vireo::sdk
