#include "engine/ops/cases.h"

namespace vireo::ops {

namespace {

/// As many values between -1 and 1.
std::vector<double> gru_weights(std::size_t count) {
  std::vector<double> values(count);
  for (std::size_t i = 0; i < count; ++i) values[i] = static_cast<double>(i * 37 % 101) / 50.0 - 1.0;
  return values;
}

}  // namespace

std::vector<Case> gru_cases() {
  return {{.name = "forward",
           .inputs = {{5, 2, 7}, {1, 9, 7}, {1, 9, 3}, {1, 18}},
           .attributes = attributes({{"hidden_size", 3}}),
           .outputs = 2},
          {.name = "linear",
           .inputs = {{4, 1, 9}, {2, 15, 9}, {2, 15, 5}, {2, 30}},
           .attributes = attributes({{"hidden_size", 5}, {"direction", "bidirectional"}, {"linear_before_reset", 1}}),
           .outputs = 2},
          {.name = "known weights",
           .inputs = {{3, 2, 6}, {1, 57, 6}, {1, 57, 19}, {1, 114}},
           .attributes = attributes({{"hidden_size", 19}, {"layout", 1}}),
           .constants = {{1, gru_weights(342)}, {2, gru_weights(1083)}, {3, gru_weights(114)}},
           .outputs = 2}};
}

}  // namespace vireo::ops
