#include "engine/ops/cases.h"

namespace vireo::ops {

std::vector<Case> max_roi_pool_cases() {
  return {{.name = "regions",
           .inputs = {{2, 3, 10, 12}, {3, 5}},
           .attributes = attributes({{"pooled_shape", Ints{3, 2}}, {"spatial_scale", 0.5}}),
           .constants = {{1, {0, 0, 0, 19, 19, 1, 5, 4, 18, 20, 1, -8, -8, -4, 40}}}},
          {.name = "one pixel",
           .inputs = {{1, 2, 5, 5}, {1, 5}},
           .attributes = attributes({{"pooled_shape", Ints{2, 2}}}),
           .constants = {{1, {0, 2, 2, 2, 2}}}},
          {.name = "no regions",
           .inputs = {{1, 2, 5, 5}, {0, 5}},
           .attributes = attributes({{"pooled_shape", Ints{2, 2}}})}};
}

}  // namespace vireo::ops
