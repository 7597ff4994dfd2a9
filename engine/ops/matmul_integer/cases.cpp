#include "engine/ops/cases.h"

namespace vireo::ops {

std::vector<Case> matmul_integer_cases() {
  const DataType u8 = DataType::uint8, s8 = DataType::int8;
  std::vector<Case> list{
      {.name = "plain", .inputs = {{3, 7}, {7, 5}}, .dtypes = {u8, s8}},
      {.name = "zero_points", .inputs = {{13, 33}, {33, 35}, {}, {}}, .dtypes = {u8, s8, u8, s8}},
      {.name = "rows_and_columns", .inputs = {{25, 18}, {18, 67}, {25}, {67}}, .dtypes = {s8, u8, s8, u8}},
      {.name = "signed_both", .inputs = {{12, 64}, {64, 32}, {1}, {32}}, .dtypes = {s8, s8, s8, s8}},
      {.name = "unsigned_both", .inputs = {{5, 31}, {31, 100}, {}, {1}}, .dtypes = {u8, u8, u8, u8}},
      {.name = "one_row", .inputs = {{1, 129}, {129, 70}, {}}, .dtypes = {u8, s8, u8}},
      {.name = "batch", .inputs = {{2, 3, 5, 9}, {2, 1, 9, 17}, {}}, .dtypes = {u8, u8, u8}},
      {.name = "shared_weights", .inputs = {{4, 6, 20}, {20, 40}, {}, {40}}, .dtypes = {u8, s8, u8, s8}},
      {.name = "vectors", .inputs = {{9}, {9}}, .dtypes = {u8, s8}},
      {.name = "vector_and_matrix", .inputs = {{9}, {2, 9, 4}, {}}, .dtypes = {s8, s8, s8}},
      {.name = "matrix_and_vector", .inputs = {{3, 9}, {9}, {3}}, .dtypes = {s8, u8, s8}},
      {.name = "empty_sum", .inputs = {{3, 0}, {0, 5}}, .dtypes = {u8, s8}},
      {.name = "many_tiles", .inputs = {{130, 70}, {70, 300}, {}, {300}}, .dtypes = {u8, s8, u8, s8}}};
  Case constant{.name = "known_weights", .inputs = {{7, 21}, {21, 45}, {}, {45}}, .dtypes = {u8, s8, u8, s8}};
  for (int i = 0; i < 21 * 45; ++i) constant.constants[1].push_back(i * 37 % 256 - 128);
  for (int i = 0; i < 45; ++i) constant.constants[3].push_back(i % 11 - 5);
  list.push_back(constant);
  Case extreme{.name = "extremes", .inputs = {{2, 300}, {300, 33}, {}, {}}, .dtypes = {u8, s8, u8, s8}};
  extreme.constants = {{0, Reals(600, 255)}, {1, Reals(9900, -128)}, {2, {0}}, {3, {127}}};
  list.push_back(extreme);
  return list;
}

}  // namespace vireo::ops
