#include "engine/ops/cases.h"

namespace vireo::ops {

std::vector<Case> expand_cases() {
  const std::vector<DataType> types{DataType::float32, DataType::int64};
  return {{.name = "column", .inputs = {{3, 1}, {3}}, .dtypes = types, .constants = {{1, {2, 1, 6}}}},
          {.name = "row", .inputs = {{7}, {2}}, .dtypes = types, .constants = {{1, {5, 7}}}},
          {.name = "scalar", .inputs = {{}, {2}}, .dtypes = types, .constants = {{1, {3, 4}}}},
          {.name = "bool",
           .inputs = {{1, 4}, {2}},
           .dtypes = {DataType::boolean, DataType::int64},
           .constants = {{1, {3, 1}}}}};
}

}  // namespace vireo::ops
