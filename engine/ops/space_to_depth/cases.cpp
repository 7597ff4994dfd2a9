#include "engine/ops/cases.h"

namespace vireo::ops {

std::vector<Case> space_to_depth_cases() {
  return {{.name = "nchw", .inputs = {{2, 3, 4, 6}}, .attributes = attributes({{"blocksize", 2}})},
          {.name = "nhwc", .inputs = {{1, 6, 9, 5}}, .attributes = attributes({{"blocksize", 3}, {"layout", "nhwc"}})}};
}

}  // namespace vireo::ops
