#include "engine/ops/cases.h"

namespace vireo::ops {

std::vector<Case> lrn_cases() {
  return {{.name = "nchw", .inputs = {{2, 9, 3, 5}}, .attributes = attributes({{"size", 5}, {"alpha", 0.1}})},
          {.name = "even", .inputs = {{1, 6, 4}}, .attributes = attributes({{"size", 2}, {"alpha", 0.1}})},
          {.name = "nhwc",
           .inputs = {{1, 5, 7, 33}},
           .attributes = attributes({{"size", 3}, {"alpha", 0.2}, {"beta", 0.5}, {"layout", "nhwc"}})}};
}

}  // namespace vireo::ops
