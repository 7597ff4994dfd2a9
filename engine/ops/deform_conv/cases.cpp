#include "engine/ops/cases.h"

namespace vireo::ops {

std::vector<Case> deform_conv_cases() {
  using D = DataType;
  return {{.name = "plain", .inputs = {{1, 3, 7, 8}, {5, 3, 3, 3}, {1, 18, 5, 6}}},
          {.name = "padded, strided, masked",
           .inputs = {{2, 20, 9, 7}, {18, 20, 3, 3}, {2, 18, 5, 4}, {18}, {2, 9, 5, 4}},
           .attributes = attributes({{"pads", Ints{1, 1, 1, 1}}, {"strides", Ints{2, 2}}})},
          {.name = "groups of both kinds",
           .inputs = {{1, 12, 6, 6}, {4, 6, 2, 3}, {1, 36, 6, 6}, {4}, {1, 18, 6, 6}},
           .attributes =
               attributes({{"group", 2}, {"offset_group", 3}, {"pads", Ints{0, 2, 1, 2}}, {"dilations", Ints{1, 2}}})},
          {.name = "one tap", .inputs = {{1, 17, 4, 4}, {3, 17, 1, 1}, {1, 2, 4, 4}}},
          {.name = "double",
           .inputs = {{1, 2, 4, 4}, {2, 2, 2, 2}, {1, 8, 3, 3}},
           .dtypes = {D::float64, D::float64, D::float64}},
          {.name = "no pictures", .inputs = {{0, 2, 4, 4}, {2, 2, 2, 2}, {0, 8, 3, 3}}}};
}

}  // namespace vireo::ops
