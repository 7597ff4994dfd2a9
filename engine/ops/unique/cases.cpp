#include "engine/ops/cases.h"

namespace vireo::ops {

std::vector<Case> unique_cases() {
  return {{.name = "elements", .inputs = {{2, 4}}, .constants = {{0, {3, 1, 3, 2, 1, 1, 2, 9}}}},
          {.name = "as they come",
           .inputs = {{6}},
           .attributes = attributes({{"sorted", 0}}),
           .dtypes = {DataType::int64},
           .constants = {{0, {2, 1, 1, 3, 4, 3}}}},
          {.name = "columns",
           .inputs = {{2, 3, 2}},
           .attributes = attributes({{"axis", 1}}),
           .constants = {{0, {1, 2, 0, 5, 1, 2, 3, 4, 3, 4, 3, 4}}}},
          {.name = "nothing", .inputs = {{0}}},
          {.name = "scalar", .inputs = {{}}}};
}

}  // namespace vireo::ops
