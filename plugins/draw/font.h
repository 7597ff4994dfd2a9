#pragma once
// Text as small coverage masks: every printable ASCII character of one size, rendered once from OpenCV's stroke font at
// eight times the size and averaged down, so that small labels stay legible. Immutable after it is made; any thread.

#include <cstdint>
#include <string_view>
#include <vector>

#include "plugins/draw/surface.h"

namespace vireo::draw {

class Font {
 public:
  /// `capital` is the height of a capital letter in pixels, 6 … 96.
  explicit Font(int capital);

  [[nodiscard]] int capital() const noexcept { return capital_; }
  /// Pixels below the baseline that letters like g need.
  [[nodiscard]] int descent() const noexcept { return descent_; }
  /// Width of UTF-8 text in pixels; what is not ASCII shows as '?'.
  [[nodiscard]] int width(std::string_view text) const noexcept;
  /// Draws with the left end of the baseline at (x, y).
  void draw(Surface& surface, int x, int y, std::string_view text, const Ink& ink, int alpha) const noexcept;

 private:
  struct Glyph {
    int width = 0, advance = 0;
    std::size_t offset = 0;
  };
  [[nodiscard]] const Glyph& glyph(std::string_view text, std::size_t& at) const noexcept;

  int capital_, ascent_ = 0, descent_ = 0, margin_ = 1, rows_ = 0;
  std::vector<Glyph> glyphs_;
  std::vector<std::uint8_t> masks_;
};

}  // namespace vireo::draw
