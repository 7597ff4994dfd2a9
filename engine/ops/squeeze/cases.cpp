#include "engine/ops/cases.h"

namespace vireo::ops {

std::vector<Case> squeeze_cases() {
  return {{.name = "all", .inputs = {{1, 3, 1, 5}}},
          {.name = "axes",
           .inputs = {{1, 3, 1, 5}, {1}},
           .dtypes = {DataType::float32, DataType::int64},
           .constants = {{1, {-2}}}}};
}

}  // namespace vireo::ops
