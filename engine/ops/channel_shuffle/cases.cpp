#include "engine/ops/cases.h"

namespace vireo::ops {

std::vector<Case> channel_shuffle_cases() {
  return {{.name = "nchw", .inputs = {{2, 12, 3, 5}}, .attributes = attributes({{"groups", 3}})},
          {.name = "nhwc", .inputs = {{2, 5, 7, 58}}, .attributes = attributes({{"groups", 2}, {"axis", 3}})},
          {.name = "nhwc_4", .inputs = {{1, 5, 7, 24}}, .attributes = attributes({{"groups", 4}, {"axis", -1}})},
          {.name = "nhwc_halves",
           .inputs = {{1, 5, 7, 44}},
           .attributes = attributes({{"groups", 2}, {"axis", 3}}),
           .outputs = 2},
          {.name = "nchw_thirds",
           .inputs = {{2, 24, 3, 5}},
           .attributes = attributes({{"groups", 4}, {"axis", 1}}),
           .outputs = 3}};
}

}  // namespace vireo::ops
