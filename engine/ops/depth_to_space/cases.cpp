#include "engine/ops/cases.h"

namespace vireo::ops {

std::vector<Case> depth_to_space_cases() {
  return {
      {.name = "dcr", .inputs = {{2, 12, 3, 5}}, .attributes = attributes({{"blocksize", 2}})},
      {.name = "crd", .inputs = {{2, 18, 3, 5}}, .attributes = attributes({{"blocksize", 3}, {"mode", "CRD"}})},
      {.name = "dcr_nhwc", .inputs = {{2, 3, 5, 12}}, .attributes = attributes({{"blocksize", 2}, {"layout", "nhwc"}})},
      {.name = "crd_nhwc",
       .inputs = {{1, 7, 5, 48}},
       .attributes = attributes({{"blocksize", 4}, {"mode", "CRD"}, {"layout", "nhwc"}})}};
}

}  // namespace vireo::ops
