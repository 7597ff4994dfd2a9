#pragma once
// Animated GIF files, read here because GStreamer's decoder (avdec_gif) never ends on them and gives no times. One
// thread.

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace vireo::deployment {

/// More than one picture.
[[nodiscard]] bool is_animated_gif(const std::filesystem::path& file);

/// Frames as they are shown: each drawn over what the ones before left, on white.
class Gif {
 public:
  /// Throws Error(io | unsupported) for what is no GIF.
  explicit Gif(const std::filesystem::path& file);

  [[nodiscard]] int width() const { return width_; }
  [[nodiscard]] int height() const { return height_; }
  /// The next frame's pixels, RGB without gaps between rows; false behind the last one, or where the file is cut off.
  [[nodiscard]] bool next();
  [[nodiscard]] const std::vector<std::uint8_t>& pixels() const { return canvas_; }
  /// Of the frame that next() read.
  [[nodiscard]] int delay_ms() const { return delay_ms_; }
  /// The file ended in the middle.
  [[nodiscard]] bool cut_off() const { return cut_off_; }

 private:
  struct Area {
    int x = 0, y = 0, width = 0, height = 0;
  };
  enum class Disposal { keep, clear, restore };

  [[nodiscard]] int byte();
  [[nodiscard]] int word();
  [[nodiscard]] std::string blocks();
  void read_palette(int flags, std::vector<std::uint8_t>& palette);
  void read_extension();
  void read_picture();
  void dispose();
  void draw(const Area& area, const std::vector<std::uint8_t>& codes, const std::vector<std::uint8_t>& palette,
            bool interlaced);

  std::string bytes_;
  std::size_t at_ = 0;
  bool cut_off_ = false;
  int width_ = 0, height_ = 0, delay_ms_ = 0, transparent_ = -1;
  std::vector<std::uint8_t> palette_, canvas_, saved_;
  Area drawn_;                          ///< by the last frame
  Disposal disposal_ = Disposal::keep;  ///< of the last frame
  int next_delay_ms_ = 0;               ///< what a graphic control says about the frame that follows it
  Disposal next_disposal_ = Disposal::keep;
};

}  // namespace vireo::deployment
