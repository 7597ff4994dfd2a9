#include "engine/ops/cases.h"

namespace vireo::ops {

std::vector<Case> arg_reduce_cases() {
  return {{.name = "first_axis", .inputs = {{7, 5}}},
          {.name = "last_axis", .inputs = {{4, 37}}, .attributes = attributes({{"axis", -1}, {"keepdims", 0}})},
          {.name = "min_middle", .inputs = {{2, 9, 5}}, .attributes = attributes({{"axis", 1}, {"mode", "min"}})},
          {.name = "classes", .inputs = {{1, 21, 13, 11}}, .attributes = attributes({{"axis", 1}, {"keepdims", 0}})},
          {.name = "int32_last_equal",
           .inputs = {{3, 40}},
           .attributes = attributes({{"axis", 1}, {"select_last_index", 1}}),
           .dtypes = {DataType::int32}}};
}

}  // namespace vireo::ops
