#include "engine/ops/cases.h"

namespace vireo::ops {

std::vector<Case> rnn_cases() {
  return {{.name = "forward",
           .inputs = {{5, 2, 7}, {1, 3, 7}, {1, 3, 3}, {1, 6}},
           .attributes = attributes({{"hidden_size", 3}}),
           .outputs = 2},
          {.name = "reverse",
           .inputs = {{4, 1, 9}, {1, 5, 9}, {1, 5, 5}},
           .attributes = attributes({{"hidden_size", 5}, {"direction", "reverse"}, {"activations", "Relu"}}),
           .outputs = 2}};
}

}  // namespace vireo::ops
