#include "engine/ops/cases.h"

namespace vireo::ops {

std::vector<Case> col2im_cases() {
  using D = DataType;
  const auto with = [](const char* name, Dims columns, Reals image, Reals block, Attributes a, D type = D::float32) {
    const Dims axes{static_cast<std::int64_t>(image.size())};
    return Case{.name = name,
                .inputs = {std::move(columns), axes, axes},
                .attributes = std::move(a),
                .dtypes = {type, D::int64, D::int64},
                .constants = {{1, std::move(image)}, {2, std::move(block)}}};
  };
  return {with("next to each other", {1, 5, 5}, {5, 5}, {1, 5}, {}),
          with("overlapping", {2, 18, 9}, {4, 7}, {3, 3},
               attributes({{"pads", Ints{1, 0, 0, 0}}, {"strides", Ints{1, 2}}})),
          with("dilated", {1, 12, 4}, {6, 6}, {2, 2},
               attributes({{"dilations", Ints{1, 5}}, {"strides", Ints{2, 1}}, {"pads", Ints{1, 0, 1, 0}}})),
          with("volume", {1, 20, 12}, {3, 4, 5}, {1, 1, 5}, {}, D::float64),
          with("line of integers", {1, 3, 4}, {6}, {3}, {}, D::int32)};
}

}  // namespace vireo::ops
