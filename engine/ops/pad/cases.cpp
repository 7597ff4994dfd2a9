#include "engine/ops/cases.h"

namespace vireo::ops {

std::vector<Case> pad_cases() {
  const std::vector<DataType> types{DataType::float32, DataType::int64};
  const auto mode = [](const char* m) { return attributes({{"mode", m}}); };
  return {
      {.name = "constant",
       .inputs = {{2, 3, 5, 7}, {8}, {}},
       .dtypes = types,
       .constants = {{1, {0, 0, 1, 2, 0, 0, 3, 0}}, {2, {1.5}}}},
      {.name = "nhwc", .inputs = {{1, 9, 9, 16}, {8}}, .dtypes = types, .constants = {{1, {0, 1, 1, 0, 0, 1, 1, 0}}}},
      {.name = "channels",
       .inputs = {{1, 6, 6, 16}, {8}},
       .dtypes = types,
       .constants = {{1, {0, 0, 0, 0, 0, 0, 0, 16}}}},
      {.name = "crop", .inputs = {{4, 6}, {4}}, .dtypes = types, .constants = {{1, {-1, 2, 1, -3}}}},
      {.name = "reflect",
       .inputs = {{2, 5, 4}, {6}},
       .attributes = mode("reflect"),
       .dtypes = types,
       .constants = {{1, {0, 2, 3, 0, 4, 1}}}},
      {.name = "edge",
       .inputs = {{2, 5, 4}, {6}},
       .attributes = mode("edge"),
       .dtypes = types,
       .constants = {{1, {1, 2, 3, 0, 4, 1}}}},
      {.name = "wrap",
       .inputs = {{5, 4}, {4}},
       .attributes = mode("wrap"),
       .dtypes = types,
       .constants = {{1, {1, 2, 6, 0}}}},
      {.name = "reflect more than once, cut at the end",
       .inputs = {{3, 4}, {4}},
       .attributes = mode("reflect"),
       .dtypes = {DataType::int8, DataType::int64},
       .constants = {{1, {5, 9, -1, -2}}}},
      {.name = "edge of a long row",
       .inputs = {{1, 70000}, {2}, {}, {1}},
       .attributes = mode("edge"),
       .dtypes = {DataType::float32, DataType::int64, DataType::float32, DataType::int64},
       .constants = {{1, {200, 300}}, {3, {-1}}}}};
}

}  // namespace vireo::ops
