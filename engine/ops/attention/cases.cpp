#include <cmath>

#include "engine/ops/cases.h"

namespace vireo::ops {

std::vector<Case> attention_cases() {
  return {{.name = "plain", .inputs = {{2, 3, 5, 8}, {2, 3, 7, 8}, {2, 3, 7, 6}}},
          {.name = "masked",
           .inputs = {{1, 2, 4, 8}, {1, 2, 6, 8}, {1, 2, 6, 8}, {4, 6}},
           .attributes = attributes({{"scale", 0.25}})},
          {.name = "causal",
           .inputs = {{1, 2, 9, 8}, {1, 2, 9, 8}, {1, 2, 9, 8}},
           .attributes = attributes({{"is_causal", 1}})},
          {.name = "grouped", .inputs = {{1, 6, 9, 16}, {1, 2, 9, 16}, {1, 2, 9, 16}}},
          {.name = "hidden row",
           .inputs = {{1, 1, 2, 4}, {1, 1, 3, 4}, {1, 1, 3, 4}, {2, 3}},
           .constants = {{3, {-INFINITY, -INFINITY, -INFINITY, 0, -INFINITY, 1}}}},
          {.name = "masks of heads", .inputs = {{3, 2, 17, 8}, {3, 2, 18, 8}, {3, 2, 18, 5}, {1, 2, 1, 18}}},
          {.name = "windows", .inputs = {{12, 3, 49, 32}, {12, 3, 49, 32}, {12, 3, 49, 32}, {3, 49, 49}}},
          {.name = "flat",
           .inputs = {{2, 19, 24}, {2, 33, 24}, {2, 33, 15}},
           .attributes = attributes({{"q_num_heads", 3}, {"kv_num_heads", 3}, {"scale", 0.3}})},
          {.name = "flat grouped",
           .inputs = {{2, 31, 32}, {2, 31, 16}, {2, 31, 20}, {31, 31}},
           .attributes = attributes({{"q_num_heads", 4}, {"kv_num_heads", 2}})},
          {.name = "one query", .inputs = {{1, 2, 1, 7}, {1, 2, 65, 7}, {1, 2, 65, 9}}},
          {.name = "many keys", .inputs = {{1, 1, 3, 6}, {1, 1, 5003, 6}, {1, 1, 5003, 6}}},
          {.name = "capped, hidden by a mask",
           .inputs = {{2, 2, 21, 80}, {2, 1, 35, 80}, {2, 1, 35, 70}, {2, 1, 21, 35}},
           .attributes = attributes({{"softcap", 3.0}}),
           .dtypes = {DataType::float32, DataType::float32, DataType::float32, DataType::boolean}},
          {.name = "flat tokens",
           .inputs = {{2, 70, 96}, {2, 70, 96}, {2, 70, 96}},
           .attributes = attributes({{"q_num_heads", 3}, {"kv_num_heads", 3}, {"is_causal", 1}})},
          {.name = "wide heads", .inputs = {{1, 2, 33, 128}, {1, 1, 130, 128}, {1, 1, 130, 48}}},
          {.name = "tokens", .inputs = {{1, 3, 197, 64}, {1, 3, 197, 64}, {1, 3, 197, 64}}}};
}

}  // namespace vireo::ops
