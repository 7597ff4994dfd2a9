#include "engine/ops/cases.h"

namespace vireo::ops {

std::vector<Case> non_zero_cases() {
  return {{.name = "matrix", .inputs = {{3, 4}}, .constants = {{0, {0, 1, 0, 2, 0, 0, 3, 0, -1, 0, 0, 5}}}},
          {.name = "bool", .inputs = {{5}}, .dtypes = {DataType::boolean}, .constants = {{0, {1, 0, 0, 1, 1}}}},
          {.name = "none", .inputs = {{2, 2}}, .constants = {{0, {0, 0, 0, 0}}}}};
}

}  // namespace vireo::ops
