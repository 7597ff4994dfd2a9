#include "engine/ops/cases.h"

namespace vireo::ops {

std::vector<Case> tile_cases() {
  const std::vector<DataType> types{DataType::float32, DataType::int64};
  return {{.name = "both", .inputs = {{2, 3}, {2}}, .dtypes = types, .constants = {{1, {2, 3}}}},
          {.name = "middle", .inputs = {{2, 3, 5}, {3}}, .dtypes = types, .constants = {{1, {1, 4, 1}}}},
          {.name = "none", .inputs = {{4}, {1}}, .dtypes = types, .constants = {{1, {0}}}}};
}

}  // namespace vireo::ops
