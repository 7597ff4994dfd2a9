#include "engine/ops/cases.h"

namespace vireo::ops {

namespace {

/// As many values between -1 and 1.
std::vector<double> lstm_weights(std::size_t count) {
  std::vector<double> values(count);
  for (std::size_t i = 0; i < count; ++i) values[i] = static_cast<double>(i * 37 % 101) / 50.0 - 1.0;
  return values;
}

}  // namespace

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
           .outputs = 3},
          {.name = "known weights",
           .inputs = {{3, 2, 6}, {1, 76, 6}, {1, 76, 19}, {1, 152}},
           .attributes = attributes({{"hidden_size", 19}, {"layout", 1}}),
           .constants = {{1, lstm_weights(456)}, {2, lstm_weights(1444)}, {3, lstm_weights(152)}},
           .outputs = 3}};
}

}  // namespace vireo::ops
