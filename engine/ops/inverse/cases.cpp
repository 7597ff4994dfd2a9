#include "engine/ops/cases.h"

namespace vireo::ops {

std::vector<Case> inverse_cases() {
  return {{.name = "a pivot below", .inputs = {{2, 2}}, .constants = {{0, {0, 2, 4, 1}}}},
          {.name = "a batch", .inputs = {{2, 3, 4, 4}}},
          {.name = "numbers", .inputs = {{3, 1, 1}}}};
}

}  // namespace vireo::ops
