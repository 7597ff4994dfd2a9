#include "engine/ops/cases.h"

namespace vireo::ops {

std::vector<Case> reshape_cases() {
  const std::vector<DataType> types{DataType::float32, DataType::int64};
  return {{.name = "inferred", .inputs = {{2, 3, 4}, {2}}, .dtypes = types, .constants = {{1, {0, -1}}}},
          {.name = "scalar", .inputs = {{1, 1}, {0}}, .dtypes = types, .constants = {{1, {}}}},
          {.name = "int64",
           .inputs = {{6}, {2}},
           .dtypes = {DataType::int64, DataType::int64},
           .constants = {{1, {3, 2}}}}};
}

}  // namespace vireo::ops
