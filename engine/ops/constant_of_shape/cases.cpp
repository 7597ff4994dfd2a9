#include "engine/ops/cases.h"

namespace vireo::ops {

std::vector<Case> constant_of_shape_cases() {
  return {{.name = "ones",
           .inputs = {{2}},
           .attributes = attributes({{"value", 1.0}}),
           .dtypes = {DataType::int64},
           .constants = {{0, {3, 5}}}},
          {.name = "int64",
           .inputs = {{1}},
           .attributes = attributes({{"value", -7.0}, {"dtype", "int64"}}),
           .dtypes = {DataType::int64},
           .constants = {{0, {4}}}}};
}

}  // namespace vireo::ops
