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
          {.name = "last_axis",
           .inputs = {{3, 2, 37}, {37}, {37}},
           .attributes = attributes({{"axis", -1}}),
           .dtypes = {DataType::uint8, f, DataType::uint8}},
          {.name = "short_runs", .inputs = {{2, 33, 7}, {33}}, .dtypes = {DataType::uint16, f}},
          {.name = "blocks_of_rows",
           .inputs = {{2, 7, 19}, {2, 3, 19}, {2, 3, 19}},
           .attributes = attributes({{"block_size", 3}}),
           .dtypes = {DataType::int16, f, DataType::int16}},
          {.name = "blocks_of_a_row",
           .inputs = {{3, 50}, {3, 4}, {3, 4}},
           .attributes = attributes({{"block_size", 16}}),
           .dtypes = {DataType::int8, f, DataType::int8}},
          {.name = "nibbles",
           .inputs = {{3, 50}, {3, 4}, {3, 4}},
           .attributes = attributes({{"block_size", 16}}),
           .dtypes = {DataType::int4, f, DataType::int4}},
          {.name = "one_and_scalar",
           .inputs = {{70}, {1}, {}},
           .attributes = attributes({{"axis", 0}}),
           .dtypes = {DataType::int32, f, DataType::int32},
           .constants = {{1, {0.25}}, {2, {0}}}},
          {.name = "float8",
           .inputs = {{17}, {}},
           .attributes = attributes({{"output_dtype", "float16"}}),
           .dtypes = {DataType::float8e4m3fn, f},
           .constants = {{1, {0.5}}}},
          {.name = "one_block_larger_than_the_axis",
           .inputs = {{2, 5}, {2, 1}},
           .attributes = attributes({{"block_size", 100}}),
           .dtypes = {DataType::uint8, f}},
          {.name = "large", .inputs = {{3, 20000}, {}}, .dtypes = {DataType::uint8, f}, .constants = {{1, {0.5}}}},
          {.name = "bias", .inputs = {{7}, {}}, .dtypes = {DataType::int32, f}, .constants = {{1, {0.5}}}}};
}

}  // namespace vireo::ops
