#include "engine/ops/cases.h"

namespace vireo::ops {

std::vector<Case> range_cases() {
  const DataType i = DataType::int64;
  return {{.name = "up", .inputs = {{}, {}, {}}, .constants = {{0, {0.5}}, {1, {9}}, {2, {0.75}}}},
          {.name = "down", .inputs = {{}, {}, {}}, .dtypes = {i, i, i}, .constants = {{0, {10}}, {1, {-4}}, {2, {-3}}}},
          {.name = "empty", .inputs = {{}, {}, {}}, .dtypes = {i, i, i}, .constants = {{0, {3}}, {1, {3}}, {2, {1}}}}};
}

}  // namespace vireo::ops
