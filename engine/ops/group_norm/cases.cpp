#include "engine/ops/cases.h"

namespace vireo::ops {

std::vector<Case> group_norm_cases() {
  return {{.name = "nchw", .inputs = {{2, 6, 3, 5}, {6}, {6}}, .attributes = attributes({{"num_groups", 3}})},
          {.name = "nhwc",
           .inputs = {{1, 5, 7, 32}, {32}, {32}},
           .attributes = attributes({{"num_groups", 4}, {"layout", "nhwc"}})}};
}

}  // namespace vireo::ops
