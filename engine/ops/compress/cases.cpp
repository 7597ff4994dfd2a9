#include "engine/ops/cases.h"

namespace vireo::ops {

std::vector<Case> compress_cases() {
  const std::vector<DataType> types{DataType::float32, DataType::boolean};
  return {{.name = "rows",
           .inputs = {{3, 2}, {3}},
           .attributes = attributes({{"axis", 0}}),
           .dtypes = types,
           .constants = {{1, {0, 1, 1}}}},
          {.name = "flat", .inputs = {{3, 2}, {5}}, .dtypes = types, .constants = {{1, {0, 1, 0, 0, 1}}}}};
}

}  // namespace vireo::ops
