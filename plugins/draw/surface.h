#pragma once
// The pixels of a frame to paint on, in any format: rectangles and masks are clipped and blended
// straight into the planes, with chroma at half size (both ways, or
// across alone in packed 4:2:2) getting the mean of its pixels' coverage. Borrows the frame for
// one drawing; costs what it touches; allocates nothing.

#include <cstddef>
#include <cstdint>

#include "plugins/draw/palette.h"
#include "plugins/sdk/frame.h"

namespace vireo::draw {

/// A colour in the frame's own samples.
struct Ink {
  std::uint8_t rgb[3];    ///< R G B
  std::uint8_t ycbcr[3];  ///< Y Cb Cr
};

class Surface {
 public:
  /// The planes of `image` must be writable, although sdk::Image names them const. Throws Error(invalid_argument) for
  /// an image that sdk::check_image refuses.
  explicit Surface(const sdk::Image& image);

  [[nodiscard]] int width() const noexcept { return image_.width; }
  [[nodiscard]] int height() const noexcept { return image_.height; }
  [[nodiscard]] Ink ink(Colour colour) const noexcept;

  /// Blends `ink` into columns [x0, x1) of rows [y0, y1), at `alpha` of 256.
  void rect(int x0, int y0, int x1, int y1, const Ink& ink, int alpha) noexcept;

  /// Blends `ink` where `mask` (width x height, 255 is full cover) says, its corner at (x, y), at `alpha` of 256.
  void mask(int x, int y, int width, int height, const std::uint8_t* mask, std::ptrdiff_t mask_stride, const Ink& ink,
            int alpha) noexcept;

 private:
  [[nodiscard]] std::uint8_t* row(int plane, int y) const noexcept;
  [[nodiscard]] bool coloured() const noexcept { return chroma_planes_ > 0 || pairs_; }
  /// Blends chroma of the pair of pixels at 2 * pair in 4:2:2.
  void pair(std::uint8_t* row, int pair, const Ink& ink, int alpha) const noexcept;

  sdk::Image image_;
  int step_ = 1, red_ = 0, green_ = 1, blue_ = 2, alpha_ = -1;
  bool packed_ = false;
  bool pairs_ = false;     ///< packed 4:2:2
  int luma_ = 0;           ///< of a pixel's two bytes in 4:2:2
  int chroma_planes_ = 0;  ///< 0, 1 (interleaved) or 2
};

}  // namespace vireo::draw
