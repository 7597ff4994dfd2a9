#include "engine/ops/cases.h"

namespace vireo::ops {

std::vector<Case> concat_cases() {
  return {{.name = "channels", .inputs = {{2, 3, 5, 7}, {2, 4, 5, 7}}, .attributes = attributes({{"axis", 1}})},
          {.name = "last", .inputs = {{6, 3}, {6, 16}, {6, 1}}, .attributes = attributes({{"axis", -1}})},
          {.name = "nhwc", .inputs = {{1, 20, 20, 24}, {1, 20, 20, 48}}, .attributes = attributes({{"axis", 3}})},
          {.name = "one", .inputs = {{4, 4}}, .attributes = attributes({{"axis", 0}})},
          {.name = "with_empty", .inputs = {{2, 0}, {2, 3}}, .attributes = attributes({{"axis", 1}})},
          {.name = "int64",
           .inputs = {{1}, {2}},
           .attributes = attributes({{"axis", 0}}),
           .dtypes = {DataType::int64, DataType::int64}}};
}

}  // namespace vireo::ops
