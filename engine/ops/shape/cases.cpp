#include "engine/ops/cases.h"

namespace vireo::ops {

std::vector<Case> shape_cases() {
  return {{.name = "all", .inputs = {{2, 3, 4}}},
          {.name = "part", .inputs = {{2, 3, 4}}, .attributes = attributes({{"start", -2}, {"end", 100}})},
          {.name = "scalar", .inputs = {{}}}};
}

}  // namespace vireo::ops
