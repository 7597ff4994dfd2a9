#include "engine/ops/cases.h"

namespace vireo::ops {

std::vector<Case> where_cases() {
  const DataType b = DataType::boolean;
  return {{.name = "same", .inputs = {{3, 37}, {3, 37}, {3, 37}}, .dtypes = {b}},
          {.name = "scalars", .inputs = {{5, 9}, {}, {1}}, .dtypes = {b}},
          {.name = "mixed", .inputs = {{5, 1}, {1, 9}, {4, 5, 9}}, .dtypes = {b}},
          {.name = "int64", .inputs = {{7}, {7}, {}}, .dtypes = {b, DataType::int64, DataType::int64}}};
}

}  // namespace vireo::ops
