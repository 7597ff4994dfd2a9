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
           .constants = {{1, {0}}}},
          {.name = "columns of many parts",
           .inputs = {{3, 20, 523}, {}},
           .attributes = attributes({{"exclusive", 1}, {"reverse", 1}}),
           .dtypes = types,
           .constants = {{1, {1}}}},
          {.name = "a thousand short rows",
           .inputs = {{1000, 3}, {}},
           .dtypes = {DataType::int64, DataType::int64},
           .constants = {{1, {-1}}}},
          {.name = "products",
           .inputs = {{2, 6}, {}},
           .attributes = attributes({{"function", "product"}, {"reverse", 1}}),
           .dtypes = types,
           .constants = {{1, {1}}}},
          {.name = "products of what is before",
           .inputs = {{4, 3}, {}},
           .attributes = attributes({{"function", "product"}, {"exclusive", 1}}),
           .dtypes = {DataType::int64, DataType::int64},
           .constants = {{1, {-2}}}}};
}

}  // namespace vireo::ops
