#include "engine/ops/cases.h"

namespace vireo::ops {

std::vector<Case> unsqueeze_cases() {
  const std::vector<DataType> types{DataType::float32, DataType::int64};
  return {{.name = "ends", .inputs = {{3, 5}, {2}}, .dtypes = types, .constants = {{1, {0, -1}}}},
          {.name = "scalar", .inputs = {{}, {1}}, .dtypes = types, .constants = {{1, {0}}}}};
}

}  // namespace vireo::ops
