#include "engine/ops/cases.h"

namespace vireo::ops {

std::vector<Case> top_k_cases() {
  const std::vector<DataType> types{DataType::float32, DataType::int64};
  return {{.name = "last", .inputs = {{3, 37}, {1}}, .dtypes = types, .constants = {{1, {5}}}, .outputs = 2},
          {.name = "smallest",
           .inputs = {{2, 9, 5}, {1}},
           .attributes = attributes({{"axis", 1}, {"largest", 0}}),
           .dtypes = types,
           .constants = {{1, {9}}},
           .outputs = 2},
          {.name = "boxes", .inputs = {{1, 2000}, {1}}, .dtypes = types, .constants = {{1, {300}}}, .outputs = 2},
          {.name = "all_smallest",
           .inputs = {{5, 100}, {1}},
           .attributes = attributes({{"largest", 0}}),
           .dtypes = types,
           .constants = {{1, {100}}},
           .outputs = 2},
          {.name = "many_rows",
           .inputs = {{2, 40, 700}, {1}},
           .attributes = attributes({{"largest", 0}}),
           .dtypes = types,
           .constants = {{1, {1}}},
           .outputs = 2},
          {.name = "int64",
           .inputs = {{4, 6}, {1}},
           .dtypes = {DataType::int64, DataType::int64},
           .constants = {{1, {2}}},
           .outputs = 2}};
}

}  // namespace vireo::ops
