#include "engine/ops/cases.h"

namespace vireo::ops {

std::vector<Case> gather_cases() {
  const DataType f = DataType::float32, i = DataType::int64;
  return {{.name = "rows", .inputs = {{9, 33}, {4}}, .dtypes = {f, i}, .constants = {{1, {0, 8, -1, 3}}}},
          {.name = "axis1",
           .inputs = {{3, 5, 7}, {2, 2}},
           .attributes = attributes({{"axis", 1}}),
           .dtypes = {f, i},
           .constants = {{1, {4, 0, 1, -5}}}},
          {.name = "last",
           .inputs = {{6, 4}, {3}},
           .attributes = attributes({{"axis", -1}}),
           .dtypes = {f, i},
           .constants = {{1, {2, 1, 0}}}},
          {.name = "scalar_index", .inputs = {{5}, {}}, .dtypes = {i, i}, .constants = {{1, {3}}}},
          {.name = "bytes",
           .inputs = {{300, 2}, {3}},
           .dtypes = {DataType::uint8, DataType::int32},
           .constants = {{1, {299, 1, -300}}}},
          {.name = "embedding", .inputs = {{50, 192}, {2, 70}}, .dtypes = {f, i}}};
}

}  // namespace vireo::ops
