#include "engine/ops/cases.h"

namespace vireo::ops {

std::vector<Case> affine_grid_cases() {
  const std::vector<DataType> types{DataType::float32, DataType::int64};
  return {{.name = "plane", .inputs = {{2, 2, 3}, {4}}, .dtypes = types, .constants = {{1, {2, 3, 5, 6}}}},
          {.name = "volume",
           .inputs = {{1, 3, 4}, {5}},
           .attributes = attributes({{"align_corners", 1}}),
           .dtypes = types,
           .constants = {{1, {1, 2, 3, 4, 5}}}}};
}

}  // namespace vireo::ops
