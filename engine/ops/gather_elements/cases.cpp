#include "engine/ops/cases.h"

namespace vireo::ops {

std::vector<Case> gather_elements_cases() {
  const std::vector<DataType> types{DataType::float32, DataType::int64};
  return {{.name = "rows", .inputs = {{3, 4}, {2, 4}}, .dtypes = types, .constants = {{1, {0, 1, 2, 0, -1, -3, 0, 1}}}},
          {.name = "axis1",
           .inputs = {{2, 5}, {2, 3}},
           .attributes = attributes({{"axis", 1}}),
           .dtypes = types,
           .constants = {{1, {4, 3, -1, 0, 0, 1}}}},
          {.name = "middle axis of wide rows",
           .inputs = {{3, 4, 5000}, {2, 2, 4999}},
           .attributes = attributes({{"axis", 1}}),
           .dtypes = {DataType::float64, DataType::int32},
           .constants = {{1, std::vector<double>(19996, -2)}}},
          {.name = "bytes of a line",
           .inputs = {{6}, {9}},
           .dtypes = {DataType::boolean, DataType::int64},
           .constants = {{1, {5, 4, 3, 2, 1, 0, -1, -6, 2}}}}};
}

}  // namespace vireo::ops
