#include "engine/ops/cases.h"

namespace vireo::ops {

std::vector<Case> rms_norm_cases() {
  return {{.name = "last", .inputs = {{5, 7, 37}, {37}}},
          {.name = "two_axes", .inputs = {{5, 7, 9}, {7, 9}}, .attributes = attributes({{"axis", 1}})}};
}

}  // namespace vireo::ops
