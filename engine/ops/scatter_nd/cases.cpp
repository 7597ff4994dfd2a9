#include "engine/ops/cases.h"

namespace vireo::ops {

std::vector<Case> scatter_nd_cases() {
  const std::vector<DataType> types{DataType::float32, DataType::int64, DataType::float32};
  return {{.name = "elements", .inputs = {{8}, {4, 1}, {4}}, .dtypes = types, .constants = {{1, {4, 3, 1, 7}}}},
          {.name = "rows", .inputs = {{4, 4, 4}, {2, 1}, {2, 4, 4}}, .dtypes = types, .constants = {{1, {0, -2}}}},
          {.name = "add",
           .inputs = {{5, 3}, {3, 1}, {3, 3}},
           .attributes = attributes({{"reduction", "add"}}),
           .dtypes = types,
           .constants = {{1, {0, 0, 2}}}}};
}

}  // namespace vireo::ops
