#include "engine/ops/cases.h"

namespace vireo::ops {

std::vector<Case> scatter_elements_cases() {
  const std::vector<DataType> types{DataType::float32, DataType::int64, DataType::float32};
  return {{.name = "rows", .inputs = {{3, 3}, {2, 3}, {2, 3}}, .dtypes = types, .constants = {{1, {1, 0, 2, 0, 2, 1}}}},
          {.name = "add",
           .inputs = {{2, 5}, {2, 2}, {2, 2}},
           .attributes = attributes({{"axis", 1}, {"reduction", "add"}}),
           .dtypes = types,
           .constants = {{1, {1, 1, -1, 0}}}}};
}

}  // namespace vireo::ops
