#include "engine/ops/cases.h"

namespace vireo::ops {

std::vector<Case> one_hot_cases() {
  const DataType f = DataType::float32, i = DataType::int64;
  return {{.name = "last",
           .inputs = {{2, 3}, {}, {2}},
           .dtypes = {i, i, f},
           .constants = {{0, {0, 4, -1, 7, 2, -5}}, {1, {5}}}},
          {.name = "first",
           .inputs = {{4}, {1}, {2}},
           .attributes = attributes({{"axis", 0}}),
           .dtypes = {i, i, f},
           .constants = {{0, {0, 1, 2, 3}}, {1, {3}}}}};
}

}  // namespace vireo::ops
