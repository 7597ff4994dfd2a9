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

inline constexpr std::size_t kMostImageAxes = 8;

/// Adds the columns of one channel, `taps` rows of `places`, to its image, which starts as zeros.
template <typename T, typename Sum>
void col2im_plane(const Col2Im& s, const T* columns, Sum* image) noexcept {
  const std::size_t outer = s.axes.size() - 1;
  const Col2ImAxis& row = s.axes[outer];
  for (std::int64_t tap = 0; tap < s.taps; ++tap) {
    std::int64_t start[kMostImageAxes], place[kMostImageAxes] = {};  // of the tap at place 0; the present place
    std::int64_t t = tap;
    for (std::size_t i = outer + 1; i-- > 0; t /= s.axes[i].block)
      start[i] = t % s.axes[i].block * s.axes[i].dilation - s.axes[i].pad;
    const std::int64_t low = start[outer] >= 0 ? 0 : (-start[outer] + row.stride - 1) / row.stride;
    const std::int64_t room = row.image - start[outer];
    const std::int64_t past = room <= 0 ? 0 : (room + row.stride - 1) / row.stride;
    const std::int64_t high = past < row.places ? past : row.places;
    // A row of places along the last axis at a time.
    for (std::int64_t first = 0; first < s.places; first += row.places) {
      bool inside = true;
      std::int64_t to = start[outer];
      for (std::size_t i = 0; i < outer; ++i) {
        const std::int64_t at = place[i] * s.axes[i].stride + start[i];
        inside = inside && at >= 0 && at < s.axes[i].image;
        to += at * s.axes[i].step;
      }
      const T* from = columns + tap * s.places + first;
      if (inside && row.stride == 1) {
        for (std::int64_t k = low; k < high; ++k) image[to + k] += static_cast<Sum>(from[k]);
      } else if (inside) {
        for (std::int64_t k = low; k < high; ++k) image[to + k * row.stride] += static_cast<Sum>(from[k]);
      }
      for (std::size_t i = outer; i-- > 0;) {
        if (++place[i] < s.axes[i].places) break;
        place[i] = 0;
      }
    }
  }
}

void col2im_reference(const EvalContext&);
[[nodiscard]] std::span<const Tactic> col2im_tactics();

}  // namespace vireo::ops
