#include "engine/ops/cases.h"

namespace vireo::ops {

std::vector<Case> linear_attention_cases() {
  const auto rule = [](const char* name, std::int64_t heads, std::int64_t key_heads) {
    return attributes({{"update_rule", name}, {"q_num_heads", heads}, {"kv_num_heads", key_heads}, {"scale", 0.01}});
  };
  // Keys and values are small, or states would grow beyond what tolerances are made for.
  const std::vector<double> rates{0.5, 0.25, 0.75, 1, 0, 0.5}, decays(6, -0.5);
  const auto small = [](std::size_t count) {
    std::vector<double> values(count);
    for (std::size_t i = 0; i < count; ++i) values[i] = static_cast<double>(i * 7 % 11) * 0.05 - 0.25;
    return values;
  };
  return {{.name = "linear",
           .inputs = {{2, 3, 16}, {2, 3, 16}, {2, 3, 22}},
           .attributes = rule("linear", 2, 2),
           .outputs = 2},
          {.name = "gated, grouped",
           .inputs = {{1, 4, 32}, {1, 4, 16}, {1, 4, 34}, {1, 2, 8, 17}, {1, 4, 2}},
           .attributes = rule("gated", 4, 2),
           .constants = {{4, {-0.5, -1, -0.25, -2, -0.125, -3, 0, -1}}},
           .outputs = 2},
          {.name = "gated by rows",
           .inputs = {{1, 2, 6}, {1, 2, 6}, {1, 2, 4}, {1, 2, 3, 2}, {1, 2, 6}},
           .attributes = rule("gated", 2, 2),
           .constants = {{4, small(12)}}},
          {.name = "gated delta",
           .inputs = {{2, 3, 8}, {2, 3, 8}, {2, 3, 5}, {2, 1, 8, 5}, {2, 3, 1}, {2, 3, 1}},
           .attributes = rule("gated_delta", 1, 1),
           .constants = {{1, small(48)}, {4, decays}, {5, rates}},
           .outputs = 2},
          {.name = "gated delta, a rate for all heads",
           .inputs = {{1, 3, 12}, {1, 3, 12}, {1, 3, 40}, {1, 2, 6, 20}, {1, 3, 12}, {1, 3, 1}},
           .attributes = rule("gated_delta", 2, 2),
           .constants = {{1, small(36)}, {4, small(36)}, {5, {0.5, 0.25, 1}}},
           .outputs = 2}};
}

}  // namespace vireo::ops
