#pragma once
// A frame as it goes up to a device: one block with what is to be done, where each row and column of the input takes
// its samples, and the planes as they came. The device's half is frame.cl, and the two give what Preprocessor gives:
// the same fixed-point bilinear resize of the 8-bit planes, then the same conversion in float. One for each place that
// frames are written to, for it remembers the last frame's tables. One thread at a time.

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "plugins/preprocess/letterbox.h"
#include "plugins/sdk/frame.h"

namespace vireo::preprocess {

class FrameBlock {
 public:
  /// Plans the block for this frame; returns its bytes. Throws Error on a malformed image.
  std::size_t plan(const sdk::InputSpec& spec, const sdk::Image& image);
  /// Writes the planned block for the same frame; returns how the frame lies in the input.
  sdk::Geometry write(const sdk::InputSpec& spec, const sdk::Image& image, std::byte* block) const;

  /// What the block begins with; frame.cl has the same.
  struct Header {
    std::int32_t kind, step, red, blue;            ///< 0 NV12, 1 I420, 2 pixels, 3 gray; of a pixel's bytes
    std::int32_t x, y, width, height;              ///< rectangle of the input that the picture fills
    std::int32_t plane_width[2], plane_height[2];  ///< used part: luma or pixels, chroma
    std::int32_t input_width, input_height;
    std::int32_t channels, planar, bgr;
    std::int32_t plane[3], pitch[3];   ///< bytes from the block's beginning; from row to row
    std::int32_t columns[2], rows[2];  ///< tables of luma or pixels, and of chroma: ints from the beginning
    float y_offset, y_scale, v_to_r, u_to_g, v_to_g, u_to_b;
    float mean[3], scale[3], pad;
    std::int32_t unused[24];
  };

 private:
  struct Part {  ///< a plane's used part in the frame
    int x = 0, y = 0, width = 0, height = 0, samples = 1;
  };
  [[nodiscard]] Part part(int plane) const;
  void plan_tables();

  Placement placement_;
  sdk::PixelFormat format_ = sdk::PixelFormat::bgr;
  int planes_ = 0;  ///< that go up
  std::array<int, 3> pitch_{};
  std::array<std::size_t, 3> at_{};
  std::array<std::size_t, 2> columns_{}, rows_{};  ///< in tables_
  std::vector<std::int32_t> tables_;
  std::size_t bytes_ = 0;
};

}  // namespace vireo::preprocess
