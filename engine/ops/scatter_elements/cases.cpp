#include "engine/ops/cases.h"

namespace vireo::ops {

std::vector<Case> scatter_elements_cases() {
  const std::vector<DataType> types{DataType::float32, DataType::int64, DataType::float32};
  return {{.name = "rows", .inputs = {{3, 3}, {2, 3}, {2, 3}}, .dtypes = types, .constants = {{1, {1, 0, 2, 0, 2, 1}}}},
          {.name = "add",
           .inputs = {{2, 5}, {2, 2}, {2, 2}},
           .attributes = attributes({{"axis", 1}, {"reduction", "add"}}),
           .dtypes = types,
           .constants = {{1, {1, 1, -1, 0}}}},
          {.name = "sums of integers along the last axis of many rows",
           .inputs = {{300, 4}, {300, 40}, {300, 40}},
           .attributes = attributes({{"axis", -1}, {"reduction", "add"}}),
           .dtypes = {DataType::int64, DataType::int64, DataType::int64},
           .constants = {{1, std::vector<double>(12000, -3)}}},
          {.name = "largest along the first axis of wide rows",
           .inputs = {{3, 700}, {30, 700}, {30, 700}},
           .attributes = attributes({{"reduction", "max"}}),
           .dtypes = {DataType::float32, DataType::int32, DataType::float32},
           .constants = {{1, std::vector<double>(21000, 2)}}},
          {.name = "bytes",
           .inputs = {{2, 3, 2}, {2, 2, 2}, {2, 2, 2}},
           .attributes = attributes({{"axis", 1}}),
           .dtypes = {DataType::boolean, DataType::int64, DataType::boolean},
           .constants = {{1, {0, 1, 2, 2, 1, 0, 0, 2}}}}};
}

}  // namespace vireo::ops
