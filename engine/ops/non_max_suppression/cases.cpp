#include "engine/ops/cases.h"

namespace vireo::ops {

std::vector<Case> non_max_suppression_cases() {
  const DataType f = DataType::float32, i = DataType::int64;
  return {
      {.name = "two",
       .inputs = {{1, 6, 4}, {1, 1, 6}, {1}, {1}, {1}},
       .dtypes = {f, f, i, f, f},
       .constants = {{0, {0, 0, 1, 1, 0, 0.1, 1, 1.1, 0, -0.1, 1, 0.9, 0, 10, 1, 11, 0, 10.1, 1, 11.1, 0, 100, 1, 101}},
                     {1, {0.9, 0.75, 0.6, 0.95, 0.5, 0.3}},
                     {2, {3}},
                     {3, {0.5}},
                     {4, {0}}}}};
}

}  // namespace vireo::ops
