#include <cmath>
#include <limits>

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
          {.name = "last_axis",
           .inputs = {{4, 37}, {37}, {37}},
           .dtypes = {f, f, DataType::uint16},
           .constants = {{1, Reals(37, 0.01)}}},
          {.name = "blocks_of_rows",
           .inputs = {{2, 7, 19}, {2, 3, 19}, {2, 3, 19}},
           .attributes = attributes({{"block_size", 3}}),
           .dtypes = {f, f, DataType::int16},
           .constants = {{1, Reals(2 * 3 * 19, 0.02)}}},
          {.name = "short_runs",
           .inputs = {{2, 3, 7}, {3}, {3}},
           .dtypes = {f, f, DataType::int8},
           .constants = {{1, {0.01, 0.1, 1}}, {2, {0, 5, -7}}}},
          {.name = "ties_and_ends",
           .inputs = {{12}, {1}, {}},
           .dtypes = {f, f, DataType::int8},
           .constants = {{0,
                          {0.25, 0.75, 1.25, -0.25, -0.75, 1e9, -1e9, std::numeric_limits<double>::infinity(),
                           -std::numeric_limits<double>::infinity(), std::nan(""), 60, -61.75}},
                         {1, {0.5}},
                         {2, {3}}}},
          {.name = "sums",
           .inputs = {{2, 3, 40}, {3}, {3}},
           .attributes = attributes({{"multiply", 1}}),
           .dtypes = {DataType::int32, f, DataType::uint8},
           .constants = {{1, {0.3, 11, 17.7}}, {2, {128, 128, 128}}}},
          {.name = "half_division",
           .inputs = {{40}, {}},
           .attributes = attributes({{"precision", "float16"}, {"output_dtype", "int16"}}),
           .constants = {{1, {0.003}}}},
          {.name = "float8",
           .inputs = {{9}, {}, {}},
           .attributes = attributes({{"saturate", 0}}),
           .dtypes = {f, f, DataType::float8e5m2},
           .constants = {{0, {0, -0.0, 1, 1.1, 3e5, -3e5, 1e-9, 100, -7}}, {1, {2}}, {2, {0}}}},
          {.name = "nibbles",
           .inputs = {{3, 9}, {3}, {3}},
           .attributes = attributes({{"axis", 0}}),
           .dtypes = {f, f, DataType::uint4},
           .constants = {{1, {0.25, 1, 0.01}}, {2, {0, 7, 15}}}},
          {.name = "large",
           .inputs = {{3, 20000}, {}, {}},
           .dtypes = {f, f, DataType::uint8},
           .constants = {{1, {0.03}}, {2, {100}}}},
          {.name = "block",
           .inputs = {{2, 6}, {2, 2}},
           .attributes = attributes({{"block_size", 3}}),
           .constants = {{1, {0.01, 0.1, 1, 0.5}}}}};
}

}  // namespace vireo::ops
