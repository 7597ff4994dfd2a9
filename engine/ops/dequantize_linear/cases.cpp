#include "engine/ops/cases.h"

namespace vireo::ops {

std::vector<Case> dequantize_linear_cases() {
  const DataType f = DataType::float32;
  return {{.name = "whole",
           .inputs = {{3, 37}, {}, {}},
           .dtypes = {DataType::uint8, f, DataType::uint8},
           .constants = {{1, {0.01}}, {2, {128}}}},
          {.name = "axis",
           .inputs = {{3, 2, 5}, {3}, {3}},
           .attributes = attributes({{"axis", 0}}),
           .dtypes = {DataType::int8, f, DataType::int8},
           .constants = {{1, {0.01, 0.1, 1}}, {2, {0, 5, -7}}}},
          {.name = "bias", .inputs = {{7}, {}}, .dtypes = {DataType::int32, f}, .constants = {{1, {0.5}}}}};
}

}  // namespace vireo::ops
