#include "engine/ops/cases.h"

namespace vireo::ops {

std::vector<Case> det_cases() {
  return {{.name = "one", .inputs = {{2, 2}}},
          {.name = "batch", .inputs = {{2, 3, 5, 5}}},
          {.name = "zero pivot", .inputs = {{3, 3}}, .constants = {{0, {0, 2, 1, 1, 0, 3, 4, 5, 0}}}},
          {.name = "singular", .inputs = {{2, 2}}, .constants = {{0, {1, 2, 2, 4}}}},
          {.name = "empty matrix", .inputs = {{3, 0, 0}}, .dtypes = {DataType::float64}}};
}

}  // namespace vireo::ops
