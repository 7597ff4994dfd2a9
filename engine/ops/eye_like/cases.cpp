#include "engine/ops/cases.h"

namespace vireo::ops {

std::vector<Case> eye_like_cases() {
  return {{.name = "square", .inputs = {{4, 4}}},
          {.name = "shifted", .inputs = {{3, 5}}, .attributes = attributes({{"k", -1}, {"dtype", "int64"}})}};
}

}  // namespace vireo::ops
