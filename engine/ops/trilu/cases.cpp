#include "engine/ops/cases.h"

namespace vireo::ops {

std::vector<Case> trilu_cases() {
  const std::vector<DataType> types{DataType::float32, DataType::int64};
  return {
      {.name = "upper", .inputs = {{2, 4, 5}}},
      {.name = "lower",
       .inputs = {{5, 4}, {}},
       .attributes = attributes({{"upper", 0}}),
       .dtypes = types,
       .constants = {{1, {-1}}}},
      {.name = "beyond", .inputs = {{3, 3}, {}}, .dtypes = {DataType::int64, DataType::int64}, .constants = {{1, {9}}}},
      {.name = "lower of many bytes",
       .inputs = {{3, 130, 129}},
       .attributes = attributes({{"upper", 0}}),
       .dtypes = {DataType::boolean}}};
}

}  // namespace vireo::ops
