#pragma once
// Columns back into an image: what the reference and the kernel share. Pure; any thread.

#include "engine/ops/shared/reference.h"
#include "engine/ops/shared/shape.h"

namespace vireo::ops {

struct Col2ImAxis {
  std::int64_t image = 1, block = 1, places = 1, stride = 1, dilation = 1, pad = 0;
  std::int64_t step = 1;  ///< elements of the image between neighbours
};

struct Col2Im {
  std::vector<Col2ImAxis> axes;
  std::int64_t taps = 1, places = 1, pixels = 1;  ///< of a block, of the image, of the image
};
[[nodiscard]] Col2Im plan_col2im(const Attributes& attributes, const Ints& image, const Ints& block);

/// Adds the columns of one channel, `taps` rows of `places`, to its image, which starts as zeros.
template <typename T, typename Sum>
void col2im_plane(const Col2Im& s, const T* columns, Sum* image) noexcept {
  const Col2ImAxis& row = s.axes.back();
  for (std::int64_t tap = 0; tap < s.taps; ++tap) {
    for (std::int64_t first = 0; first < s.places; first += row.places) {  // a row of places along the last axis
      std::int64_t t = tap, place = first / row.places, to = 0;
      const std::int64_t start = t % row.block * row.dilation - row.pad;
      t /= row.block;
      bool inside = true;
      for (std::size_t i = s.axes.size() - 1; i-- > 0;) {
        const Col2ImAxis& axis = s.axes[i];
        const std::int64_t at = place % axis.places * axis.stride - axis.pad + t % axis.block * axis.dilation;
        place /= axis.places;
        t /= axis.block;
        inside = inside && at >= 0 && at < axis.image;
        to += at * axis.step;
      }
      if (!inside) continue;
      const std::int64_t low = start >= 0 ? 0 : (-start + row.stride - 1) / row.stride;
      const std::int64_t room = row.image - start;
      const std::int64_t past = room <= 0 ? 0 : (room + row.stride - 1) / row.stride;
      const std::int64_t high = past < row.places ? past : row.places;
      const T* from = columns + tap * s.places + first;
      if (row.stride == 1) {
        for (std::int64_t k = low; k < high; ++k) image[to + start + k] += static_cast<Sum>(from[k]);
      } else {
        for (std::int64_t k = low; k < high; ++k) image[to + start + k * row.stride] += static_cast<Sum>(from[k]);
      }
    }
  }
}

void col2im_reference(const EvalContext&);
[[nodiscard]] std::span<const Tactic> col2im_tactics();

}  // namespace vireo::ops
