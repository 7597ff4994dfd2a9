#include "engine/ops/cases.h"

namespace vireo::ops {

std::vector<Case> reverse_sequence_cases() {
  const std::vector<DataType> types{DataType::float32, DataType::int64};
  return {{.name = "time first", .inputs = {{5, 3, 2}, {3}}, .dtypes = types, .constants = {{1, {0, 5, 3}}}},
          {.name = "batch first",
           .inputs = {{3, 4}, {3}},
           .attributes = attributes({{"time_axis", 1}, {"batch_axis", 0}}),
           .dtypes = {DataType::int8, DataType::int64},
           .constants = {{1, {1, 4, 2}}}},
          {.name = "no time", .inputs = {{0, 2, 3}, {2}}, .dtypes = types, .constants = {{1, {0, 0}}}}};
}

}  // namespace vireo::ops
