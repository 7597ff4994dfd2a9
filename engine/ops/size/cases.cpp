#include "engine/ops/cases.h"

namespace vireo::ops {

std::vector<Case> size_cases() {
  return {{.name = "cube", .inputs = {{2, 3, 4}}},
          {.name = "scalar", .inputs = {{}}},
          {.name = "empty", .inputs = {{3, 0}}}};
}

}  // namespace vireo::ops
