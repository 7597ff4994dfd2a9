#include "engine/ops/cases.h"

namespace vireo::ops {

std::vector<Case> batch_norm_cases() {
  return {{.name = "nchw", .inputs = {{2, 5, 4, 7}, {5}, {5}, {5}, {5}}, .constants = {{4, {0.5, 1, 2, 0.25, 3}}}},
          {.name = "nhwc",
           .inputs = {{2, 4, 7, 19}, {19}, {19}, {19}, {19}},
           .attributes = attributes({{"axis", 3}, {"epsilon", 2.0}})},
          {.name = "matrix", .inputs = {{3, 4}, {4}, {4}, {4}, {4}}, .attributes = attributes({{"epsilon", 2.0}})}};
}

}  // namespace vireo::ops
