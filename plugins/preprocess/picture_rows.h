#pragma once
// The rows of a picture at the size that it has in the network's input, made one at a time from the frame's own planes:
// of YCbCr frames still Y, Cb and Cr, each resized for itself, so that colours are converted at network pixels, not at
// camera pixels. Both are linear, so only rounding differs from converting first. Tables are kept from frame to frame
// of one size. start() one thread at a time; then row() from any, each with memory of its own.

#include <array>
#include <cstdint>
#include <vector>

#include "plugins/preprocess/column_table.h"
#include "plugins/preprocess/letterbox.h"
#include "plugins/sdk/frame.h"

namespace vireo::preprocess {

class PictureRows {
 public:
  /// Memory for one row.
  struct Scratch {
    std::array<std::vector<std::uint8_t>, 3> bytes;
  };
  /// `u` and `v` are null but for YCbCr in colour; `step`: bytes from pixel to pixel of `first`.
  struct Row {
    const std::uint8_t *first = nullptr, *u = nullptr, *v = nullptr;
    int step = 1;
  };

  /// Takes the frame, which stays until its last row has been made. `gray`: of YCbCr only Y is wanted.
  void start(const sdk::Image& image, const Placement& placement, bool gray);
  /// Row `y` of the filled rectangle, in `scratch` or in the frame itself.
  [[nodiscard]] Row row(int y, Scratch& scratch) const;

 private:
  struct Plane {  ///< the part of it that is used
    const std::uint8_t* data = nullptr;
    std::ptrdiff_t stride = 0;
    int width = 0, height = 0;
  };
  /// What the tables below are for: source and target sizes and bytes of a pixel.
  struct Sizes {
    int width = 0, height = 0, to_width = 0, to_height = 0, step = 0;
    bool operator==(const Sizes&) const = default;
  };
  struct Tables {
    Sizes sizes;
    std::vector<ColumnTable> columns;  ///< one
    std::vector<std::int32_t> rows;
    bool direct = false;  ///< samples are the frame's
    void make(const Sizes& wanted);
  };
  [[nodiscard]] RowPair pair_of(const Plane& plane, const Tables& tables, int y) const;

  sdk::PixelFormat format_ = sdk::PixelFormat::bgr;
  bool chroma_ = false;
  std::array<Plane, 3> planes_;
  Tables first_, chroma_tables_;
};

}  // namespace vireo::preprocess
