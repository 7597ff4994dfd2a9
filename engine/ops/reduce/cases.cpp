#include "engine/ops/cases.h"

namespace vireo::ops {

std::vector<Case> reduce_cases() {
  std::vector<Case> list;
  const std::vector<DataType> types{DataType::float32, DataType::int64};
  for (const char* m : {"sum", "mean", "max", "min", "prod", "l1", "l2", "log_sum_exp", "sum_square"}) {
    list.push_back({.name = m,
                    .inputs = {{3, 5, 7}, {1}},
                    .attributes = attributes({{"mode", m}}),
                    .dtypes = types,
                    .constants = {{1, {1}}}});
    list.push_back({.name = m,
                    .inputs = {{9, 37}, {1}},
                    .attributes = attributes({{"mode", m}, {"keepdims", 0}}),
                    .dtypes = types,
                    .constants = {{1, {-1}}}});
  }
  const Attributes mean = attributes({{"mode", "mean"}}), max = attributes({{"mode", "max"}, {"keepdims", 0}});
  list.push_back({.name = "spatial_nhwc",
                  .inputs = {{2, 7, 9, 37}, {2}},
                  .attributes = mean,
                  .dtypes = types,
                  .constants = {{1, {1, 2}}}});
  list.push_back({.name = "spatial_nchw",
                  .inputs = {{2, 5, 7, 9}, {2}},
                  .attributes = mean,
                  .dtypes = types,
                  .constants = {{1, {2, 3}}}});
  list.push_back({.name = "spatial_large",
                  .inputs = {{1, 40, 40, 64}, {2}},
                  .attributes = mean,
                  .dtypes = types,
                  .constants = {{1, {1, 2}}}});
  list.push_back({.name = "norm_of_all", .inputs = {{2, 3, 1100}}, .attributes = attributes({{"mode", "l2"}})});
  list.push_back({.name = "all", .inputs = {{3, 4, 5}}, .attributes = max});
  list.push_back(
      {.name = "mixed", .inputs = {{3, 4, 5, 6}, {2}}, .attributes = max, .dtypes = types, .constants = {{1, {0, 2}}}});
  list.push_back(
      {.name = "first", .inputs = {{11, 19}, {1}}, .attributes = max, .dtypes = types, .constants = {{1, {0}}}});
  list.push_back(
      {.name = "scores", .inputs = {{1, 500, 80}, {1}}, .attributes = max, .dtypes = types, .constants = {{1, {-1}}}});
  list.push_back({.name = "int64",
                  .inputs = {{3, 4}, {1}},
                  .attributes = max,
                  .dtypes = {DataType::int64, DataType::int64},
                  .constants = {{1, {1}}}});
  return list;
}

}  // namespace vireo::ops
