#include "engine/ops/cases.h"

namespace vireo::ops {

std::vector<Case> gather_elements_cases() {
  const std::vector<DataType> types{DataType::float32, DataType::int64};
  return {{.name = "rows", .inputs = {{3, 4}, {2, 4}}, .dtypes = types, .constants = {{1, {0, 1, 2, 0, -1, -3, 0, 1}}}},
          {.name = "axis1",
           .inputs = {{2, 5}, {2, 3}},
           .attributes = attributes({{"axis", 1}}),
           .dtypes = types,
           .constants = {{1, {4, 3, -1, 0, 0, 1}}}}};
}

}  // namespace vireo::ops
