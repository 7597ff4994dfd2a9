#include "engine/ops/cases.h"

namespace vireo::ops {

std::vector<Case> flatten_cases() {
  return {{.name = "default", .inputs = {{2, 3, 4}}},
          {.name = "negative", .inputs = {{2, 3, 4}}, .attributes = attributes({{"axis", -1}})},
          {.name = "zero", .inputs = {{2, 3, 4}}, .attributes = attributes({{"axis", 0}})}};
}

}  // namespace vireo::ops
