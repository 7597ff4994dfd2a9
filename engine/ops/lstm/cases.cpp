#include "engine/ops/cases.h"

namespace vireo::ops {

std::vector<Case> lstm_cases() {
  return {{.name = "forward",
           .inputs = {{5, 2, 7}, {1, 12, 7}, {1, 12, 3}, {1, 24}},
           .attributes = attributes({{"hidden_size", 3}}),
           .outputs = 3},
          {.name = "both",
           .inputs = {{4, 1, 9}, {2, 20, 9}, {2, 20, 5}, {2, 40}},
           .attributes = attributes({{"hidden_size", 5}, {"direction", "bidirectional"}}),
           .outputs = 3},
          {.name = "batch",
           .inputs = {{3, 7, 16}, {2, 192, 16}, {2, 192, 48}, {2, 384}},
           .attributes = attributes({{"hidden_size", 48}, {"direction", "bidirectional"}}),
           .outputs = 3},
          {.name = "batch_first",
           .inputs = {{2, 6, 16}, {1, 64, 16}, {1, 64, 16}, {1, 128}},
           .attributes = attributes({{"hidden_size", 16}, {"layout", 1}, {"direction", "reverse"}}),
           .outputs = 3}};
}

}  // namespace vireo::ops
