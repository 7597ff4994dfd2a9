#include "engine/ops/cases.h"

namespace vireo::ops {

std::vector<Case> slice_cases() {
  const DataType i = DataType::int64;
  const std::vector<DataType> types{DataType::float32, i, i, i, i};
  return {{.name = "rows", .inputs = {{9, 5}, {1}, {1}}, .dtypes = types, .constants = {{1, {2}}, {2, {-1}}}},
          {.name = "stride",
           .inputs = {{2, 3, 16, 17}, {2}, {2}, {2}, {2}},
           .dtypes = types,
           .constants = {{1, {0, 1}}, {2, {1e9, 1e9}}, {3, {2, 3}}, {4, {2, 2}}}},
          {.name = "backwards",
           .inputs = {{7, 6}, {2}, {2}, {2}, {2}},
           .dtypes = types,
           .constants = {{1, {-1, 4}}, {2, {-100, 0}}, {3, {0, 1}}, {4, {-1, -2}}}},
          {.name = "last",
           .inputs = {{40, 40, 85}, {1}, {1}, {1}},
           .dtypes = types,
           .constants = {{1, {5}}, {2, {85}}, {3, {-1}}}},
          {.name = "empty", .inputs = {{4, 4}, {1}, {1}}, .dtypes = types, .constants = {{1, {3}}, {2, {1}}}},
          {.name = "channels",
           .inputs = {{1, 24, 20, 20}, {1}, {1}, {1}},
           .dtypes = types,
           .constants = {{1, {12}}, {2, {24}}, {3, {1}}}},
          {.name = "bytes",
           .inputs = {{4, 9}, {1}, {1}, {1}},
           .dtypes = {DataType::uint8, i, i, i},
           .constants = {{1, {1}}, {2, {8}}, {3, {1}}}}};
}

}  // namespace vireo::ops
