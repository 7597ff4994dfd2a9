#include "engine/ops/cases.h"

namespace vireo::ops {

std::vector<Case> cumsum_cases() {
  const std::vector<DataType> types{DataType::float32, DataType::int64};
  return {{.name = "rows", .inputs = {{3, 5}, {}}, .dtypes = types, .constants = {{1, {0}}}},
          {.name = "reverse",
           .inputs = {{3, 5}, {}},
           .attributes = attributes({{"reverse", 1}}),
           .dtypes = types,
           .constants = {{1, {-1}}}},
          {.name = "exclusive",
           .inputs = {{7}, {}},
           .attributes = attributes({{"exclusive", 1}}),
           .dtypes = {DataType::int32, DataType::int64},
           .constants = {{1, {0}}}}};
}

}  // namespace vireo::ops
