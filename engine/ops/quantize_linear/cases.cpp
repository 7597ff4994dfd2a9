#include "engine/ops/cases.h"

namespace vireo::ops {

std::vector<Case> quantize_linear_cases() {
  const DataType f = DataType::float32;
  return {{.name = "whole",
           .inputs = {{3, 37}, {}, {}},
           .dtypes = {f, f, DataType::uint8},
           .constants = {{1, {0.01}}, {2, {128}}}},
          {.name = "axis",
           .inputs = {{2, 3, 5}, {3}, {3}},
           .dtypes = {f, f, DataType::int8},
           .constants = {{1, {0.01, 0.1, 1}}, {2, {0, 5, -7}}}},
          {.name = "block",
           .inputs = {{2, 6}, {2, 2}},
           .attributes = attributes({{"block_size", 3}}),
           .constants = {{1, {0.01, 0.1, 1, 0.5}}}}};
}

}  // namespace vireo::ops
