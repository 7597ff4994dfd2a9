#include "engine/ops/cases.h"

namespace vireo::ops {

std::vector<Case> tensor_scatter_cases() {
  const std::vector<DataType> types{DataType::float32, DataType::float32, DataType::int64};
  return {
      {.name = "from the start", .inputs = {{2, 3, 5, 4}, {2, 3, 2, 4}}},
      {.name = "linear", .inputs = {{2, 3, 5, 4}, {2, 3, 2, 4}, {2}}, .dtypes = types, .constants = {{2, {3, 0}}}},
      {.name = "circular",
       .inputs = {{3, 7, 2}, {3, 4, 2}, {3}},
       .attributes = attributes({{"mode", "circular"}, {"axis", 1}}),
       .dtypes = {DataType::int8, DataType::int8, DataType::int32},
       .constants = {{2, {5, 700, -1}}}},
      {.name = "one index, the last axis",
       .inputs = {{2, 9}, {2, 3}, {}},
       .attributes = attributes({{"axis", -1}}),
       .dtypes = types,
       .constants = {{2, {6}}}},
      {.name = "nothing to write", .inputs = {{2, 5, 4}, {2, 0, 4}, {1}}, .dtypes = types, .constants = {{2, {5}}}}};
}

}  // namespace vireo::ops
