#include "engine/ops/cases.h"

namespace vireo::ops {

std::vector<Case> binary_cases() {
  std::vector<Case> list;
  for (const char* f : {"add", "sub", "mul", "div", "min", "max", "prelu", "less", "greater_equal", "equal"})
    list.push_back({.name = f, .inputs = {{3, 67}, {3, 67}}, .attributes = attributes({{"function", f}})});
  const Attributes add = attributes({{"function", "add"}}), mul = attributes({{"function", "mul"}}),
                   sub = attributes({{"function", "sub"}});
  list.push_back({.name = "scalar_right", .inputs = {{5, 19}, {}}, .attributes = sub});
  list.push_back({.name = "scalar_left", .inputs = {{1}, {5, 19}}, .attributes = sub});
  list.push_back({.name = "last_axis", .inputs = {{7, 3, 33}, {33}}, .attributes = add});
  list.push_back({.name = "last_axis_left", .inputs = {{33}, {7, 3, 33}}, .attributes = sub});
  list.push_back({.name = "leading", .inputs = {{2, 5, 17}, {5, 17}}, .attributes = sub});
  list.push_back({.name = "channel_gate", .inputs = {{2, 9, 7, 24}, {2, 1, 1, 24}}, .attributes = mul});
  list.push_back({.name = "channel_planar", .inputs = {{2, 5, 9, 7}, {5, 1, 1}}, .attributes = mul});
  list.push_back({.name = "one_channel", .inputs = {{1, 5, 6, 1}, {1, 5, 6, 1}}, .attributes = sub});
  list.push_back({.name = "outer", .inputs = {{5, 1, 7}, {1, 9, 1}}, .attributes = sub});
  list.push_back({.name = "column", .inputs = {{6, 31}, {6, 1}}, .attributes = attributes({{"function", "div"}})});
  list.push_back({.name = "both_broadcast", .inputs = {{4, 1, 3, 1, 5}, {2, 1, 8, 5}}, .attributes = sub});
  list.push_back({.name = "large", .inputs = {{1, 33, 40, 48}, {1, 33, 40, 48}}, .attributes = add});
  list.push_back({.name = "large_gate", .inputs = {{1, 33, 40, 47}, {1, 1, 1, 47}}, .attributes = mul});
  list.push_back({.name = "pow_square",
                  .inputs = {{4, 21}, {}},
                  .attributes = attributes({{"function", "pow"}}),
                  .constants = {{1, {2}}}});
  list.push_back({.name = "pow_root",
                  .inputs = {{4, 21}, {1}},
                  .attributes = attributes({{"function", "pow"}}),
                  .constants = {{1, {0.5}}}});
  list.push_back({.name = "pow_cube",
                  .inputs = {{4, 21}, {}},
                  .attributes = attributes({{"function", "pow"}}),
                  .dtypes = {DataType::float32, DataType::int64},
                  .constants = {{1, {3}}}});
  list.push_back({.name = "pow",
                  .inputs = {{5}, {5}},
                  .attributes = attributes({{"function", "pow"}}),
                  .constants = {{0, {2, 0.5, -2, 0, 3}}, {1, {-1.5, 3, 3, 0, 0.25}}}});
  for (const char* f : {"mod", "fmod"})
    list.push_back({.name = f,
                    .inputs = {{6}, {6}},
                    .attributes = attributes({{"function", f}}),
                    .constants = {{0, {7.5, -7.5, 7.5, -7.5, 1, 0}}, {1, {2, 2, -2, -2, 3, 5}}}});
  for (const char* f : {"and", "xor"})
    list.push_back({.name = f,
                    .inputs = {{3, 1, 9}, {4, 9}},
                    .attributes = attributes({{"function", f}}),
                    .dtypes = {DataType::boolean, DataType::boolean}});
  for (const char* f : {"sub", "min", "mod", "less_equal"})
    list.push_back({.name = f,
                    .inputs = {{3, 11}, {11}},
                    .attributes = attributes({{"function", f}}),
                    .dtypes = {DataType::int64, DataType::int64}});
  for (const char* f : {"bitshift_right", "bitwise_xor"})
    list.push_back({.name = f,
                    .inputs = {{3, 11}, {11}},
                    .attributes = attributes({{"function", f}}),
                    .dtypes = {DataType::uint8, DataType::uint8}});
  list.push_back({.name = "empty", .inputs = {{0, 3}, {3}}, .attributes = add});
  list.push_back(
      {.name = "int64", .inputs = {{4, 5}, {5}}, .attributes = mul, .dtypes = {DataType::int64, DataType::int64}});
  list.push_back({.name = "int32_div",
                  .inputs = {{40}, {1}},
                  .attributes = attributes({{"function", "div"}}),
                  .dtypes = {DataType::int32, DataType::int32}});
  return list;
}

}  // namespace vireo::ops
