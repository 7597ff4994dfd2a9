#include "engine/ops/cases.h"

namespace vireo::ops {

std::vector<Case> layer_norm_cases() {
  return {{.name = "last", .inputs = {{5, 7, 37}, {37}, {37}}},
          {.name = "no_bias", .inputs = {{9, 64}, {64}}},
          {.name = "two_axes", .inputs = {{5, 7, 9}, {7, 9}, {7, 9}}, .attributes = attributes({{"axis", 1}})},
          {.name = "statistics", .inputs = {{4, 6}, {6}, {6}}, .outputs = 3},
          {.name = "tokens", .inputs = {{1, 197, 192}, {192}, {192}}, .attributes = attributes({{"epsilon", 1e-6}})}};
}

}  // namespace vireo::ops
