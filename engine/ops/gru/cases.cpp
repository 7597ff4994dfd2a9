#include "engine/ops/cases.h"

namespace vireo::ops {

std::vector<Case> gru_cases() {
  return {{.name = "forward",
           .inputs = {{5, 2, 7}, {1, 9, 7}, {1, 9, 3}, {1, 18}},
           .attributes = attributes({{"hidden_size", 3}}),
           .outputs = 2},
          {.name = "linear",
           .inputs = {{4, 1, 9}, {2, 15, 9}, {2, 15, 5}, {2, 30}},
           .attributes = attributes({{"hidden_size", 5}, {"direction", "bidirectional"}, {"linear_before_reset", 1}}),
           .outputs = 2}};
}

}  // namespace vireo::ops
