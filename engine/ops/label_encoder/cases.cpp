#include <cmath>

#include "engine/ops/cases.h"

namespace vireo::ops {

std::vector<Case> label_encoder_cases() {
  const DataType s = DataType::string, i = DataType::int64, f = DataType::float32;
  return {{.name = "texts to numbers",
           .inputs = {{3, 7}, {4}, {4}, {1}},
           .dtypes = {s, s, i, i},
           .constants = {{1, {1, 2, 3, 5}}}},
          {.name = "numbers to texts",
           .inputs = {{5000}, {3}, {3}, {1}},
           .dtypes = {i, i, s, s},
           .constants = {{1, {-1, 0, 4}}}},
          {.name = "a key twice, and NaN",
           .inputs = {{6}, {4}, {4}, {1}},
           .dtypes = {f, f, f, f},
           .constants = {{0, {1, 2, NAN, -0.0, 3, 1}}, {1, {1, 0, NAN, 1}}}},
          {.name = "every element has a key",
           .inputs = {{4}, {2}, {2}},
           .dtypes = {i, i, DataType::boolean},
           .constants = {{0, {7, 8, 8, 7}}, {1, {7, 8}}}},
          {.name = "no keys", .inputs = {{4}, {0}, {0}, {1}}, .dtypes = {i, i, DataType::uint8, DataType::uint8}},
          {.name = "nothing", .inputs = {{0, 3}, {1}, {1}, {1}}, .dtypes = {i, i, i, i}}};
}

}  // namespace vireo::ops
