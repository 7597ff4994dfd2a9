#include "engine/ops/cases.h"

namespace vireo::ops {

std::vector<Case> random_cases() {
  const std::vector<DataType> types{DataType::int64};
  return {{.name = "uniform",
           .inputs = {{2}},
           .attributes = attributes({{"low", -1.0}, {"high", 3.0}, {"seed", 7}}),
           .dtypes = types,
           .constants = {{0, {3, 5}}}},
          {.name = "normal",
           .inputs = {{3}},
           .attributes = attributes({{"distribution", "normal"}, {"dtype", "float64"}, {"mean", 1.0}, {"scale", 0.5}}),
           .dtypes = types,
           .constants = {{0, {2, 1, 4}}}},
          {.name = "many rows",
           .inputs = {{3}},
           .attributes = attributes({{"distribution", "normal"}, {"seed", -5}}),
           .dtypes = types,
           .constants = {{0, {7, 3, 601}}}},
          {.name = "nothing", .inputs = {{1}}, .dtypes = types, .constants = {{0, {0}}}},
          {.name = "one number", .inputs = {{0}}, .dtypes = types}};
}

}  // namespace vireo::ops
