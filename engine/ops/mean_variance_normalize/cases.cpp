#include "engine/ops/cases.h"

namespace vireo::ops {

std::vector<Case> mean_variance_normalize_cases() {
  return {{.name = "default", .inputs = {{2, 3, 4, 5}}},
          {.name = "spatial", .inputs = {{2, 3, 4, 5}}, .attributes = attributes({{"axes", Ints{2, 3}}})}};
}

}  // namespace vireo::ops
