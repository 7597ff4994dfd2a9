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
           .constants = {{1, {0, 0, 2}}}},
          {.name = "long runs",
           .inputs = {{3, 2, 9001}, {2, 2}, {2, 9001}},
           .dtypes = {DataType::float32, DataType::int32, DataType::float32},
           .constants = {{1, {2, -1, 0, 1}}}},
          {.name = "bytes, everything",
           .inputs = {{2, 3}, {1, 0}, {1, 2, 3}},
           .dtypes = {DataType::int8, DataType::int64, DataType::int8}}};
}

}  // namespace vireo::ops
