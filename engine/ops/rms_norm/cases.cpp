#include "engine/ops/cases.h"

namespace vireo::ops {

std::vector<Case> rms_norm_cases() {
  return {{.name = "last", .inputs = {{5, 7, 37}, {37}}},
          {.name = "two_axes", .inputs = {{5, 7, 9}, {7, 9}}, .attributes = attributes({{"axis", 1}})},
          {.name = "long rows", .inputs = {{3, 2, 1029}, {1, 1029}}, .attributes = attributes({{"epsilon", 0.25}})},
          {.name = "a scale of heads", .inputs = {{2, 3, 19}, {3, 1}}}};
}

}  // namespace vireo::ops
