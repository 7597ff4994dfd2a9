#include "engine/ops/cases.h"

namespace vireo::ops {

std::vector<Case> pairwise_probabilities_cases() {
  return {{.name = "three classes",
           .inputs = {{2, 3}},
           .attributes = attributes({{"classes", 3}}),
           .constants = {{0, {0.9, 0.8, 0.5, 0.1, 0.5, 0.75}}}},
          {.name = "two classes",
           .inputs = {{3, 1}},
           .attributes = attributes({{"classes", 2}}),
           .dtypes = {DataType::float64},
           .constants = {{0, {0.25, 0.5, 1 - 1e-7}}}},
          {.name = "nothing", .inputs = {{0, 3}}, .attributes = attributes({{"classes", 3}})}};
}

}  // namespace vireo::ops
