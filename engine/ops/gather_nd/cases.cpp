#include "engine/ops/cases.h"

namespace vireo::ops {

std::vector<Case> gather_nd_cases() {
  const std::vector<DataType> types{DataType::float32, DataType::int64};
  return {{.name = "elements", .inputs = {{2, 3}, {3, 2}}, .dtypes = types, .constants = {{1, {0, 0, 1, 2, -1, -2}}}},
          {.name = "rows", .inputs = {{4, 5}, {2, 1}}, .dtypes = types, .constants = {{1, {3, 0}}}},
          {.name = "batch",
           .inputs = {{2, 3, 4}, {2, 1}},
           .attributes = attributes({{"batch_dims", 1}}),
           .dtypes = types,
           .constants = {{1, {2, 0}}}}};
}

}  // namespace vireo::ops
